import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from fraud_post_auth import tables
from fraud_shared.state.bus import Envelope
from fraud_shared.testing.factories import NOON


def bodies(*events):
    return [event.model_dump(mode="json", exclude_none=True) for event in events]


class TestEvents:
    async def test_batch_is_applied_when_204_is_there(self, world, decided, labelled):
        async with world.http() as http:
            batch = bodies(decided(1), labelled(1), decided(1))
            for _ in range(3):
                reply = await http.post("/v1/events", json=batch)
                assert reply.status_code == 204
            profile = (await http.get("/profile/acc-1?tenant=shop")).json()
            assert profile["payments"] == 1
            assert profile["labels"]["fraud"] == 1
            assert profile["currencies"][0]["sum_minor"] == 4_250

    async def test_what_is_no_event_is_parked_beside_good_ones(self, world, decided):
        async with world.http() as http:
            batch = [{"id": "x", "type": "y"}, *bodies(decided(1))]
            assert (await http.post("/v1/events", json=batch)).status_code == 204
            (parked,) = (await http.get("/v1/parked")).json()["items"]
            assert parked["reason"] == "no_cloud_event"
            assert (await http.get("/profile/acc-1?tenant=shop")).json()[
                "payments"
            ] == 1
            path = f"/v1/parked/{parked['parked_id']}/replay"
            assert (await http.post(path)).status_code == 422
            fixed = await http.post(path, json=bodies(decided(2))[0])
            assert fixed.status_code == 200
            assert (await http.get("/profile/acc-1?tenant=shop")).json()[
                "payments"
            ] == 2

    async def test_body_that_is_no_json_is_refused(self, world):
        async with world.http() as http:
            reply = await http.post("/v1/events", content=b"[{")
            assert reply.status_code in (400, 422)

    async def test_two_hundred_decisions_fit_in_one_batch(self, world, decided):
        async with world.http() as http:
            batch = bodies(*(decided(n) for n in range(200)))
            assert (await http.post("/v1/events", json=batch)).status_code == 204
            assert (await http.get("/profile/acc-1?tenant=shop")).json()[
                "payments"
            ] == 200


class TestDatasets:
    async def test_export_and_list(self, world, decided):
        async with world.http() as http:
            empty = await http.post("/v1/datasets/export")
            assert empty.status_code == 409
            await http.post("/v1/events", json=bodies(decided(1)))
            as_of = (NOON + timedelta(days=30)).isoformat()
            made = await http.post("/v1/datasets/export", json={"as_of": as_of})
            assert made.json()["rows"] == 1
            listed = (await http.get("/v1/datasets")).json()["items"]
            assert made.json() in listed

    async def test_rows_of_a_day_come_in_pages_and_lines(self, world, decided):
        async with world.http() as http:
            await http.post("/v1/events", json=bodies(*(decided(n) for n in range(3))))
            as_of = (NOON + timedelta(days=30)).isoformat()
            await http.post("/v1/datasets/export", json={"as_of": as_of})
            path = f"/v1/datasets/{NOON:%Y-%m-%d}"
            first = (await http.get(path, params={"limit": 2})).json()
            query = {"limit": 2, "cursor": first["next_cursor"]}
            last = (await http.get(path, params=query)).json()
            assert (len(first["items"]), len(last["items"])) == (2, 1)
            assert last["next_cursor"] is None
            lines = await http.get(path, headers={"accept": "application/x-ndjson"})
            rows = [json.loads(line) for line in lines.text.splitlines()]
            assert rows == first["items"] + last["items"]
            assert (await http.get("/v1/datasets/2001-01-01")).status_code == 404

    @pytest.mark.parametrize(
        ("body", "kept"),
        [
            (b'{"half":', b'{"half":'),
            (b"\xff\x00", b"\xff\x00"),
            (b'{"id": "card 4111 1111 1111 1111"}', b'{"id":"card [masked]"}'),
            (b'{"pan":"4111111111111111"', b'{"pan":"[masked]"'),
        ],
        ids=["cut off", "no text", "card in JSON", "card in text"],
    )
    async def test_bytes_from_the_broker_are_kept_as_they_came_but_for_cards(
        self, world, body, kept
    ):
        async with world.service() as service:
            for trace in ("00-ab-cd-01", "\x00"):
                received = Envelope("e-1", "t\x00", body, trace)
                await service.parking.keep_bytes(received, "no_cloud_event")
            async with service.db.read() as conn:
                (row,) = (await conn.execute(sa.select(tables.parked))).all()
        assert (row.body, row.reason) == (kept, "no_cloud_event")
        assert (row.event_id, row.event_type) == ("e-1", None)
        assert row.traceparent == "00-ab-cd-01"

    async def test_a_parked_event_is_shown_with_what_it_says(self, world):
        async with world.http() as http:
            await http.post("/v1/events", json=[{"id": "x"}])
            (parked,) = (await http.get("/v1/parked")).json()["items"]
            shown = (await http.get(f"/v1/parked/{parked['parked_id']}")).json()
            assert shown == {**parked, "document": {"id": "x"}}
            assert (await http.get("/v1/parked/none")).status_code == 404


class TestEdges:
    async def test_unknown_account_is_not_found(self, world):
        async with world.http() as http:
            assert (await http.get("/profile/nobody?tenant=shop")).status_code == 404

    @pytest.mark.parametrize("path", ["/profile/a", "/v1/datasets", "/v1/parked"])
    async def test_nothing_without_a_service_token(self, world, path):
        async with world.http() as http:
            http.headers.pop("authorization")
            assert (await http.get(path)).status_code == 401
            assert (await http.post("/v1/events", json=[])).status_code == 401

    async def test_reprojection_counts_labels(self, world, labelled):
        async with world.http() as http:
            await http.post("/v1/events", json=bodies(labelled(1)))
            reply = await http.post("/v1/labels/reproject")
            assert reply.json() == {"labels": 1}
