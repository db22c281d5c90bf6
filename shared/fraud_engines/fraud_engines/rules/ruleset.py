"""A ruleset: loaded, type-checked against the features, versioned by its content."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Formatter

from pydantic import ValidationError

from fraud_engines.rules.entries import asked_of, canonical
from fraud_engines.rules.expression import (
    Expression,
    ExpressionError,
    FieldType,
    Language,
    Value,
)
from fraud_engines.rules.fields import Reader, declared
from fraud_engines.rules.ruleset_schema import (
    Effect,
    RuleRow,
    RulesetDocument,
    Severity,
    State,
)
from fraud_engines.rules.shortlist import Shortlists
from fraud_features.definitions.registry import FeatureSet
from fraud_shared.documents import SourceError, content_hash, parse

# The bank's own rules, which are in force where no other file is set.
DEFAULT_RULESET = Path(__file__).parent / "rulesets" / "default.yaml"


class RulesetError(ValueError):
    """The ruleset cannot be loaded. `problems` are (rule or place, what is wrong) pairs."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{place}: {what}" for place, what in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule. `ref` is its name with its version: `R-014@7`."""

    ref: str
    state: State
    effect: Effect
    severity: Severity
    expression: Expression
    snoozed_until: datetime | None
    # Literal text and the field whose value follows it.
    _reason: tuple[tuple[str, str | None], ...]

    def acts(self, now: datetime) -> bool:
        """Whether a hit counts: live, and not snoozed."""
        return self.state == "live" and (
            self.snoozed_until is None or self.snoozed_until <= now
        )

    def reason(self, values: dict[str, Value]) -> str:
        """The reason with the payment's values in it, at most 256 characters."""
        return "".join(
            text + ("" if name is None else _shown(values.get(name)))
            for text, name in self._reason
        )[:256]


class Ruleset:
    """A loaded ruleset. `version` is `name@version+hash8` of the file it came from."""

    def __init__(
        self, document: RulesetDocument, content_hash: str, features: FeatureSet
    ) -> None:
        self.document = document
        self.content_hash = content_hash
        self.version = f"{document.name}@{document.version}+{content_hash[:8]}"
        self.feature_hash = features.hash
        lists = _lists(document)
        fields = declared(features)
        self.language = Language(fields, lists)
        self.rules = _compile_all(document.rules, self.language, fields)
        self.evaluated = tuple(rule for rule in self.rules if rule.state != "draft")
        self.shortlists = Shortlists(
            [rule.expression for rule in self.evaluated], self.language.compile
        )
        self.reader = Reader(
            features, {name for rule in self.evaluated for name in _names(rule)}
        )


def _lists(document: RulesetDocument) -> dict[str, frozenset[str]]:
    """Every list's entries, as the fields it is asked about write them."""
    asked = asked_of(rule.when for rule in document.rules)
    found: dict[str, frozenset[str]] = {}
    problems: list[tuple[str, str]] = []
    for name, row in document.lists.items():
        found[name], wrong = canonical(name, row.entries, asked.get(name, set()))
        problems += wrong
    if problems:
        raise RulesetError(tuple(problems))
    return found


def load(body: bytes, features: FeatureSet) -> Ruleset:
    """The ruleset in a YAML or JSON text. Raises RulesetError with every problem found."""
    try:
        document = RulesetDocument.model_validate_json(parse(body))
    except SourceError as error:
        raise RulesetError((("body", str(error)),)) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise RulesetError(
            tuple((".".join(map(str, e["loc"])) or "body", e["msg"]) for e in found)
        ) from None
    return Ruleset(document, content_hash(body), features)


def hard_rules(ruleset: Ruleset, features: FeatureSet) -> Ruleset:
    """The live rules that block, as a ruleset of the same version."""
    rows = ruleset.document.rules
    hard = tuple(r for r in rows if r.state == "live" and r.effect == "BLOCK")
    document = ruleset.document.model_copy(update={"rules": hard})
    return Ruleset(document, ruleset.content_hash, features)


def _compile_all(
    rows: tuple[RuleRow, ...], language: Language, fields: dict[str, FieldType]
) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    problems: list[tuple[str, str]] = []
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            problems.append((row.id, "the id is used twice"))
        seen.add(row.id)
        try:
            rules.append(_compile(row, language, fields))
        except ExpressionError as error:
            problems.append((row.id, str(error)))
    if problems:
        raise RulesetError(tuple(problems))
    return tuple(rules)


def _compile(row: RuleRow, language: Language, fields: dict[str, FieldType]) -> Rule:
    return Rule(
        ref=f"{row.id}@{row.version}",
        state=row.state,
        effect=row.effect,
        severity=row.severity,
        expression=language.compile(row.when),
        snoozed_until=row.snoozed_until,
        _reason=_reason(row.reason, fields),
    )


def _reason(
    text: str, fields: dict[str, FieldType]
) -> tuple[tuple[str, str | None], ...]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ExpressionError("reason: braces do not match") from None
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if spec or conversion or name not in fields:
            raise ExpressionError("reason: braces hold a declared field and no more")
        if fields[name] == "string":
            # Identifiers of people and cards stay out of texts that are read and logged.
            raise ExpressionError("reason: only numbers and truth values are shown")
    return tuple((literal, name) for literal, name, _, _ in parts)


def _names(rule: Rule) -> set[str]:
    return set(rule.expression.uses) | {name for _, name in rule._reason if name}


def _shown(value: Value | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower()
