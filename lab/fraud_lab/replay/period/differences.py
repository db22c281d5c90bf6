"""Which field of a decision is another now, in the order in which a payment is decided."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fraud_lab.replay.masking import first_difference
from fraud_orchestrator.action_requests import planned
from fraud_shared.contracts.decision import Decision, Ruling
from fraud_shared.contracts.signal import RulesResult, Signal

# Of a ruling, what a decision says in the same words.
_RULED = (
    "decision", "challenge", "confidence", "risk", "expected_loss_minor", "reason",
    "reasons", "degraded",
)  # fmt: skip
_MEASURED = {"elapsed_ms": 0.0}
Difference = tuple[str, Any, Any]


def differences(
    was: Decision, rules: RulesResult, signals: tuple[Signal, ...], ruling: Ruling
) -> Iterator[Difference]:
    """Every field of a decision that is another now, in the order in which a payment is
    decided: the first is the cause of those after it."""
    if _said(was.rules) != _said(rules):
        yield _named("rules", _unmeasured(was.rules), _unmeasured(rules))
    for before, now in zip(was.signals, signals, strict=True):
        if before != now:
            yield _named(f"signals.{before.source}", before, now)
    for name in _RULED:
        before, now = getattr(was, name), getattr(ruling, name)
        if before != now:
            yield name, _plain(before), _plain(now)
    derived: Mapping[str, tuple[Any, Any]] = {
        "versions.policy": (was.versions["policy"], ruling.policy),
        "rules_flag": (was.rules_flag, rules.rules_flag),
        "actions": (was.actions, planned(was.decision_id, ruling.actions)),
    }
    for name, (before, now) in derived.items():
        if before != now:
            yield name, _plain(before), _plain(now)


def _said(rules: RulesResult) -> tuple[Any, ...]:
    """What was not measured of it."""
    hits = tuple(
        (hit.rule, hit.effect, hit.severity, hit.reason, hit.kind, place)
        for place, found in enumerate((rules.hits, rules.shadow, rules.overridden))
        for hit in found
    )
    whole = rules.outcome, rules.rules_flag, rules.ruleset, rules.entries
    return (*whole, rules.errors, rules.failover, hits)


def _unmeasured(rules: RulesResult) -> RulesResult:
    def plain(hits: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(hit.model_copy(update={"elapsed_us": 0.0}) for hit in hits)

    update = {
        name: plain(getattr(rules, name)) for name in ("hits", "shadow", "overridden")
    }
    return rules.model_copy(update={**_MEASURED, **update})


def _named(path: str, before: Any, now: Any) -> Difference:
    one, other = before.model_dump_json().encode(), now.model_dump_json().encode()
    name, was, became = first_difference(one, other)
    return f"{path}.{name}", was, became


def _plain(value: Any) -> Any:
    """A value as JSON has it, for the report."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value
