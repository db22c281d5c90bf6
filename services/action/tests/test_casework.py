"""What integrators and analysts do through the gateway, as the service is asked for them."""

from datetime import timedelta

import pytest

from fraud_shared.mesh.tokens import Actor

CAUSED = ("otp_challenge", "payment_hold", "account_block", "case")
SHOP = Actor("shop", frozenset({"score"}), ("shop",), "shop")


@pytest.fixture
def pay(request_for):
    """Makes the actions of a payment; returns what they made, by kind."""

    async def make(http, *kinds, decision_id="d-1", **facts):
        request = request_for(
            *(kinds or CAUSED), decision_id=decision_id, tenant="shop", **facts
        )
        reply = await http.post("/execute", content=request.model_dump_json())
        assert reply.status_code == 200, reply.text
        return {one["kind"]: one["reference"] for one in reply.json()["results"]}

    return make


async def items(http, path, **query):
    reply = await http.get(path, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()["items"]


class TestAChallenge:
    async def test_that_is_passed_lifts_what_its_decision_caused(self, world, pay):
        async with world.http(actor=SHOP) as http:
            made = await pay(http)
            path = f"/v1/challenges/{made['otp_challenge']}"
            assert ("account", "acc-1") in world.online.until
            code = (await http.get(f"{path}/development-code")).json()
            passed = (await http.post(f"{path}/verify", json=code)).json()
            assert passed["status"] == "passed"
            assert world.online.until == {}
            outcomes = (await http.get("/v1/outcomes/d-1")).json()
            assert [c["status"] for c in outcomes["challenges"]] == ["passed"]
            assert [h["closed_by"] for h in outcomes["holds"]] == ["challenge"]
            assert [b["closed_by"] for b in outcomes["blocks"]] == ["challenge"]
            assert [c["state"] for c in outcomes["cases"]] == ["open"]

    async def test_of_another_tenant_is_not_there(self, world, pay):
        async with world.http(actor=SHOP) as http:
            made = await pay(http)
        path = f"/v1/challenges/{made['otp_challenge']}"
        stranger = Actor("market", frozenset({"score"}), ("market",), "market")
        async with world.http(actor=stranger) as http:
            for method, at in (
                ("GET", ""), ("POST", "/verify"), ("POST", "/resend"),
                ("POST", "/cancel"),
            ):  # fmt: skip
                body = {"code": "123456"} if at == "/verify" else None
                reply = await http.request(method, path + at, json=body)
                assert reply.status_code == 404
            assert (await http.get("/v1/outcomes/d-1")).json()["challenges"] == []

    async def test_needs_somebody_it_is_asked_for(self, world, pay):
        async with world.http(actor=None) as http:
            made = await pay(http)
            reply = await http.get(f"/v1/challenges/{made['otp_challenge']}")
        assert reply.status_code == 403

    async def test_is_sent_again_a_few_times_with_pauses(self, world, pay):
        async with world.http(actor=SHOP, otp_resends=2) as http:
            made = await pay(http)
            path = f"/v1/challenges/{made['otp_challenge']}/resend"
            early = await http.post(path)
            assert early.status_code == 409
            assert 0 < int(early.headers["retry-after"]) <= 30
            for left in (1, 0):
                world.clock.advance(timedelta(seconds=30))
                assert (await http.post(path)).json()["resends_left"] == left
            world.clock.advance(timedelta(seconds=30))
            spent = await http.post(path)
            assert spent.json()["type"] == "urn:fraud:problem:resends-spent"

    async def test_is_delivered_to_the_customer_again(self, world, request_for):
        async with world.service() as service:
            made = await service.execute(request_for("otp_challenge", tenant="shop"))
            ref = made.results[0].reference
            await service.courier.round()
            world.clock.advance(timedelta(seconds=30))
            await service.resend(ref, SHOP)
            await service.courier.round()
        assert [message.data["challenge_id"] for message in world.otp.sent] == [ref] * 2
        # A receiver that knows messages by their id must not drop it as a repeat.
        assert len({message.id for message in world.otp.sent}) == 2

    async def test_that_is_cancelled_takes_no_code_and_says_so_once(self, world, pay):
        async with world.http(actor=SHOP) as http:
            made = await pay(http)
            path = f"/v1/challenges/{made['otp_challenge']}"
            for _ in range(2):
                reply = await http.post(f"{path}/cancel")
                assert reply.json()["status"] == "cancelled"
            late = await http.post(f"{path}/verify", json={"code": "123456"})
            assert late.status_code == 409
            assert (await http.post(f"{path}/resend")).status_code == 409
        (event,) = world.bus.published
        assert b'"outcome":"cancelled"' in event.body


class TestHolds:
    async def test_are_released_by_name_and_ground(self, world, pay):
        async with world.http() as http:
            made = await pay(http)
            (hold,) = await items(http, "/v1/holds", account_id="acc-1")
            path = f"/v1/holds/{made['payment_hold']}/release"
            assert (await http.post(path, json={})).status_code == 422
            body = {"reason": "customer confirmed"}
            released = (await http.post(path, json=body)).json()
            assert (hold["state"], released["state"]) == ("active", "released")
            assert released["closed_by"] == "anna"
            assert await items(http, "/v1/holds") == []


class TestBlocks:
    async def test_by_hand_is_in_force_until_removed(self, world):
        until = world.clock.now() + timedelta(days=30)
        wanted = {
            "entity": "card", "id": "card-7", "reason": "reported stolen",
            "expires_at": until.isoformat(),
        }  # fmt: skip
        async with world.http() as http:
            made = (await http.post("/v1/blocks", json=wanted)).json()
            again = (await http.post("/v1/blocks", json=wanted)).json()
            assert made["block_id"] == again["block_id"]
            assert made["decision_id"] is None
            assert world.online.until == {("card", "card-7"): until}
            longer = until + timedelta(days=1)
            other = {**wanted, "expires_at": longer.isoformat()}
            assert (await http.post("/v1/blocks", json=other)).status_code == 409
            path = f"/v1/blocks/{made['block_id']}"
            body = {"expires_at": longer.isoformat(), "reason": "still abroad"}
            assert (await http.post(f"{path}/extend", json=body)).status_code == 200
            assert world.online.until == {("card", "card-7"): longer}
            assert len(await items(http, "/v1/blocks", entity="card", id="card-7")) == 1
            assert (await http.delete(path)).status_code == 422
            removed = await http.delete(path, params={"reason": "new card"})
            assert removed.json()["closed_by"] == "anna"
            assert world.online.until == {}
            assert (await http.post(f"{path}/extend", json=body)).status_code == 409

    async def test_of_the_past_or_for_ever_are_refused(self, world):
        async with world.http() as http:
            for days in (-1, 4000):
                until = world.clock.now() + timedelta(days=days)
                wanted = {
                    "entity": "card", "id": "card-7", "reason": "why",
                    "expires_at": until.isoformat(),
                }  # fmt: skip
                reply = await http.post("/v1/blocks", json=wanted)
                assert reply.status_code == 422
                assert reply.json()["errors"][0]["field"] == "expires_at"


class TestTheQueue:
    async def test_is_ordered_by_loss_times_chance_in_pages(self, world, pay):
        facts = [(1_000, 0.9), (100_000, 0.5), (50_000, None), (2_000, 0.1)]
        async with world.http() as http:
            for n, (loss, risk) in enumerate(facts):
                await pay(
                    http, "case", decision_id=f"d-{n}", risk=risk,
                    expected_loss_minor=loss,
                )  # fmt: skip
            seen, cursor = [], None
            while True:
                query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
                page = (await http.get("/v1/cases", params=query)).json()
                seen += [case["priority"] for case in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        assert seen == [50_000, 50_000, 900, 200]

    async def test_knows_who_works_on_what_and_what_is_late(self, world, pay):
        async with world.http() as http:
            case_id = (await pay(http, "case"))["case"]
            await pay(http, "case", decision_id="d-2")
            path = f"/v1/cases/{case_id}"
            body = {"assignee": "ben"}
            assert (await http.post(f"{path}/assign", json=body)).status_code == 200
            (mine,) = await items(http, "/v1/cases", assignee="ben")
            assert (mine["case_id"], mine["overdue"]) == (case_id, False)
            assert len(await items(http, "/v1/cases", assignee="none")) == 1
            world.clock.advance(timedelta(days=1, seconds=1))
            late = await items(http, "/v1/cases", overdue=True)
            assert {case["age_s"] for case in late} == {86_401}

    async def test_a_cursor_of_another_list_is_refused(self, world):
        async with world.http() as http:
            for cursor in ("abc", "WzEsMl0", "Wyd4J10"):
                reply = await http.get("/v1/cases", params={"cursor": cursor})
                assert reply.status_code == 422


class TestACase:
    async def test_remembers_everybody_who_did_something(self, world, pay):
        async with world.http() as http:
            case_id = (await pay(http, "case"))["case"]
            path = f"/v1/cases/{case_id}"
            await http.post(f"{path}/assign", json={"assignee": "ben"})
            await http.post(f"{path}/notes", json={"text": "called the customer"})
            found = {"resolution": "fraud", "analyst": "eve", "note": "denied it"}
            resolved = (await http.post(f"{path}/resolve", json=found)).json()
            assert (resolved["analyst"], resolved["resolution"]) == ("anna", "fraud")
            late = await http.post(f"{path}/assign", json={"assignee": "ben"})
            assert late.status_code == 409
            history = (await http.get(path)).json()["notes"]
        did = [(note["did"], note["who"], note["text"]) for note in history]
        assert did == [
            ("assigned", "anna", "ben"),
            ("noted", "anna", "called the customer"),
            ("resolved", "anna", "denied it"),
            ("viewed", "anna", None),
        ]

    async def test_is_related_by_account_card_and_merchant(self, world, pay):
        facts = {"account_id": "a-2", "device_id": None}
        async with world.http() as http:
            case_id = (await pay(http, "case", merchant_id="m-1"))["case"]
            await pay(http, "case", decision_id="d-2", **facts)
            await pay(
                http, "case", decision_id="d-3", card_token="card-2", merchant_id="m-1",
                **facts,
            )  # fmt: skip
            await pay(http, "case", decision_id="d-4", card_token="card-3", **facts)
            related = (await http.get(f"/v1/cases/{case_id}/related")).json()
        shared = {one["decision_id"]: one["shared"] for one in related["items"]}
        assert shared == {"d-2": ["card"], "d-3": ["merchant"]}
        assert related["keys"]["merchant_id"] == "m-1"

    async def test_many_are_resolved_alike_each_for_itself(self, world, pay):
        async with world.http() as http:
            cases = [
                (await pay(http, "case", decision_id=f"d-{n}"))["case"]
                for n in range(3)
            ]
            other = {"outcome": "legitimate"}
            await http.post(f"/v1/cases/{cases[0]}/resolve", json=other)
            body = {"case_ids": [*cases, "case-none"], "outcome": "fraud"}
            done = (await http.post("/v1/cases/resolve", json=body)).json()["items"]
            assert [one["status"] for one in done] == [
                "conflict", "resolved", "resolved", "not_found",
            ]  # fmt: skip
            assert await items(http, "/v1/cases") == []
        labels = [e for e in world.bus.published if "label" in e.type]
        assert len(labels) == 3
