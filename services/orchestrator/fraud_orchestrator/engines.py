"""The rules and the policy in the gateway's own process.

The hard rules come first for every payment: deny lists depend on no service and on nobody's
patience. When the rules service or the decision service does not answer, the same files are
applied here; on a share of ordinary payments both answer and are compared, so that this path
is never first used in an outage.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.policy.policy_schema import DocumentError
from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.ruleset import Ruleset, RulesetError, hard_rules
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.telemetry import ENGINE_COMPARISONS, ENGINE_RELOADS
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RulesResult
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.documents import content_hash
from fraud_shared.mesh.clock import Clock
from fraud_shared.web.problems import FraudError, Unavailable

log = structlog.get_logger()


class Versioned(Protocol):
    """What is loaded from a file: `name@version+hash8`, and the file's whole hash."""

    version: str
    content_hash: str


E = TypeVar("E", bound=Versioned)


class EngineInvalid(FraudError):
    """The gateway's ruleset or policy does not pass its checks."""

    status = 422
    type = "engine-invalid"
    detail = "What was in force in the gateway stays in force."


class LocalEngine(Generic[E]):
    """One file, what is loaded from it, and which version its service had last."""

    def __init__(self, name: str, file: Path, load: Callable[[bytes], E]) -> None:
        self.name = name
        self._file = file
        self._load = load
        self._current: E | None = None
        self._reported: str | None = None

    @property
    def current(self) -> E:
        """What is in force here. Raises Unavailable before the first is loaded."""
        if self._current is None:
            raise Unavailable
        return self._current

    @property
    def differs(self) -> bool:
        """Whether the service last had another version. One that never answered is taken
        to have read the same file."""
        return self._reported not in (None, self.current.version)

    def note(self, version: str | None) -> None:
        """Keep the version that the service answered with."""
        self._reported = version or self._reported

    async def reload(self) -> None:
        """Read the file and flip to it. Raises EngineInvalid; a bad file changes nothing."""
        try:
            body = await asyncio.to_thread(self._file.read_bytes)
            if self._current and self._current.content_hash == content_hash(body):
                return
            self._current = await asyncio.to_thread(self._load, body)
        except (OSError, RulesetError, DocumentError) as error:
            ENGINE_RELOADS.labels(self.name, "refused").inc()
            problems = getattr(error, "problems", (("file", "cannot be read"),))
            log.warning("engine_refused", engine=self.name, first=problems[0])
            raise EngineInvalid(errors=problems) from None
        ENGINE_RELOADS.labels(self.name, "loaded").inc()
        log.info("engine_loaded", engine=self.name, version=self._current.version)

    def compare(self, version: str | None, *, same: bool) -> None:
        """Count one comparison with the service's answer by that version."""
        outcome = "same" if same else "different"
        if version != self.current.version:
            outcome = "other_version"
        elif not same:
            log.warning("engines_disagree", engine=self.name, version=version)
        ENGINE_COMPARISONS.labels(self.name, outcome).inc()


class LocalRules(LocalEngine[Ruleset]):
    """The ruleset, and of it the rules that block."""

    def __init__(self, file: Path, clock: Clock) -> None:
        super().__init__(
            "rules", file, lambda body: load_ruleset(body, PAYMENT_FEATURES)
        )
        self._clock = clock
        self._hard: tuple[Ruleset, Ruleset] | None = None

    async def reload(self) -> None:
        """Read the file and flip to it, its hard rules compiled. Raises EngineInvalid."""
        await super().reload()
        await asyncio.to_thread(self._hard_rules)

    def hard_block(
        self, payment: Transaction, features: FeatureVector
    ) -> RulesResult | None:
        """What all rules say when one of those that block is hit, else None."""
        now = self._clock.now()
        whole, hard = self._hard_rules()
        found = evaluate(hard, payment, features, now)
        if found.rules_flag != "BLOCK":
            return None
        return evaluate(whole, payment, features, now)

    def _hard_rules(self) -> tuple[Ruleset, Ruleset]:
        """The ruleset and its rules that block."""
        if self._hard is None or self._hard[0] is not self.current:
            self._hard = (self.current, hard_rules(self.current, PAYMENT_FEATURES))
        return self._hard

    def evaluate(self, payment: Transaction, features: FeatureVector) -> RulesResult:
        """What the rules say, in the service's place."""
        result = evaluate(self.current, payment, features, self._clock.now())
        failover = "differs" if self.differs else "same"
        return result.model_copy(update={"failover": failover})

    def check(
        self, answer: RulesResult, payment: Transaction, features: FeatureVector
    ) -> None:
        """Compare the service's answer with what is said here."""
        own = evaluate(self.current, payment, features, self._clock.now())
        self.compare(answer.ruleset, same=_findings(own) == _findings(answer))


class LocalPolicy(LocalEngine[Policy]):
    """The policy."""

    def __init__(self, file: Path) -> None:
        super().__init__("decision", file, load_policy)

    def decide(self, request: DecideRequest) -> Ruling:
        """The ruling, in the service's place."""
        return self.current.decide(request)

    def check(self, answer: Ruling, request: DecideRequest) -> None:
        """Compare the service's ruling with the one made here."""
        self.compare(answer.policy, same=self.current.decide(request) == answer)


class Engines:
    """Both engines of the gateway, and the share of payments on which they are compared."""

    def __init__(self, rules: LocalRules, policy: LocalPolicy, *, share: float) -> None:
        self.rules = rules
        self.policy = policy
        self._share = share

    def compares(self, transaction_id: str) -> bool:
        """Whether this payment is one of those on which services and gateway both answer."""
        digest = sha256(b"compare:" + transaction_id.encode()).digest()
        return int.from_bytes(digest[:8], "big") < self._share * 2**64

    async def reload(self) -> dict[str, str]:
        """Read both files again; the versions in force. Raises EngineInvalid."""
        await self.rules.reload()
        await self.policy.reload()
        return {
            "rules": self.rules.current.version,
            "policy": self.policy.current.version,
        }

    async def follow(self) -> None:
        """Read a file again where its service has another version than the gateway."""
        for engine in (self.rules, self.policy):
            if engine.differs:
                await engine.reload()


def _findings(result: RulesResult) -> tuple[object, ...]:
    """What of a result does not depend on the machine that made it."""
    hits = [(hit.rule, hit.effect, hit.severity, hit.reason) for hit in result.hits]
    shadow = [hit.rule for hit in result.shadow]
    return result.rules_flag, hits, shadow, result.errors
