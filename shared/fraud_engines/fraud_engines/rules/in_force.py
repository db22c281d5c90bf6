"""What is evaluated now: the live ruleset, a candidate in shadow, and the edited lists.

The rules service and the gateway both hold one, filled from the same message, so that they
say the same about a payment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fraud_engines.rules.engine import evaluate, timed
from fraud_engines.rules.register import Register
from fraud_engines.rules.ruleset import Ruleset, load
from fraud_features.definitions.registry import FeatureSet
from fraud_shared.contracts.addresses import Networks
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RulesResult
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.contracts.versions import InForce


@dataclass(frozen=True, slots=True)
class Loaded:
    """Compiled rulesets: what is live (less what the guard demoted), the live rules that
    block, and what a candidate would say that is not live yet."""

    whole: Ruleset
    live: Ruleset
    hard: Ruleset
    candidate: Ruleset | None
    demoted: frozenset[str]


class RulesInForce:
    """Evaluates with what was adopted last; a payment keeps what it started with."""

    def __init__(self, features: FeatureSet) -> None:
        self._features = features
        self.register = Register()
        self._loaded: Loaded | None = None
        # Those on some list: what the gateway says of an address.
        self.networks = Networks(frozenset())

    @property
    def loaded(self) -> Loaded | None:
        """What is in force; None before the first is adopted."""
        return self._loaded

    @property
    def revision(self) -> int:
        """That of the store, up to which everything was adopted."""
        return self.register.revision

    def prepare(self, live: str, shadow: str | None, demoted: Iterable[str]) -> Loaded:
        """Compile, without putting anything in force: slow, so for a thread. Raises
        RulesetError."""
        whole = load(live.encode(), self._features, self.register)
        candidate = None
        if shadow is not None:
            other = load(shadow.encode(), self._features, self.register)
            candidate = whole.changes_to(other)
        refs = frozenset(demoted)
        acting = whole.demoted(refs)
        return Loaded(whole, acting, acting.hard(), candidate, refs)

    def flip(self, loaded: Loaded) -> None:
        """Put compiled rulesets in force."""
        self._loaded = loaded

    def take(self, change: InForce, now: datetime) -> None:
        """Take over entries and snoozes, in the thread that evaluates."""
        if change.revision < self.register.revision:
            # The store came back from a backup: what was known may never have been.
            self.register.clear()
        self.register.apply(change.markers, change.revision)
        self.register.expire(now)
        held = self.register.networks_held()
        if held != self.networks.held:
            self.networks = Networks(held)

    def evaluate(
        self, payment: Transaction, features: FeatureVector, now: datetime
    ) -> RulesResult:
        """What the rules and lists say; the candidate's hits are in `shadow`. Raises
        WrongFeatures."""
        assert self._loaded is not None
        result = evaluate(self._loaded.live, payment, features, now)
        candidate = self._loaded.candidate
        if candidate is None:
            return result
        beside = evaluate(candidate, payment, features, now)
        # Lists were looked up already: only what the candidate's rules say is new.
        found = tuple(hit for hit in beside.shadow if hit.kind != "list")
        return result.model_copy(
            update={
                "shadow": (*result.shadow, *found),
                "elapsed_ms": result.elapsed_ms + beside.elapsed_ms,
            }
        )

    def timed(self, payment: Transaction, features: FeatureVector) -> dict[str, float]:
        """Microseconds that each rule takes for a payment, asked one by one."""
        assert self._loaded is not None
        return timed(self._loaded.live, payment, features)

    def hard_block(
        self, payment: Transaction, features: FeatureVector, now: datetime
    ) -> RulesResult | None:
        """What everything says when a rule that blocks, or the deny list, blocks the
        payment; else None."""
        assert self._loaded is not None
        found = evaluate(self._loaded.hard, payment, features, now)
        if found.rules_flag != "BLOCK":
            return None
        return self.evaluate(payment, features, now)
