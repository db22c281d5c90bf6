"""Feeds of labels and payment events, and payments asked about again."""

from typing import Any

import pytest

from fraud_shared.testing.factories import NOON, payment_body


def dispute(**fields: Any) -> dict[str, Any]:
    return {"transaction_id": "tx-1", "reported_at": NOON.isoformat(), **fields}


def data(run: Any, family: str) -> list[dict[str, Any]]:
    return [e["data"] for e in run.neighbours.events if e["type"].startswith(family)]


class TestLabels:
    async def test_scheme_report_is_kept_in_its_words(self, start: Any) -> None:
        payment = payment_body()
        body = dispute(
            event="chargeback", reason_code="13.1", scheme="visa", reference="case-7"
        ) | {"transaction_id": payment["transaction_id"]}
        async with start() as run:
            decision = (await run.score(payment)).json()["decision_id"]
            reply = await run.http.post("/v1/labels", json=body)
            again = await run.http.post("/v1/labels", json=body)
            stored = (await run.http.get(f"/v1/decisions/{decision}")).json()
        assert reply.json()["status"] == "accepted"
        assert again.json()["status"] == "duplicate"
        (label,) = stored["labels"]
        assert label["label"] == "undetermined"
        assert (label["reason_code"], label["reference"]) == ("13.1", "case-7")

    async def test_two_events_of_one_payment_are_two_reports(self, start: Any) -> None:
        async with start() as run:
            for body in (
                dispute(event="tc40"),
                dispute(event="safe"),
                dispute(event="chargeback", reason_code="10.4"),
            ):
                reply = await run.http.post("/v1/labels", json=body)
                assert reply.json()["status"] == "accepted", reply.text

    async def test_dispute_without_a_reason_is_refused(self, start: Any) -> None:
        async with start() as run:
            reply = await run.http.post("/v1/labels", json=dispute(event="chargeback"))
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "reason_code"

    async def test_report_about_a_later_request_is_about_the_first(
        self, start: Any
    ) -> None:
        first = payment_body()
        again = payment_body(supersedes=first["transaction_id"])
        body = dispute(event="tc40") | {"transaction_id": again["transaction_id"]}
        async with start() as run:
            await run.score(first)
            await run.score(again)
            await run.http.post("/v1/labels", json=body)
        (reported,) = data(run, "fraud.label.reported")
        assert reported["transaction_id"] == first["transaction_id"]


EVENT = {
    "transaction_id": "tx-1",
    "event": "captured",
    "occurred_at": NOON.isoformat(),
}


class TestEvents:
    async def test_is_stored_once_and_shown_with_the_decision(self, start: Any) -> None:
        payment = payment_body()
        body = EVENT | {"transaction_id": payment["transaction_id"]}
        finished = body | {
            "event": "three_ds_finished",
            "three_ds": {"status": "Y", "eci": "05"},
        }
        async with start() as run:
            decision = (await run.score(payment)).json()["decision_id"]
            replies = [
                (await run.http.post("/v1/events", json=one)).json()["status"]
                for one in (body, body, finished)
            ]
            stored = (await run.http.get(f"/v1/decisions/{decision}")).json()
        assert replies == ["accepted", "duplicate", "accepted"]
        assert {e["event"] for e in stored["events"]} == {
            "captured",
            "three_ds_finished",
        }

    async def test_own_reference_separates_two_alike(self, start: Any) -> None:
        async with start() as run:
            replies = [
                await run.http.post("/v1/events", json=EVENT | {"reference": name})
                for name in ("evt-1", "evt-2", "evt-1")
            ]
        found = [reply.json()["status"] for reply in replies]
        assert found == ["accepted", "accepted", "duplicate"]

    @pytest.mark.parametrize(
        ("change", "at"),
        [
            ({"event": "lost"}, "event"),
            ({"occurred_at": "2030-01-01T00:00:00Z"}, "occurred_at"),
            ({"amount": 3}, "amount"),
        ],
    )
    async def test_bad_event_names_its_field(
        self, start: Any, change: dict[str, Any], at: str
    ) -> None:
        async with start() as run:
            reply = await run.http.post("/v1/events", json=EVENT | change)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == at

    async def test_needs_the_label_scope(self, start: Any) -> None:
        async with start(scopes=["score"]) as run:
            reply = await run.http.post("/v1/events", json=EVENT)
        assert reply.status_code == 403


class TestAskingAgain:
    async def test_unknown_payment_is_refused(self, start: Any) -> None:
        async with start() as run:
            reply = await run.score(payment_body(supersedes="tx-of-nobody"))
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "supersedes"

    async def test_payment_of_another_account_is_refused(self, start: Any) -> None:
        first = payment_body()
        async with start() as run:
            await run.score(first)
            reply = await run.score(
                payment_body(supersedes=first["transaction_id"], account_id="acc-2")
            )
        assert reply.status_code == 422

    async def test_later_request_may_not_be_superseded_itself(self, start: Any) -> None:
        first = payment_body()
        second = payment_body(supersedes=first["transaction_id"])
        third = payment_body(supersedes=second["transaction_id"])
        async with start() as run:
            await run.score(first)
            assert (await run.score(second)).status_code == 200
            assert (await run.score(third)).status_code == 422

    async def test_repeat_of_it_gets_the_same_bytes(self, start: Any) -> None:
        first = payment_body()
        again = payment_body(supersedes=first["transaction_id"])
        async with start() as run:
            await run.score(first)
            one, other = await run.score(again), await run.score(again)
        assert one.content == other.content
