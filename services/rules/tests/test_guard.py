"""A live rule that leaves its band is demoted, a hard one only reported."""

import pytest

from fraud_rules.telemetry import ALARMS
from fraud_shared.contracts.signal import RulesRequest
from fraud_shared.testing.asgi import client
from fraud_shared.testing.factories import make_transaction

BAND = "expected_hit_rate: {lower: 0.0, upper: 0.01}"


@pytest.fixture
def app(make_app, file, ruleset):
    banded = ruleset.replace("    reason:", f"    {BAND}\n    reason:")
    file.write_text(banded)
    return make_app()


def alarms(rule):
    return ALARMS.labels(rule, "above")._value.get()


class TestARuleThatHitsTooOften:
    async def test_is_demoted_within_1000_payments_and_recorded(
        self, app, make_features
    ):
        service, before = app.state.service, alarms("R-001@1")
        payment = make_transaction(amount_minor=200_000)
        request = RulesRequest(transaction=payment, features=make_features())
        async with client(app) as http:
            payments = 0
            while service.evaluate(request).rules_flag == "FLAG":
                await service.settle_departed()
                payments += 1
                assert payments <= 1000
            result = service.evaluate(request)
            history = (await http.get("/v1/rulesets/history")).json()["items"]
            in_force = (await http.get("/v1/rulesets/in-force")).json()
        assert [hit.rule for hit in result.shadow] == ["R-001@1"]
        assert (history[0]["who"], history[0]["action"]) == ("system/guard", "demoted")
        assert history[0]["subject"] == "R-001@1"
        assert in_force["demoted"] == ["R-001@1"]
        assert alarms("R-001@1") == before + 1

    async def test_is_only_reported_when_it_is_hard(self, app, make_features):
        service = app.state.service
        features = make_features(is_emulator=1)
        request = RulesRequest(transaction=make_transaction(), features=features)
        async with client(app) as http:
            for _ in range(100):
                assert service.evaluate(request).rules_flag == "BLOCK"
                await service.settle_departed()
            history = (await http.get("/v1/rulesets/history")).json()["items"]
        assert (history[0]["action"], history[0]["subject"]) == ("alarmed", "R-002@1")

    async def test_is_live_again_with_a_new_promotion(
        self, app, make_features, person, file
    ):
        service = app.state.service
        payment = make_transaction(amount_minor=200_000)
        request = RulesRequest(transaction=payment, features=make_features())
        async with client(app) as http:
            for _ in range(50):
                service.evaluate(request)
            await service.settle_departed()
            assert service.evaluate(request).rules_flag == "ALLOW"
            text = file.read_text().replace("version: 1\nrules", "version: 2\nrules")
            draft = {"text": text, "why": "the month has more large payments"}
            await http.post("/v1/rulesets", json=draft, headers=person("anna"))
            for who in ("anna", "ben"):
                await http.post(
                    "/v1/rulesets/2/promote", json={"why": "x"}, headers=person(who)
                )
            assert service.evaluate(request).rules_flag == "FLAG"


class TestTotals:
    async def test_of_all_replicas_are_added_and_timed(self, make_app, make_features):
        payment = make_transaction(amount_minor=200_000)
        request = RulesRequest(transaction=payment, features=make_features())
        one, other = make_app(), make_app()
        async with client(one) as http, client(other):
            for app in (one, other):
                for _ in range(10):
                    app.state.service.evaluate(request)
                await app.state.service.count()
            metrics = (await http.get("/v1/rulesets/metrics")).json()
        assert metrics["payments"] == 20
        row = next(r for r in metrics["items"] if r["rule"] == "R-001@1")
        assert (row["hits"], row["hit_rate"], row["errors"]) == (20, 1.0, 0)
        assert row["mean_us"] > 0
