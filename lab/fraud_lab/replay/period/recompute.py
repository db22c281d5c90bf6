"""Recorded decisions decided again from the vector and the answers that were recorded.

Models, rules and policy are asked again; what the online store said, who was screened and
which exemption the counters allowed is taken from the record. Nothing here does I/O but the
loading of models.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.rules.engine import WrongFeatures, evaluate
from fraud_engines.rules.ruleset import Ruleset
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.replay.period.differences import differences
from fraud_lab.replay.period.in_force import InForce, Lists
from fraud_lab.replay.period.models import (
    NotRecomputable,
    PublishedModels,
    signals_of,
)
from fraud_orchestrator.stages.rules import BLOCK_LIST
from fraud_orchestrator.stages.verdict import STAND_IN_POLICY, marked, stand_in
from fraud_shared.contracts.decision import (
    DecisionMade,
    Ruling,
    decide_request,
)
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.signal import RulesResult, Signal


@dataclass(frozen=True)
class Instead:
    """What decides in the place of what decided: texts, and a bundle's name."""

    ruleset: str | None = None
    policy: str | None = None
    bundle: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether the recorded versions decide again, which must give what they gave."""
        return self == Instead()


@dataclass
class Tally:
    """How payments that were decided again compare with the record.

    `not_recomputed`: by what is not to be had any more. `fields`: by the first field that
    differs. `verdicts`: recorded and now, where they differ.
    """

    payments: int = 0
    identical: int = 0
    signals: int = 0
    not_recomputed: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    example: dict[str, Any] | None = None

    def add(self, other: "Tally") -> None:
        """Count another's payments too."""
        for name in ("payments", "identical", "signals"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.not_recomputed += other.not_recomputed
        self.fields += other.fields
        self.verdicts += other.verdicts
        self.example = self.example or other.example


class Recomputer:
    """Decides recorded payments again. `in_force`: what there was; `instead`: what decides
    in its place."""

    def __init__(
        self, models: PublishedModels, in_force: InForce, instead: Instead
    ) -> None:
        self._models = models
        self._in_force = in_force
        self._instead = instead
        self._lists = Lists(in_force.entries)
        self._rulesets: dict[str, Ruleset] = {}
        self._demoted: dict[tuple[str, frozenset[str]], Ruleset] = {}
        self._policies: dict[str, Policy] = {}

    def chunk(self, records: Sequence[bytes]) -> Tally:
        """Decide `records` (`DecisionMade` as JSON) again, oldest first."""
        made = [DecisionMade.model_validate_json(record) for record in records]
        tally = Tally(payments=len(made))
        rules = [self._tried(self._rules, one, tally) for one in made]
        signals = self._signals(made, rules, tally)
        for number, one in enumerate(made):
            result, said = rules[number], signals[number]
            if result is None or said is None:
                continue
            ruling = self._tried(self._ruling, one, tally, result, said)
            if ruling is not None:
                self._compare(one, result, said, ruling, tally)
        return tally

    def _tried(
        self, step: Any, made: DecisionMade, tally: Tally, *given: Any
    ) -> Any | None:
        try:
            return step(made, *given)
        except NotRecomputable as missing:
            tally.not_recomputed[str(missing)] += 1
            return None

    def _rules(self, made: DecisionMade) -> RulesResult:
        """What the rules say now. A block of the online store stands as recorded."""
        was = made.decision.rules
        if was.ruleset == BLOCK_LIST or was.outcome != "scored":
            return was
        ruleset = self._ruleset(was)
        self._lists.turn_to(was.entries, made.decision.decided_at)
        try:
            found = evaluate(
                ruleset, made.transaction, made.features, made.decision.decided_at
            )
        except WrongFeatures:
            raise NotRecomputable(f"features {made.features.hash[:8]}") from None
        shadow = found.shadow
        if was.shadow and self._same_rules:
            # What a candidate beside it said is no part of the decision.
            known = {rule.ref for rule in ruleset.evaluated}
            shadow += tuple(hit for hit in was.shadow if hit.rule not in known)
        return found.model_copy(update={"failover": was.failover, "shadow": shadow})

    @property
    def _same_rules(self) -> bool:
        return self._instead.ruleset is None

    def _ruleset(self, was: RulesResult) -> Ruleset:
        version = "" if self._instead.ruleset is not None else was.ruleset or ""
        ruleset = self._rulesets.get(version)
        if ruleset is None:
            text = self._instead.ruleset or self._in_force.rulesets.get(version)
            if text is None:
                raise NotRecomputable(f"ruleset {version}")
            ruleset = self._rulesets[version] = load_ruleset(
                text.encode(), PAYMENT_FEATURES, self._lists.register
            )
        if not self._same_rules or not was.shadow:
            return ruleset
        # A live rule that only shows up in the shadow: the guard had demoted it.
        live = {rule.ref for rule in ruleset.evaluated if rule.state == "live"}
        refs = frozenset(hit.rule for hit in was.shadow) & live
        if not refs:
            return ruleset
        if (version, refs) not in self._demoted:
            self._demoted[version, refs] = ruleset.demoted(refs)
        return self._demoted[version, refs]

    def _signals(
        self,
        made: Sequence[DecisionMade],
        rules: Sequence[RulesResult | None],
        tally: Tally,
    ) -> list[tuple[Signal, ...] | None]:
        """The signals of every payment, the rows of one model scored together."""
        asked: dict[int, list[tuple[int, int]]] = defaultdict(list)
        by_id = {}
        found: list[list[Signal] | None] = []
        for number, (one, result) in enumerate(zip(made, rules, strict=True)):
            signals = list(one.decision.signals)
            found.append(signals)
            if result is None:
                found[number] = None
                continue
            for place, was in enumerate(signals):
                if not _asked_now(was, result):
                    signals[place] = _not_asked(was, result)
                    continue
                try:
                    model = self._models.that_scored(was.source, was.model)
                except NotRecomputable as missing:
                    tally.not_recomputed[str(missing)] += 1
                    found[number] = None
                    break
                by_id[id(model)] = model
                asked[id(model)].append((number, place))
        for key, places in asked.items():
            self._score(by_id[key], places, made, found, tally)
        return [None if one is None else tuple(one) for one in found]

    def _score(
        self,
        model: Any,
        places: Sequence[tuple[int, int]],
        made: Sequence[DecisionMade],
        found: list[list[Signal] | None],
        tally: Tally,
    ) -> None:
        wanted = [(n, p) for n, p in places if found[n] is not None]
        if not wanted:
            return
        vectors = [made[n].features for n, _ in wanted]
        recorded = [made[n].decision.signals[p] for n, p in wanted]
        try:
            signals = signals_of(model, vectors, recorded)
        except NotRecomputable as missing:
            tally.not_recomputed[str(missing)] += len(wanted)
            for number, _ in wanted:
                found[number] = None
            return
        tally.signals += len(wanted)
        for (number, place), signal in zip(wanted, signals, strict=True):
            row = found[number]
            assert row is not None
            row[place] = signal

    def _ruling(
        self, made: DecisionMade, rules: RulesResult, signals: tuple[Signal, ...]
    ) -> Ruling:
        """The policy's ruling on what was recomputed, made by whom it was made."""
        was = made.decision
        request = decide_request(
            made.transaction, made.context, rules, signals, was.screening
        )
        version = was.versions["policy"]
        if version == STAND_IN_POLICY and self._instead.policy is None:
            return stand_in(request)
        own = self._policy(version).decide(request)
        if DegradedCode.DECISION_FAILOVER in was.degraded:
            return marked(own, request, "failover")
        if DegradedCode.DECISION_UNAVAILABLE in was.degraded:
            return marked(own, request, "nobody")
        return own

    def _policy(self, version: str) -> Policy:
        version = "" if self._instead.policy is not None else version
        policy = self._policies.get(version)
        if policy is None:
            text = self._instead.policy or self._in_force.policies.get(version)
            if text is None:
                raise NotRecomputable(f"policy {version}")
            policy = self._policies[version] = load_policy(text.encode())
        return policy

    def _compare(
        self,
        made: DecisionMade,
        rules: RulesResult,
        signals: tuple[Signal, ...],
        ruling: Ruling,
        tally: Tally,
    ) -> None:
        was = made.decision
        if was.decision != ruling.decision:
            tally.verdicts[was.decision.value, ruling.decision.value] += 1
        difference = next(differences(was, rules, signals, ruling), None)
        if difference is None:
            tally.identical += 1
            return
        name, before, now = difference
        tally.fields[name] += 1
        if tally.example is None:
            tally.example = {"decision_id": was.decision_id, "field": name}
            tally.example |= {"recorded": before, "now": now}


def _asked_now(was: Signal, rules: RulesResult) -> bool:
    """Whether a model's answer is to be had: it gave one, or was not asked only because
    the rules had blocked, which they do no more."""
    if rules.rules_flag == "BLOCK":
        return False
    spared = was.outcome == "skipped" and was.detail == "RULES_BLOCK"
    return was.outcome == "scored" or was.model is not None or spared


def _not_asked(was: Signal, rules: RulesResult) -> Signal:
    """A gap stays the gap it was, unless the rules block now."""
    if rules.rules_flag == "BLOCK":
        return Signal(source=was.source, outcome="skipped", detail="RULES_BLOCK")
    return was
