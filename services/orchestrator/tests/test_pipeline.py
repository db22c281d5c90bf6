"""A payment's way through the stages, whole and with parts missing."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fraud_features.store.port import OnlineStoreUnavailable
from fraud_shared.contracts.signal import Contribution, RuleHit
from fraud_shared.mesh.errors import DependencyTimeout
from fraud_shared.testing.factories import (
    make_rules,
    make_screening,
    make_signal,
    payment_body,
)

MODELS = ("isolation_forest", "autoencoder", "xgboost")


class TestAWholePayment:
    async def test_every_part_speaks_and_is_named_in_the_reply(
        self, start: Any
    ) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
        assert reply["decision"] == "APPROVE"
        assert [s["source"] for s in reply["signals"]] == [*MODELS, "lightgbm"]
        assert {s["outcome"] for s in reply["signals"]} == {"scored"}
        assert reply["degraded"] == []
        assert {"policy", "rules", "features", *MODELS} <= reply["versions"].keys()
        stages = {"online", "rules", "models", "decision", "total"}
        assert stages <= reply["timings_ms"].keys()

    async def test_the_policy_gets_what_the_parts_said(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.scores["xgboost"] = 0.42
            await run.score(payment_body(amount_minor=1234, currency="EUR"))
        [asked] = run.neighbours.asked
        lead = next(s for s in asked.signals if s.source == "xgboost")
        assert lead.score == 0.42
        assert asked.amount_ref_minor == 1234
        assert asked.velocity_known is True

    async def test_the_event_reaches_post_auth(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
        [event] = run.neighbours.events
        assert event["type"] == "fraud.decision.made.v1"
        assert event["data"]["decision"]["decision_id"] == reply["decision_id"]


class TestMessagesBetweenStages:
    async def test_an_explained_score_of_an_unknown_feature_reaches_the_policy(
        self, start: Any
    ) -> None:
        """A contribution whose value is unknown is still a whole message."""
        unknown = Contribution(feature="speed_kmh", value=None, contribution=0.4)
        async with start() as run:

            async def explained(_: str, __: bytes) -> tuple[int, bytes]:
                signal = make_signal("xgboost", 0.4, top_features=(unknown,))
                return 200, signal.model_dump_json().encode()

            run.transport.responders["xgboost"] = explained
            reply = (await run.score(payment_body())).json()
        assert reply["degraded"] == []
        [asked] = run.neighbours.asked
        lead = next(s for s in asked.signals if s.source == "xgboost")
        assert lead.top_features == (unknown,)


class TestEarlyExit:
    async def test_a_block_by_rule_goes_straight_to_the_decision(
        self, start: Any
    ) -> None:
        hit = RuleHit(rule="R-001@1", effect="BLOCK", severity="high", reason="listed")
        async with start() as run:
            run.neighbours.rules = make_rules(rules_flag="BLOCK", hits=(hit,))
            run.neighbours.verdict = "DECLINE"
            reply = (await run.score(payment_body())).json()
        assert {s["outcome"] for s in reply["signals"]} == {"skipped"}
        assert not [c for c in run.transport.calls if c[0] in MODELS]

    async def test_a_standing_card_block_needs_no_rules_service(
        self, start: Any
    ) -> None:
        async with start() as run:
            until = run.clock.now().replace(year=2099)
            await run.online.put_block("card", "card-1", until)
            del run.transport.responders["rules"]
            reply = (await run.score(payment_body())).json()
        assert reply["rules_flag"] == "BLOCK"
        assert reply["rules"]["hits"][0]["rule"] == "B-CARD@1"


class TestMissingParts:
    @pytest.mark.parametrize("model", MODELS)
    async def test_a_dead_model_is_a_failed_signal_not_a_failed_payment(
        self, start: Any, model: str
    ) -> None:
        async with start() as run:
            del run.transport.responders[model]
            response = await run.score(payment_body())
        assert response.status_code == 200
        outcomes = {s["source"]: s["outcome"] for s in response.json()["signals"]}
        assert outcomes[model] == "failed"
        assert sorted(outcomes.values()).count("scored") == 3

    async def test_a_frozen_model_costs_its_cap_and_is_timed_out(
        self, start: Any
    ) -> None:
        async def frozen(_: str, __: bytes) -> tuple[int, bytes]:
            raise DependencyTimeout("xgboost")

        async with start() as run:
            run.transport.responders["xgboost"] = frozen
            reply = (await run.score(payment_body())).json()
        assert reply["fraud_score"] is None
        [lead] = [s for s in reply["signals"] if s["source"] == "xgboost"]
        assert lead["outcome"] == "timed_out"
        assert lead["score"] is None

    async def test_a_slow_challenger_is_not_waited_for(self, start: Any) -> None:
        never = asyncio.Event()

        async def slow(_: str, __: bytes) -> tuple[int, bytes]:
            await never.wait()
            return 200, b""

        async with start() as run:
            run.transport.responders["lightgbm"] = slow
            reply = (await run.score(payment_body())).json()
        assert reply["signals"][-1]["outcome"] == "timed_out"
        assert reply["degraded"] == []

    async def test_screening_away_is_never_clear(self, start: Any) -> None:
        async with start() as run:
            del run.transport.responders["sanctions"]
            await run.score(payment_body())
        [asked] = run.neighbours.asked
        assert asked.screening.status == "unavailable"

    async def test_online_store_away_is_unknown_and_not_zero(self, start: Any) -> None:
        async with start() as run:

            async def away(_: Any) -> Any:
                raise OnlineStoreUnavailable

            run.online.observe = away
            await run.score(payment_body())
        [asked] = run.neighbours.asked
        assert asked.velocity_known is False
        assert asked.history_payments is None

    async def test_without_the_policy_a_sanctions_match_still_declines(
        self, start: Any
    ) -> None:
        async with start() as run:
            del run.transport.responders["decision"]
            run.neighbours.screening = make_screening(status="match")
            reply = (await run.score(payment_body())).json()
        assert reply["decision"] == "DECLINE"


class TestActions:
    async def test_a_challenge_names_its_id(self, start: Any) -> None:
        async with start() as run:
            run.neighbours.verdict = "CHALLENGE"
            run.neighbours.actions = ("otp_challenge",)
            reply = (await run.score(payment_body())).json()
        assert reply["action_status"] == "done"
        assert reply["challenge_id"] == "ref-otp_challenge"

    async def test_an_action_that_cannot_be_done_now_is_queued(
        self, start: Any
    ) -> None:
        async with start() as run:
            run.neighbours.verdict = "DECLINE"
            run.neighbours.actions = ("card_block", "alert")

            async def broken(path: str, body: bytes) -> tuple[int, bytes]:
                if path == "/execute":
                    return 503, b""
                run.neighbours.events.extend(json.loads(body))
                return 204, b""

            run.transport.responders["action"] = broken
            reply = (await run.score(payment_body())).json()
        assert reply["decision"] == "DECLINE"
        assert reply["action_status"] == "queued"
        types = [event["type"] for event in run.neighbours.events]
        assert "fraud.action.requested.v1" in types

    async def test_a_decision_interrupted_before_its_action_is_completed(
        self, start: Any
    ) -> None:
        """The gateway dies between commit and action; the next one finishes the work."""
        async with start() as run:
            run.neighbours.verdict = "CHALLENGE"
            run.neighbours.actions = ("otp_challenge",)

            async def dies(_: str, __: bytes) -> tuple[int, bytes]:
                raise SystemError("the process is gone")

            run.transport.responders["action"] = dies
            body = payment_body()
            assert (await run.score(body)).status_code == 500
        async with start() as again:
            # Decisions are dated by the machine: some seconds after this one.
            later = datetime.now(UTC) + timedelta(seconds=5) - again.clock.now()
            again.clock.advance(later)
            async with asyncio.timeout(10):
                while not again.neighbours.executed:
                    await asyncio.sleep(0.05)
            # The payment itself is of the clock's first moment.
            again.clock.advance(-later)
            reply = (await again.score(body)).json()
        assert reply["action_status"] == "done"
        assert len(again.neighbours.executed) == 1
