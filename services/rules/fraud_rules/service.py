"""The rules desk: holds the ruleset in force, and swaps it in one step."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from fraud_engines.rules.engine import WrongFeatures, evaluate
from fraud_engines.rules.ruleset import Ruleset, RulesetError, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_rules import telemetry
from fraud_rules.settings import Settings
from fraud_shared.contracts.signal import RulesRequest, RulesResult
from fraud_shared.mesh.clock import Clock
from fraud_shared.web.problems import FraudError, Unavailable

log = structlog.get_logger()


class RulesetInvalid(FraudError):
    """The ruleset does not pass its checks."""

    status = 422
    type = "ruleset-invalid"
    detail = "The ruleset that was in force stays in force."


class FeatureSetMismatch(FraudError):
    """The feature vector belongs to another feature set than the rules use."""

    status = 409
    type = "feature-set-mismatch"
    detail = (
        "Compute the features with the feature set that the rules were checked for."
    )


class RulesService:
    """Evaluates with one ruleset at a time; a request keeps the one it started with."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._file = settings.ruleset
        self._clock = clock
        self._ruleset: Ruleset | None = None

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once a ruleset is loaded."""
        return {"ruleset": lambda: self._ruleset is not None}

    @property
    def ruleset(self) -> Ruleset:
        """The ruleset in force; 503 before the first is loaded."""
        if self._ruleset is None:
            raise Unavailable
        return self._ruleset

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the ruleset; a bad file stops the start."""
        await self.reload()
        yield

    def evaluate(self, request: RulesRequest) -> RulesResult:
        """What the rules say about one payment."""
        try:
            result = evaluate(
                self.ruleset, request.transaction, request.features, self._clock.now()
            )
        except WrongFeatures:
            raise FeatureSetMismatch from None
        telemetry.EVALUATION_SECONDS.observe(result.elapsed_ms / 1e3)
        telemetry.EVALUATIONS.labels(result.rules_flag).inc()
        for hit in result.hits:
            telemetry.HITS.labels(hit.rule, "live").inc()
        for hit in result.shadow:
            telemetry.HITS.labels(hit.rule, "shadow").inc()
        for rule in result.errors:
            telemetry.ERRORS.labels(rule).inc()
        return result

    async def validate(self, body: bytes) -> Ruleset:
        """The ruleset in `body`, checked in full and not put in force."""
        try:
            return await asyncio.to_thread(load, body, PAYMENT_FEATURES)
        except RulesetError as error:
            raise RulesetInvalid(errors=error.problems) from None

    async def reload(self) -> Ruleset:
        """Read the file again and flip to it; a bad file changes nothing."""
        try:
            body = await asyncio.to_thread(self._file.read_bytes)
            ruleset = await self.validate(body)
        except OSError:
            problem = RulesetInvalid(errors=[("file", "cannot be read")])
            self._refuse(problem)
            raise problem from None
        except RulesetInvalid as problem:
            self._refuse(problem)
            raise
        previous, self._ruleset = self._ruleset, ruleset
        if previous is not None:
            telemetry.RULESET_INFO.remove(previous.version)
        telemetry.RULESET_INFO.labels(ruleset.version).set(1)
        telemetry.RELOADS.labels("loaded").inc()
        log.info("ruleset_loaded", ruleset=ruleset.version, rules=len(ruleset.rules))
        return ruleset

    def _refuse(self, problem: RulesetInvalid) -> None:
        telemetry.RELOADS.labels("refused").inc()
        log.warning(
            "ruleset_refused", problems=len(problem.errors), first=problem.errors[0]
        )
