"""Rules or decision away: the gateway applies the same files, and nobody is disturbed."""

import asyncio
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from fraud_engines.policy.policy import DEFAULT_POLICY
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.engines import Engines, LocalPolicy, LocalRules
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.telemetry import ENGINE_COMPARISONS
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.entries import Marker
from fraud_shared.contracts.signal import RulesRequest
from fraud_shared.contracts.versions import InForce
from fraud_shared.mesh.errors import DependencyTimeout, DependencyUnreachable
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.factories import (
    NOON,
    make_rules,
    make_signal,
    payment_body,
)

RULESET = load_ruleset(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)
POLICY = load_policy(DEFAULT_POLICY.read_bytes())
DENIED = "acc-denied-0001"


async def rules_service(path: str, body: bytes) -> tuple[int, bytes]:
    """The rules service with the shipped ruleset, asked about payments only."""
    if path != "/evaluate":
        raise DependencyUnreachable("rules")
    asked = RulesRequest.model_validate_json(body)
    result = evaluate(RULESET, asked.transaction, asked.features, NOON)
    return 200, result.model_dump_json().encode()


async def decision_service(path: str, body: bytes) -> tuple[int, bytes]:
    """The decision service with the shipped policy, asked about payments only."""
    if path != "/decide":
        raise DependencyUnreachable("decision")
    ruling = POLICY.decide(DecideRequest.model_validate_json(body))
    return 200, ruling.model_dump_json().encode()


def answering(run: Any) -> None:
    run.transport.responders.update(rules=rules_service, decision=decision_service)


def failing(error: type[Exception]) -> Callable[..., Any]:
    async def fail(service: str, _: bytes) -> Any:
        raise error(service)

    return fail


def ordinary() -> list[dict[str, Any]]:
    """Payments of several kinds that services approve."""
    transfer = {
        "kind": "transfer",
        "channel": "online_banking",
        "card": None,
        "merchant": None,
        "counterparty": {"name": "Bea Noll", "account": "acc-2", "country": "FR"},
    }
    pos = {"channel": "pos", "device": None, "session": None}
    kinds = ({}, transfer, pos)
    return [
        payment_body(account_id=f"acc-{n}", amount_minor=900 + 700 * n, **kinds[n % 3])
        for n in range(12)
    ]


async def verdicts(run: Any, tag: str) -> list[tuple[str, str | None, list[str]]]:
    found = []
    for n, body in enumerate(ordinary()):
        # Other people, so that windows do not add up between the rounds.
        account = f"{tag}-{body['account_id']}"
        device = body.get("device") and {
            "device_id": account,
            "ip": f"198.51.{zlib.crc32(tag.encode()) % 256}.{n}",
        }
        card = body.get("card") and {"token": f"card-{account}"}
        changed = {"account_id": account, "device": device, "card": card}
        reply = (await run.score({**body, **changed})).json()
        found.append((reply["decision"], reply["challenge"], reply["degraded"]))
    return found


class TestOneServiceAway:
    @pytest.mark.parametrize("error", [DependencyUnreachable, DependencyTimeout])
    @pytest.mark.parametrize(
        ("service", "code"),
        [("rules", "RULES_FAILOVER"), ("decision", "DECISION_FAILOVER")],
    )
    async def test_outage_of_one_service_challenges_nobody_more(
        self, start: Any, service: str, code: str, error: type[Exception]
    ) -> None:
        async with start() as run:
            answering(run)
            before = await verdicts(run, "up")
            run.transport.responders[service] = failing(error)
            during = await verdicts(run, "away")
        assert {decision for decision, _, _ in before} == {"APPROVE"}
        assert [v[:2] for v in during] == [v[:2] for v in before]
        assert all(codes == [code] for _, _, codes in during)

    async def test_outage_of_both_services_challenges_nobody_more(
        self, start: Any
    ) -> None:
        async with start() as run:
            for service in ("rules", "decision"):
                run.transport.responders[service] = failing(DependencyUnreachable)
            found = await verdicts(run, "both")
        assert {v[0] for v in found} == {"APPROVE"}
        assert all(v[2] == ["DECISION_FAILOVER", "RULES_FAILOVER"] for v in found)

    async def test_open_breaker_fails_over_as_well(self, start: Any) -> None:
        async with start() as run:
            answering(run)
            run.transport.responders["rules"] = failing(DependencyTimeout)
            for n in range(8):  # the breaker opens at the fifth
                reply = await run.score(payment_body(account_id=f"acc-b{n}"))
                assert reply.json()["degraded"] == ["RULES_FAILOVER"]
            before = run.transport.calls.count(("rules", "/evaluate"))
            await run.score(payment_body(account_id="acc-last"))
        assert run.transport.calls.count(("rules", "/evaluate")) - before <= 1


class TestAnotherVersion:
    async def test_other_ruleset_than_the_services_is_missing_evidence(
        self, start: Any
    ) -> None:
        async with start() as run:
            await run.score(payment_body())  # the fake answers with test@1
            del run.transport.responders["rules"]
            run.transport.responders["decision"] = decision_service
            reply = (await run.score(payment_body(account_id="acc-9"))).json()
        assert reply["rules"]["failover"] == "differs"
        assert reply["decision"] == "CHALLENGE"
        assert reply["challenge"] == "manual_review"
        assert reply["degraded"] == ["RULES_FAILOVER_DIFFERS"]

    async def test_other_policy_than_the_services_approves_nothing(
        self, start: Any
    ) -> None:
        async with start() as run:
            await run.score(payment_body())
            for name in ("decision", "sanctions"):
                del run.transport.responders[name]
            reply = (await run.score(payment_body(account_id="acc-9"))).json()
        assert reply["decision"] == "CHALLENGE"
        assert reply["challenge"] == "manual_review"
        assert reply["degraded"] == ["DECISION_UNAVAILABLE", "SANCTIONS_UNAVAILABLE"]

    async def test_other_policy_still_declines_what_it_would_decline(
        self, start: Any
    ) -> None:
        async with start() as run:
            await run.score(payment_body())
            del run.transport.responders["decision"]
            run.neighbours.scores["xgboost"] = 0.99
            reply = (await run.score(payment_body(account_id="acc-9"))).json()
        assert reply["decision"] == "DECLINE"
        assert reply["degraded"] == ["DECISION_UNAVAILABLE"]


def in_force(text: str, revision: int, **more: Any) -> bytes:
    change = InForce(revision=revision, documents=True, live=text, **more)
    return change.model_dump_json().encode()


class TestFollowing:
    TEXT = DEFAULT_RULESET.read_text()

    def saying(self, run: Any, raw: bytes) -> None:
        """The rules service says what it has in force, and evaluates nothing."""

        async def answer(path: str, _: bytes) -> tuple[int, bytes]:
            if path.startswith("/v1/rulesets/in-force"):
                return 200, raw
            raise DependencyUnreachable("rules")

        run.transport.responders["rules"] = answer

    async def test_what_the_service_has_in_force_is_in_force_here(
        self, start: Any
    ) -> None:
        changed = self.TEXT.replace(DENIED, "acc-1")
        version = load_ruleset(changed.encode(), PAYMENT_FEATURES).version
        async with start() as run:
            self.saying(run, in_force(changed, 7))
            reply = await run.http.post("/v1/admin/reload-engines")
            assert reply.json()["rules"] == version
            reply = (await run.score(payment_body())).json()
            assert reply["rules_flag"] == "BLOCK"
            assert reply["rules"]["ruleset"] == version
            await run.app.state.engines.follow()
        asked = [path for service, path in run.transport.calls if "in-force" in path]
        assert "/v1/rulesets/in-force?after=7" in asked

    @pytest.mark.parametrize(
        ("kind", "value"),
        [("account", "acc-1"), ("ip", "203.0.113.0/24"), ("bin", "400000")],
    )
    async def test_the_deny_list_blocks_while_the_service_is_away(
        self, start: Any, kind: str, value: str
    ) -> None:
        entry = {"marker_id": "e-1", "on": "deny", "kind": kind, "value": value, "expires_at": None, "ended": False}  # fmt: skip
        markers = [Marker.model_validate(entry)]
        async with start() as run:
            self.saying(run, in_force(self.TEXT, 7, markers=markers))
            await run.app.state.engines.follow()
            del run.transport.responders["rules"]
            run.transport.responders["decision"] = decision_service
            reply = (await run.score(payment_body())).json()
        assert (reply["decision"], reply["rules_flag"]) == ("DECLINE", "BLOCK")
        assert reply["rules"]["hits"][0]["rule"].endswith("@e-1")

    async def test_a_gateway_that_starts_alone_knows_what_was_in_force(
        self, start: Any
    ) -> None:
        changed = self.TEXT.replace(DENIED, "acc-1")
        async with start() as run:
            self.saying(run, in_force(changed, 7))
            await run.app.state.engines.follow()
        async with start() as run:
            for service in ("rules", "decision"):
                del run.transport.responders[service]
            reply = (await run.score(payment_body())).json()
        assert reply["rules_flag"] == "BLOCK"

    async def test_what_cannot_be_loaded_is_refused_by_name_and_the_old_rules_stay(
        self, start: Any
    ) -> None:
        bad = self.TEXT.replace("account_count_5m >= 5", "acount > 5")
        async with start() as run:
            self.saying(run, in_force(bad, 7))
            reply = await run.http.post("/v1/admin/reload-engines")
            blocked = (await run.score(payment_body(account_id=DENIED))).json()
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "R-010"
        assert blocked["rules_flag"] == "BLOCK"


class TestHardRules:
    @pytest.mark.parametrize(
        "denied",
        [
            {"account_id": DENIED},
            {"card": {"token": "card-denied-0001"}},
            {"device": {"device_id": "dev-denied-0001"}},
        ],
        ids=["account", "card", "device"],
    )
    async def test_denied_is_declined_without_rules_and_without_decision(
        self, start: Any, denied: dict[str, Any]
    ) -> None:
        async with start() as run:
            for service in ("rules", "decision"):
                run.transport.responders[service] = failing(DependencyTimeout)
            reply = (await run.score(payment_body(**denied))).json()
        assert reply["decision"] == "DECLINE"
        assert reply["rules_flag"] == "BLOCK"

    async def test_denied_is_declined_although_the_service_has_another_ruleset(
        self, start: Any
    ) -> None:
        async with start() as run:
            run.neighbours.rules = make_rules(ruleset="older@1")
            run.neighbours.verdict = "DECLINE"
            reply = (await run.score(payment_body(account_id=DENIED))).json()
        [asked] = run.neighbours.asked
        assert asked.rules.rules_flag == "BLOCK"
        assert reply["rules"]["hits"][0]["rule"] == "R-001@1"

    @pytest.mark.parametrize(("behind", "flag"), [(1, "BLOCK"), (0, "ALLOW")])
    async def test_a_service_with_older_lists_does_not_lift_the_block(
        self, start: Any, behind: int, flag: str
    ) -> None:
        """From as many changes as are known here, it has the last word."""
        entry = {"marker_id": "e-1", "on": "deny", "kind": "account", "value": "acc-1", "expires_at": None, "ended": False}  # fmt: skip
        known = RULESET.version

        async def rules(path: str, _: bytes) -> tuple[int, bytes]:
            if path == "/evaluate":
                said = make_rules(ruleset=known, entries=7 - behind)
                return 200, said.model_dump_json().encode()
            text = DEFAULT_RULESET.read_text()
            return 200, in_force(text, 7, markers=[Marker.model_validate(entry)])

        async with start() as run:
            run.transport.responders["rules"] = rules
            await run.app.state.engines.follow()
            reply = (await run.score(payment_body(account_id="acc-1"))).json()
        assert reply["rules_flag"] == flag


class TestPatience:
    @pytest.mark.parametrize("given", ["0", "1", "-5", "99.9", "0.001"])
    async def test_deadline_below_the_minimum_is_refused_with_the_minimum(
        self, start: Any, given: str
    ) -> None:
        async with start() as run:
            reply = await run.score(payment_body(), **{"x-deadline-ms": given})
        assert reply.status_code == 400
        assert reply.json()["type"] == "urn:fraud:problem:deadline-too-short"
        assert "at least 100 milliseconds" in reply.json()["detail"]
        assert run.neighbours.asked == []

    @pytest.mark.parametrize("given", ["100", "5000", "nan", "soon", "inf"])
    async def test_any_other_deadline_is_decided_on(
        self, start: Any, given: str
    ) -> None:
        async with start(default_deadline_ms=10_000, tail_ms=1) as run:
            reply = await run.score(payment_body(), **{"x-deadline-ms": given})
        assert reply.status_code == 200


class TestExercise:
    async def compared(self, start: Any, share: float, **changed: Any) -> list[float]:
        outcomes = ("same", "different", "other_version")
        counters = [ENGINE_COMPARISONS.labels("rules", one) for one in outcomes]
        before = [counter._value.get() for counter in counters]
        async with start(compare_share=share) as run:
            answering(run)
            run.transport.responders.update(changed)
            for n in range(3):
                await run.score(payment_body(account_id=f"acc-{n}"))
        return [c._value.get() - b for c, b in zip(counters, before, strict=True)]

    async def test_services_and_gateway_agree_on_the_share_that_is_compared(
        self, start: Any
    ) -> None:
        assert await self.compared(start, 1.0) == [3, 0, 0]

    async def test_without_a_share_nothing_is_compared(self, start: Any) -> None:
        assert await self.compared(start, 0.0) == [0, 0, 0]

    async def test_an_answer_that_differs_is_counted(self, start: Any) -> None:
        async def other(_: str, body: bytes) -> tuple[int, bytes]:
            asked = RulesRequest.model_validate_json(body)
            result = evaluate(RULESET, asked.transaction, asked.features, NOON)
            odd = result.model_copy(update={"rules_flag": "FLAG"})
            return 200, odd.model_dump_json().encode()

        assert await self.compared(start, 1.0, rules=other) == [0, 3, 0]

    def test_the_share_is_at_least_one_percent_of_payments(self) -> None:
        shipped = Settings().compare_share

        async def nobody(service: str, path: str) -> bytes:
            raise DependencyUnreachable(service)

        rules = LocalRules(DEFAULT_RULESET, FakeClock())
        policy = LocalPolicy(DEFAULT_POLICY)
        engines = Engines(rules, policy, share=shipped, ask=nobody)
        compared = sum(engines.compares(f"tx-{n}") for n in range(20_000))
        assert compared >= 200


class TestChampionAway:
    async def test_challenger_is_waited_for_and_its_score_decides(
        self, start: Any
    ) -> None:
        asked = asyncio.Event()

        async def slow(_: str, __: bytes) -> tuple[int, bytes]:
            await asked.wait()
            return 200, make_signal("lightgbm", 0.3).model_dump_json().encode()

        async def dead(_: str, __: bytes) -> tuple[int, bytes]:
            # The others have answered long before the challenger does.
            asyncio.get_running_loop().call_later(0.05, asked.set)
            raise DependencyUnreachable("xgboost")

        async with start() as run:
            answering(run)
            run.transport.responders.update(lightgbm=slow, xgboost=dead)
            reply = (await run.score(payment_body())).json()
        assert reply["risk"] == 0.3
        assert reply["decision"] == "CHALLENGE"
        assert reply["degraded"] == ["MODEL_XGBOOST_UNAVAILABLE", "RISK_MODEL_FAILOVER"]
        assert "RISK_MODEL_FAILOVER" in [r["code"] for r in reply["reasons"]]

    async def test_outage_of_the_champion_challenges_nobody_more(
        self, start: Any
    ) -> None:
        async with start() as run:
            answering(run)
            run.transport.responders["xgboost"] = failing(DependencyUnreachable)
            found = await verdicts(run, "champion")
        assert {v[0] for v in found} == {"APPROVE"}
