"""Which inputs a payment's sender may compute, and what happens to all others."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from fraud_features.definitions.registry import CREDIT_CARD, PAYMENT_FEATURES
from fraud_orchestrator.caller_features import CallerFeatures
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.testing.factories import payment_body
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput

NUMBER = {"anyOf": [{"type": "number"}, {"type": "null"}]}
TEXT = {"anyOf": [{"type": "string", "maxLength": 128}, {"type": "null"}]}
IMPORTED = {"C1": NUMBER, "P_emaildomain": TEXT}


def description(properties: Any = None, set_hash: str = "f" * 64) -> dict[str, Any]:
    """What a scorer says of a model with these inputs; without any, none is loaded."""
    current = None
    if properties is not None:
        current = {
            "instance": {"type": "object", "properties": properties},
            "metadata": {"feature_set": {"hash": set_hash}},
        }
    return {"service": "s", "models": [{"name": "m", "current": current}]}


@dataclass
class Scorers:
    """Two scorers as the gateway hears them; None is silent."""

    first: Any = field(default_factory=description)
    second: Any = field(default_factory=description)
    asked: int = 0
    now: float = 100.0
    gate: asyncio.Event | None = None

    async def fetch_schemas(self, context: RequestContext) -> dict[str, Any]:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        return {"first": self.first or {}, "second": self.second or {}}

    def features(self) -> CallerFeatures:
        return CallerFeatures(self.fetch_schemas, clock=lambda: self.now)


def a_call(ms: float = 10_000.0) -> RequestContext:
    return RequestContext("r-1", Trace.start(0.0), Deadline.after(ms), {})


async def refused(features: CallerFeatures, given: Any) -> list[tuple[str, str]]:
    """The problems of these features; none when they may pass."""
    try:
        await features.check(given, a_call())
    except InvalidInput as problem:
        return list(problem.errors)
    return []


class TestRegisteredSets:
    async def test_a_complete_row_passes_and_nobody_is_asked(self) -> None:
        scorers = Scorers()
        features = scorers.features()
        row = dict.fromkeys(CREDIT_CARD.names, 0.5) | {"V3": None}
        assert await refused(features, row) == []
        assert await refused(features, {}) == []
        assert scorers.asked == 0

    async def test_text_for_a_number_is_named_even_when_all_are_silent(self) -> None:
        features = Scorers(first=None, second=None).features()
        assert await refused(features, {"V1": "much", "V2": 1.0}) == [
            ("features.V1", "must be a number or null")
        ]

    async def test_what_is_computed_here_may_not_be_sent(self) -> None:
        bank = description(
            dict.fromkeys(PAYMENT_FEATURES.names, NUMBER), PAYMENT_FEATURES.hash
        )
        features = Scorers(first=bank).features()
        assert await refused(features, {"account_count_24h": 0.0}) == [
            ("features.account_count_24h", "is not a feature that any model takes")
        ]


class TestKnownModels:
    async def test_the_inputs_of_an_imported_model_are_known_by_kind(self) -> None:
        features = Scorers(second=description(IMPORTED)).features()
        assert await refused(features, {"C1": 1.0, "P_emaildomain": "a.org"}) == []
        assert await refused(features, {"C1": "one", "P_emaildomain": 1.0}) == [
            ("features.C1", "must be a number or null"),
            ("features.P_emaildomain", "must be a text or null"),
        ]

    async def test_a_name_that_two_models_mean_otherwise_may_be_either(self) -> None:
        scorers = Scorers(
            first=description({"x": TEXT}), second=description({"x": NUMBER})
        )
        features = scorers.features()
        assert await refused(features, {"x": "a"}) == []
        assert await refused(features, {"x": 1.0}) == []

    async def test_a_model_that_arrives_later_is_known(self) -> None:
        scorers = Scorers()
        features = scorers.features()
        assert await refused(features, {"C1": 1.0}) != []
        scorers.second = description(IMPORTED)
        scorers.now += 1.0
        assert await refused(features, {"C1": 1.0}) == []

    async def test_a_model_that_is_being_loaded_again_refuses_nobody(self) -> None:
        scorers = Scorers(second=description(IMPORTED))
        features = scorers.features()
        assert await refused(features, {"C1": 1.0}) == []
        scorers.second = description()
        scorers.now += 1.0
        assert await refused(features, {"C1": 1.0, "V99": 1.0}) == [
            ("features.V99", "is not a feature that any model takes")
        ]

    async def test_a_name_that_may_hold_a_card_number_is_not_shown(self) -> None:
        features = Scorers().features()
        [(named, _)] = await refused(features, {"c4111111111111111": 1.0})
        assert named == "features.(unprintable)"


class TestSilence:
    async def test_an_unknown_name_passes_while_a_scorer_is_silent(self) -> None:
        scorers = Scorers(first=None)
        features = scorers.features()
        assert await refused(features, {"V99": 1.0}) == []
        scorers.first = description()
        scorers.now += 1.0
        assert await refused(features, {"V99": 1.0}) != []

    async def test_silence_is_not_asked_again_at_once(self) -> None:
        scorers = Scorers(first=None)
        features = scorers.features()
        for _ in range(5):
            await refused(features, {"V99": 1.0})
        assert scorers.asked == 1

    async def test_a_slow_answer_delays_no_payment_and_serves_the_next(self) -> None:
        scorers = Scorers(gate=asyncio.Event())
        features = scorers.features()
        await asyncio.gather(
            *(features.check({"V99": 1.0}, a_call(ms=1.0)) for _ in range(3))
        )
        assert scorers.asked == 1
        assert scorers.gate is not None
        scorers.gate.set()
        assert await refused(features, {"V99": 1.0}) != []
        assert scorers.asked == 1

    async def test_a_description_nobody_can_read_is_silence(self) -> None:
        broken = {"service": "s", "models": [{"name": "m", "current": {"x": 1}}]}
        assert await refused(Scorers(first=broken).features(), {"V99": 1.0}) == []

    async def test_an_unanswered_question_ends_with_the_gateway(self) -> None:
        scorers = Scorers(gate=asyncio.Event())
        features = scorers.features()
        await features.check({"V99": 1.0}, a_call(ms=1.0))
        await features.close()
        assert len(asyncio.all_tasks()) == 1


class TestThroughTheGateway:
    @pytest.mark.parametrize("route", ["/score", "/ml/predict", "/rules/evaluate"])
    async def test_every_route_that_takes_a_payment_refuses(
        self, start: Any, route: str
    ) -> None:
        async with start() as run:
            body = payment_body(features={"V1": 0.5, "no_such_feature": 1})
            reply = await run.http.post(route, json=body)
        assert reply.status_code == 422
        assert [e["field"] for e in reply.json()["errors"]] == [
            "features.no_such_feature"
        ]

    async def test_the_inputs_of_a_loaded_model_need_no_change_of_code(
        self, start: Any
    ) -> None:
        async with start() as run:
            otherwise = run.transport.responders["lightgbm"]

            async def host(path: str, body: bytes) -> tuple[int, bytes]:
                if path == "/v1/model":
                    return 200, json.dumps(description(IMPORTED)).encode()
                answer: tuple[int, bytes] = await otherwise(path, body)
                return answer

            run.transport.responders["lightgbm"] = host
            body = payment_body(features={"C1": 1, "P_emaildomain": "a.org"})
            reply = await run.score(body)
        assert reply.status_code == 200

    async def test_with_a_scorer_away_the_payment_is_decided(self, start: Any) -> None:
        async with start() as run:
            del run.transport.responders["lightgbm"]
            reply = await run.score(payment_body(features={"C1": 1, "V1": 0.5}))
        assert reply.status_code == 200
