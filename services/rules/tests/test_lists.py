"""Lists and snoozes over HTTP, and in every replica."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from fraud_shared.contracts.signal import RulesRequest
from fraud_shared.testing.asgi import client
from fraud_shared.testing.factories import make_transaction

ENTRY = {"kind": "account", "value": "acc-1", "reason": "reported as a mule"}
DENY = "/v1/lists/deny/entries"


@pytest.fixture
def request_of(make_features):
    def made(**payment):
        return RulesRequest(
            transaction=make_transaction(**payment), features=make_features()
        )

    return made


@pytest.fixture
def evaluate(request_of):
    async def said(http, **payment):
        body = request_of(**payment).model_dump_json()
        return (await http.post("/evaluate", content=body)).json()

    return said


class TestTenReplicas:
    async def test_see_an_entry_and_its_end_without_a_restart(
        self, make_app, sql_url, sql_schema, person, request_of
    ):
        apps = [make_app(sql_url, sql_schema) for _ in range(10)]
        services = [app.state.service for app in apps]
        payment = request_of()
        async with AsyncExitStack() as stack:
            http = await stack.enter_async_context(client(apps[0]))
            for service in services[1:]:
                await service.start()
                stack.push_async_callback(service.db.stop)
            assert {s.evaluate(payment).rules_flag for s in services} == {"ALLOW"}
            made = await http.post(DENY, json=ENTRY, headers=person("anna"))
            for service in services:
                await service.refresh()
            results = [service.evaluate(payment) for service in services]
            assert {result.rules_flag for result in results} == {"BLOCK"}
            assert len({result.entries for result in results}) == 1
            path = f"{DENY}/{made.json()['entry_id']}"
            await http.delete(path, headers=person("ben"))
            for service in services:
                await service.refresh()
            assert {s.evaluate(payment).rules_flag for s in services} == {"ALLOW"}

    def test_look_for_changes_more_often_than_every_two_seconds(self, app):
        assert app.state.service.settings.refresh_every_s <= 1.5


class TestEntries:
    async def test_act_at_once_and_name_who_and_why(self, app, person, evaluate):
        async with client(app) as http:
            made = await http.post(DENY, json=ENTRY, headers=person("anna"))
            assert made.status_code == 201
            result = await evaluate(http)
            listed = (await http.get(DENY)).json()["items"]
            sizes = (await http.get("/v1/lists")).json()["items"]
            history = (await http.get("/v1/rulesets/history")).json()["items"]
        (hit,) = result["hits"]
        assert hit["rule"] == f"L-DENY-ACCOUNT@{made.json()['entry_id']}"
        assert hit["reason"] == "The account is on the deny list"
        assert (listed[0]["who"], listed[0]["reason"]) == ("anna", ENTRY["reason"])
        assert {"list": "deny", "entries": 1} in sizes
        assert history[0]["subject"] == "deny account acc-1"
        assert (history[0]["who"], history[0]["action"]) == ("anna", "listed")

    async def test_of_the_same_entity_replace_each_other(self, app, person):
        async with client(app) as http:
            for reason in ("first", "second"):
                entry = ENTRY | {"reason": reason}
                await http.post(DENY, json=entry, headers=person("anna"))
            first_page = (await http.get(DENY, params={"limit": 1})).json()
            query = {"limit": 1, "cursor": first_page["next_cursor"]}
            rest = (await http.get(DENY, params=query)).json()
        found = [*first_page["items"], *rest["items"]]
        assert len(found) == 2
        ended = {row["reason"]: row["ended_why"] for row in found}
        assert ended == {"first": "replaced", "second": None}

    async def test_end_by_themselves(self, app, clock, person, evaluate):
        until = (clock.now() + timedelta(minutes=5)).isoformat()
        entry = ENTRY | {"expires_at": until}
        async with client(app) as http:
            await http.post(DENY, json=entry, headers=person("anna"))
            assert (await evaluate(http))["rules_flag"] == "BLOCK"
            clock.advance(timedelta(minutes=5))
            assert (await evaluate(http))["rules_flag"] == "ALLOW"

    async def test_that_are_taken_off_stay_on_record(self, app, person, evaluate):
        async with client(app) as http:
            made = (await http.post(DENY, json=ENTRY, headers=person("anna"))).json()
            path = f"{DENY}/{made['entry_id']}"
            other = f"/v1/lists/allow/entries/{made['entry_id']}"
            assert (await http.delete(other, headers=person("ben"))).status_code == 404
            gone = await http.delete(
                path, headers=person("ben"), params={"reason": "mistaken"}
            )
            assert (await evaluate(http))["rules_flag"] == "ALLOW"
        assert (gone.json()["ended_by"], gone.json()["ended_why"]) == (
            "ben",
            "mistaken",
        )

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"kind": "bin", "value": "4111"}, "value"),
            ({"kind": "country", "value": "Atlantis"}, "value"),
            ({"kind": "ip", "value": "0.0.0.0/0"}, "value"),
            ({"kind": "card_token", "value": "4111 1111 1111 1111"}, "value"),
            ({"kind": "colour"}, "kind"),
            ({"reason": ""}, "reason"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"who": "somebody else"}, "who"),
        ],
    )
    async def test_that_are_wrong_are_refused_by_field(
        self, app, person, change, field
    ):
        async with client(app) as http:
            reply = await http.post(DENY, json=ENTRY | change, headers=person("anna"))
        assert reply.status_code == 422
        assert [error["field"] for error in reply.json()["errors"]] == [field]
        assert "4111" not in reply.text


class TestSnoozes:
    @pytest.fixture
    def snooze(self, clock):
        until = (clock.now() + timedelta(hours=1)).isoformat()
        return ENTRY | {"rule": "R-001", "expires_at": until}

    async def test_keep_a_rule_from_acting_until_they_end(
        self, app, person, evaluate, snooze, clock
    ):
        large = {"amount_minor": 200_000}
        async with client(app) as http:
            made = await http.post("/v1/snoozes", json=snooze, headers=person("anna"))
            assert made.status_code == 201
            result = await evaluate(http, **large)
            assert (result["rules_flag"], len(result["shadow"])) == ("ALLOW", 1)
            assert (await evaluate(http, account_id="acc-2", **large))["hits"]
            path = f"/v1/snoozes/{made.json()['snooze_id']}"
            await http.delete(path, headers=person("ben"))
            assert (await evaluate(http, **large))["rules_flag"] == "FLAG"
            listed = (await http.get("/v1/snoozes")).json()["items"]
        assert (listed[0]["rule"], listed[0]["ended_by"]) == ("R-001", "ben")

    @pytest.mark.parametrize("rule", ["R-002", "R-999"])
    async def test_of_hard_and_unknown_rules_are_refused(
        self, app, person, snooze, rule
    ):
        async with client(app) as http:
            reply = await http.post(
                "/v1/snoozes", json=snooze | {"rule": rule}, headers=person("anna")
            )
        assert [error["field"] for error in reply.json()["errors"]] == ["rule"]
