"""The rules and the policy in the gateway's own process.

The hard rules hold for every payment: deny lists depend on no service and on nobody's
patience. They are evaluated here unless the rules service has answered from the same ruleset
and lists no older. When the rules service or the decision service does not answer, what it
had in force is applied here; on a share of ordinary payments both answer and are compared,
so that this path is never first used in an outage.

What is in force is followed: twice a second each service is asked what changed. It is kept in
a file, so that a gateway that starts while a service is away knows what the last one knew.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import ValidationError

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.policy.policy_schema import DocumentError
from fraud_engines.rules.in_force import RulesInForce
from fraud_engines.rules.ruleset import Ruleset, RulesetError
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.telemetry import ENGINE_COMPARISONS, ENGINE_RELOADS
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RulesResult
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.contracts.versions import InForce
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.problems import FraudError, Unavailable

log = structlog.get_logger()
# Asks a service by its name for a path: the body of its answer. Raises DependencyError.
Ask = Callable[[str, str], Awaitable[bytes]]


class Versioned(Protocol):
    """What is loaded: `name@version+hash8`, and the text's whole hash."""

    @property
    def version(self) -> str:
        """`name@version+hash8`."""


class EngineInvalid(FraudError):
    """The gateway's ruleset or policy does not pass its checks."""

    status = 422
    type = "engine-invalid"
    detail = "What was in force in the gateway stays in force."


class LocalEngine(ABC):
    """What one service has in force, as the gateway last heard of it.

    `service` and `path` are whom to ask, `seed` is the file that the service was seeded
    with, `kept` the file in which the last answer is kept.
    """

    service: str
    path: str

    def __init__(self, seed: Path, kept: Path | None) -> None:
        self._seed = seed
        self._kept = kept
        self._reported: str | None = None
        self.revision = 0

    @property
    @abstractmethod
    def current(self) -> Versioned:
        """What is in force here. Raises Unavailable before the first is loaded."""

    @abstractmethod
    async def adopt(self, change: InForce) -> None:
        """Put what changed in force. Raises RulesetError and DocumentError."""

    @abstractmethod
    def whole(self) -> InForce:
        """All that is in force, as one message."""

    @property
    def differs(self) -> bool:
        """Whether the service last had another version. One that never answered is taken
        to have what the gateway has."""
        return self._reported not in (None, self.current.version)

    def note(self, version: str | None) -> None:
        """Keep the version that the service answered with."""
        self._reported = version or self._reported

    async def start(self) -> None:
        """Load what was kept last, or the seed. Raises EngineInvalid."""
        if await self._restored():
            return
        try:
            text = await asyncio.to_thread(self._seed.read_text)
            await self.adopt(InForce(revision=0, documents=True, live=text))
        except (OSError, UnicodeDecodeError, RulesetError, DocumentError) as error:
            problems = getattr(error, "problems", (("file", "cannot be read"),))
            self._refused(problems)
            raise EngineInvalid(errors=problems) from None
        ENGINE_RELOADS.labels(self.service, "loaded").inc()

    async def _restored(self) -> bool:
        if self._kept is None:
            return False
        try:
            raw = await asyncio.to_thread(self._kept.read_bytes)
            change = InForce.model_validate_json(raw)
            await self.adopt(change)
        except (OSError, ValidationError, RulesetError, DocumentError):
            return False
        self.revision = change.revision
        return True

    async def follow(self, ask: Ask) -> None:
        """Take over what changed at the service; without an answer nothing changes.
        Raises EngineInvalid for what this gateway cannot load."""
        try:
            raw = await ask(self.service, f"{self.path}?after={self.revision}")
            change = InForce.model_validate_json(raw)
        except (DependencyError, ValidationError):
            return
        if change.revision == self.revision:
            return
        try:
            await self.adopt(change)
        except (RulesetError, DocumentError) as error:
            self._refused(error.problems)
            raise EngineInvalid(errors=error.problems) from None
        self.revision = change.revision
        if change.documents:
            self.note(self.current.version)
            ENGINE_RELOADS.labels(self.service, "loaded").inc()
            log.info("engine_loaded", engine=self.service, version=self.current.version)
        await self._keep()

    async def _keep(self) -> None:
        if self._kept is None:
            return
        raw = self.whole().model_dump_json().encode()
        try:
            await asyncio.to_thread(_write, self._kept, raw)
        except OSError as error:
            log.warning("engine_not_kept", exception=type(error).__name__)

    def _refused(self, problems: tuple[tuple[str, str], ...]) -> None:
        ENGINE_RELOADS.labels(self.service, "refused").inc()
        log.warning("engine_refused", engine=self.service, first=problems[0])

    def compare(self, version: str | None, *, same: bool) -> None:
        """Count one comparison with the service's answer by that version."""
        outcome = "same" if same else "different"
        if version != self.current.version:
            outcome = "other_version"
        elif not same:
            log.warning("engines_disagree", engine=self.service, version=version)
        ENGINE_COMPARISONS.labels(self.service, outcome).inc()


class LocalRules(LocalEngine):
    """The rulesets, the edited lists, and of the rules those that block."""

    service = "rules"
    path = "/v1/rulesets/in-force"

    def __init__(self, seed: Path, clock: Clock, kept: Path | None = None) -> None:
        super().__init__(seed, kept)
        self._clock = clock
        self._texts: tuple[str, str | None] = ("", None)
        self.in_force = RulesInForce(PAYMENT_FEATURES)

    @property
    def current(self) -> Ruleset:
        """The live ruleset here. Raises Unavailable before the first is loaded."""
        if self.in_force.loaded is None:
            raise Unavailable
        return self.in_force.loaded.live

    async def adopt(self, change: InForce) -> None:
        """Put what changed in force. Raises RulesetError."""
        if change.documents and change.live is not None:
            loaded = await asyncio.to_thread(
                self.in_force.prepare, change.live, change.shadow, change.demoted
            )
            self.in_force.flip(loaded)
            self._texts = change.live, change.shadow
        self.in_force.take(change, self._clock.now())

    def whole(self) -> InForce:
        """All that is in force, as one message."""
        loaded = self.in_force.loaded
        return InForce(
            revision=self.revision,
            documents=True,
            live=self._texts[0],
            shadow=self._texts[1],
            demoted=sorted(loaded.demoted) if loaded else [],
            markers=self.in_force.register.markers(),
        )

    def is_covered_by(self, answer: RulesResult) -> bool:
        """Whether the service's answer knows all that is known here: this ruleset, and
        lists no older. Then the hard rules here could only say the same."""
        same = answer.ruleset == self.current.version
        return same and answer.entries >= self.in_force.revision

    def hard_block(
        self, payment: Transaction, features: FeatureVector
    ) -> RulesResult | None:
        """What all rules say when one that blocks, or the deny list, is hit; else None."""
        return self.in_force.hard_block(payment, features, self._clock.now())

    def evaluate(self, payment: Transaction, features: FeatureVector) -> RulesResult:
        """What the rules say, in the service's place."""
        result = self._evaluated(payment, features)
        failover = "differs" if self.differs else "same"
        return result.model_copy(update={"failover": failover})

    def check(
        self, answer: RulesResult, payment: Transaction, features: FeatureVector
    ) -> None:
        """Compare the service's answer with what is said here, once both know the same
        lists."""
        if answer.entries == self.in_force.revision:
            own = self._evaluated(payment, features)
            self.compare(answer.ruleset, same=_findings(own) == _findings(answer))

    def _evaluated(self, payment: Transaction, features: FeatureVector) -> RulesResult:
        return self.in_force.evaluate(payment, features, self._clock.now())


class LocalPolicy(LocalEngine):
    """The policy."""

    service = "decision"
    path = "/v1/policies/in-force"

    def __init__(self, seed: Path, kept: Path | None = None) -> None:
        super().__init__(seed, kept)
        self._policy: Policy | None = None
        self._text = ""

    @property
    def current(self) -> Policy:
        """The policy here. Raises Unavailable before the first is loaded."""
        if self._policy is None:
            raise Unavailable
        return self._policy

    async def adopt(self, change: InForce) -> None:
        """Put what changed in force. Raises DocumentError."""
        if change.documents and change.live is not None:
            raw = change.live.encode()
            self._policy = await asyncio.to_thread(load_policy, raw)
            self._text = change.live

    def whole(self) -> InForce:
        """All that is in force, as one message."""
        return InForce(revision=self.revision, documents=True, live=self._text)

    def decide(self, request: DecideRequest) -> Ruling:
        """The ruling, in the service's place."""
        return self.current.decide(request)

    def check(self, answer: Ruling, request: DecideRequest) -> None:
        """Compare the service's ruling with the one made here."""
        self.compare(answer.policy, same=self.current.decide(request) == answer)


class Engines:
    """Both engines of the gateway, and the share of payments on which they are compared."""

    def __init__(
        self, rules: LocalRules, policy: LocalPolicy, *, share: float, ask: Ask
    ) -> None:
        self.rules = rules
        self.policy = policy
        self._share = share
        self._ask = ask

    def compares(self, transaction_id: str) -> bool:
        """Whether this payment is one of those on which services and gateway both answer."""
        digest = sha256(b"compare:" + transaction_id.encode()).digest()
        return int.from_bytes(digest[:8], "big") < self._share * 2**64

    async def start(self) -> None:
        """Load what each service is taken to have. Raises EngineInvalid."""
        await self.rules.start()
        await self.policy.start()

    async def follow(self) -> dict[str, str]:
        """Take over what changed at both services; the versions in force here. Raises
        EngineInvalid."""
        await asyncio.gather(
            self.rules.follow(self._ask), self.policy.follow(self._ask)
        )
        return {
            "rules": self.rules.current.version,
            "policy": self.policy.current.version,
        }


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(raw)
    part.replace(path)


def _findings(result: RulesResult) -> tuple[object, ...]:
    """What of a result does not depend on the machine that made it."""
    hits = [(hit.rule, hit.effect, hit.severity, hit.reason) for hit in result.hits]
    shadow = [hit.rule for hit in result.shadow]
    overridden = [hit.rule for hit in result.overridden]
    return result.rules_flag, hits, shadow, overridden, result.errors
