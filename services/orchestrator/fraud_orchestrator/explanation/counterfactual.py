"""The one change that alone changes a verdict, found with the engines themselves.

Each candidate is decided again by the policy (and, for another amount, by the rules) that
are in force in this process; only one whose ruling differs is told. Models score in other
processes: what they said is kept as recorded, and where that is a condition it is named.

The searches are generators that yield between two evaluations, so that whoever drives one
lets payments through meanwhile; what they find is their return value.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from math import ceil

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.explanation.changed import (
    Rules,
    by_others,
    with_amount,
    with_score,
    without,
)
from fraud_shared.contracts.decision import (
    DecideRequest,
    DecisionMade,
    Reason,
    Verdict,
)
from fraud_shared.contracts.degraded import risk_stand_in, scored
from fraud_shared.contracts.explanation import Counterfactual
from fraud_shared.contracts.signal import ModelSource

LARGEST_MINOR = 10**13
# Scores are compared to a millionth.
STEPS = 1_000_000
SCORES = "scores of the models"
WINDOWS = "means, largest amounts and ratios of earlier payments"


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines in force: the verdict on a request, the rules, and whose score leads."""

    decide: Callable[[DecideRequest], Verdict]
    rules: Rules
    risk_model: ModelSource


Search = Generator[None, None, Counterfactual | None]


@dataclass(frozen=True, slots=True)
class Found:
    """A change, or why there is none."""

    change: Counterfactual | None
    none_because: str = ""


def find(record: DecisionMade, engines: Engines) -> Generator[None, None, Found]:
    """The nearest change that alone gives another verdict: a milder one, or of an approval
    a stricter one. The amount comes first where no model scored; else a reason or a score
    comes before an amount that holds only with the scores kept."""
    request, made = record.request(), record.decision
    if engines.decide(request) is not made.decision:
        return Found(None, "the policy in force decides this record otherwise")
    unconditional = not scored(made.signals)
    change = (yield from by_amount(record, engines)) if unconditional else None
    change = change or (yield from _without_one(record, request, engines))
    if change is None and not unconditional:
        change = yield from by_amount(record, engines)
    if change is not None:
        return Found(change)
    return Found(None, "no single amount, reason or score changes the verdict")


def by_amount(record: DecisionMade, engines: Engines) -> Search:
    """The nearest amount with another verdict: lower, or of an approval higher. Amounts
    are probed ever further away and the first change is closed in on by bisection, so an
    island between two probes may be missed; what is told is always recomputed."""
    made, amount = record.decision, record.transaction.amount_minor
    upward = made.decision is Verdict.APPROVE
    if record.features.hash != PAYMENT_FEATURES.hash or not _same_rules(
        record, engines.rules
    ):
        return None

    def verdict(candidate: int) -> Verdict:
        return engines.decide(with_amount(record, candidate, engines.rules))

    if verdict(amount) is not made.decision:
        return None
    same = amount
    for probe in _probes(amount, upward):
        yield
        if _changes(made.decision, verdict(probe)):
            changed = yield from _bisect(
                same, probe, lambda at: _changes(made.decision, verdict(at))
            )
            return Counterfactual(
                kind="amount",
                subject="amount_minor",
                recorded=amount,
                changed=changed,
                decision=verdict(changed).value,
                held=_held(record),
            )
        same = probe
    return None


def _held(record: DecisionMade) -> list[str]:
    """What another amount may also move, and was kept."""
    held = [SCORES] if scored(record.decision.signals) else []
    known = record.context.velocity_known or record.context.velocity_lower_bound
    asked = not by_others(record.decision.rules)
    return [*held, WINDOWS] if known and asked else held


def _same_rules(record: DecisionMade, rules: Rules) -> bool:
    """Whether the rules in force say of the record what they said then."""
    before = record.decision.rules
    if by_others(before):
        return True
    again = rules.evaluate(record.transaction, record.features)
    return (before.rules_flag, [h.rule for h in before.hits], before.errors) == (
        again.rules_flag,
        [h.rule for h in again.hits],
        again.errors,
    )


def _probes(amount: int, upward: bool) -> Iterator[int]:
    """Amounts ever further from `amount`, to the least or the largest there is."""
    step = max(1, amount // 64)
    at = amount
    while (at < LARGEST_MINOR) if upward else (at > 1):
        at = min(at + step, LARGEST_MINOR) if upward else max(at - step, 1)
        yield at
        if upward:
            step += max(1, step // 2)


def _bisect(
    same: int, changed: int, changes: Callable[[int], bool]
) -> Generator[None, None, int]:
    """The value next to an unchanged one, between `same` and `changed`."""
    while abs(changed - same) > 1:
        yield
        middle = (same + changed) // 2
        if changes(middle):
            changed = middle
        else:
            same = middle
    return changed


def _changes(recorded: Verdict, other: Verdict) -> bool:
    """Whether the other verdict is milder, or of an approval stricter."""
    if recorded is Verdict.APPROVE:
        return other is not Verdict.APPROVE
    return other.severity < recorded.severity


def _without_one(
    record: DecisionMade, request: DecideRequest, engines: Engines
) -> Search:
    """The first change of one reason's ground that gives another verdict, heaviest reason
    first; of an approval the risk from which it would be stricter."""
    recorded = record.decision.decision
    if recorded is Verdict.APPROVE:
        return (
            yield from by_score(request, _lead(request, engines), recorded, engines)
        )
    for reason in record.decision.reasons:
        model = _model_of(reason, request, engines)
        if model is not None:
            change = yield from by_score(request, model, recorded, engines)
        else:
            change = _by_reason(request, reason, recorded, engines)
        if change is not None:
            return change
    return None


def _lead(request: DecideRequest, engines: Engines) -> ModelSource:
    """The model whose score is the risk."""
    lead = request.risk_model or engines.risk_model
    return risk_stand_in(request, lead) or lead


def _model_of(
    reason: Reason, request: DecideRequest, engines: Engines
) -> ModelSource | None:
    """Whose score a reason is about."""
    if reason.code.startswith(("RISK_C", "RISK_D", "COST_")):
        return _lead(request, engines)
    if reason.code.startswith("ANOMALY_"):
        sources = (s.source for s in request.signals)
        return next((name for name in sources if name == reason.source), None)
    return None


def by_score(
    request: DecideRequest, model: ModelSource, recorded: Verdict, engines: Engines
) -> Search:
    """The nearest score of one model, to a millionth, with another verdict; every other
    score stays."""
    score = scored(request.signals).get(model)
    if score is None:
        return None

    def changes(step: int) -> bool:
        return _changes(recorded, engines.decide(with_score(request, model, at(step))))

    def at(step: int) -> float:
        return step / STEPS

    upward = recorded is Verdict.APPROVE
    end = STEPS if upward else 0
    # The recorded score lies between two steps: begin with the one that changes less.
    same = int(score * STEPS) if upward else ceil(score * STEPS)
    if changes(same) or not changes(end):
        return None
    step = yield from _bisect(same, end, changes)
    decision = engines.decide(with_score(request, model, at(step)))
    return Counterfactual(
        kind="score",
        subject=model,
        recorded=score,
        changed=at(step),
        decision=decision.value,
        held=[],
    )


def _by_reason(
    request: DecideRequest, reason: Reason, recorded: Verdict, engines: Engines
) -> Counterfactual | None:
    """The verdict without the ground of one reason, where it is another."""
    other = without(request, reason)
    if other is None:
        return None
    verdict = engines.decide(other)
    if not _changes(recorded, verdict):
        return None
    return Counterfactual(
        kind="reason",
        subject=f"{reason.code} {reason.source}",
        recorded=None,
        changed=None,
        decision=verdict.value,
        held=[],
    )
