"""Tests of a ruleset that its author writes: payments, and what the rules must say of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, ValidationError

from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.fields import WITNESS
from fraud_engines.rules.ruleset import Ruleset, RulesetError
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.base import Contract, Text
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RulesFlag
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.documents import SourceError, parse

# What a case need not repeat.
_NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_ORDINARY: dict[str, Any] = {
    "transaction_id": "case",
    "account_id": "acc-1",
    "amount_minor": 4_250,
    "currency": "EUR",
    "occurred_at": _NOW.isoformat(),
    "kind": "card_payment",
    "channel": "ecommerce",
}


class Expected(Contract):
    """What must be said: the flag, rules that are hit, and rules that are not, each by id
    with or without version."""

    flag: RulesFlag | None = None
    hits: tuple[str, ...] = ()
    not_hits: tuple[str, ...] = ()


class Case(Contract):
    """One payment. `payment` changes an ordinary card payment; of the features only those
    that are named have a value."""

    name: Text
    payment: dict[str, Any] = Field(default_factory=dict)
    features: dict[str, float | int | bool | None] = Field(default_factory=dict)
    at: AwareDatetime = _NOW
    expect: Expected


class CaseFile(Contract):
    """A file of cases."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=10_000)]


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that came out otherwise."""

    case: str
    problem: str


def read_cases(body: bytes) -> CaseFile:
    """The cases in a YAML or JSON text. Raises RulesetError with every problem found."""
    try:
        return CaseFile.model_validate_json(parse(body))
    except SourceError as error:
        raise RulesetError((("body", str(error)),)) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:20]
        raise RulesetError(
            tuple((".".join(map(str, e["loc"])) or "body", e["msg"]) for e in found)
        ) from None


def run_cases(ruleset: Ruleset, file: CaseFile) -> list[Failure]:
    """The cases that a ruleset does not meet."""
    return [
        Failure(case.name, problem)
        for case in file.cases
        for problem in _problems(ruleset, case)
    ]


def _problems(ruleset: Ruleset, case: Case) -> list[str]:
    unknown = sorted(set(case.features) - set(PAYMENT_FEATURES.names))
    if unknown:
        return [f"no such feature: {', '.join(unknown)}"]
    try:
        payment = Transaction.model_validate(
            {**_ORDINARY, **case.payment}, strict=False
        )
    except ValidationError as error:
        places = (".".join(map(str, e["loc"])) for e in error.errors())
        return [f"not a payment: {', '.join(places)}"]
    result = evaluate(ruleset, payment, _vector(case), case.at)
    said = {hit.rule for hit in result.hits}
    said |= {rule.partition("@")[0] for rule in said}
    expected = case.expect
    found = [f"{rule} is not hit" for rule in expected.hits if rule not in said]
    found += [f"{rule} is hit" for rule in expected.not_hits if rule in said]
    if expected.flag not in (None, result.rules_flag):
        found.append(f"the flag is {result.rules_flag}, not {expected.flag}")
    return found


def _vector(case: Case) -> FeatureVector:
    values = {WITNESS: 1, **case.features}
    return FeatureVector(
        feature_set=PAYMENT_FEATURES.name,
        version=PAYMENT_FEATURES.version,
        hash=PAYMENT_FEATURES.hash,
        values=tuple(
            None if (value := values.get(name)) is None else float(value)
            for name in PAYMENT_FEATURES.names
        ),
    )
