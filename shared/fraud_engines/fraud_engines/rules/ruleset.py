"""A ruleset: loaded, type-checked against the features, versioned by its content."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from string import Formatter

from pydantic import ValidationError

from fraud_engines.rules.bounds import MAX_BYTES
from fraud_engines.rules.entries import asked_of, canonical
from fraud_engines.rules.expression import (
    Expression,
    ExpressionError,
    FieldType,
    Language,
    Value,
)
from fraud_engines.rules.fields import Reader, declared
from fraud_engines.rules.register import FUNCTIONS, Register
from fraud_engines.rules.ruleset_schema import (
    Effect,
    RuleRow,
    RulesetDocument,
    Severity,
    State,
    Tier,
)
from fraud_engines.rules.shortlist import Shortlists
from fraud_features.definitions.registry import FeatureSet
from fraud_shared.contracts.signal import RuleHit
from fraud_shared.documents import SourceError, content_hash, line_of, parse

# The bank's own rules, which are in force where no other file is set.
DEFAULT_RULESET = Path(__file__).parent / "rulesets" / "default.yaml"


# A rule that fails says less than one that matches: nobody is declined for it alone.
_WORST_ERROR: Severity = "high"


class RulesetError(ValueError):
    """The ruleset cannot be loaded. `problems` are (rule or place, what is wrong) pairs;
    what is wrong begins with the line where there is one."""

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
    tier: Tier
    on_error: Effect
    expression: Expression
    row: RuleRow
    # Literal text and the field whose value follows it.
    _reason: tuple[tuple[str, str | None], ...]

    def acts(self, now: datetime) -> bool:
        """Whether a hit counts: live, valid now, and not snoozed."""
        row = self.row
        return (
            self.state == "live"
            and (row.snoozed_until is None or row.snoozed_until <= now)
            and (row.valid_from is None or row.valid_from <= now)
            and (row.valid_until is None or now < row.valid_until)
        )

    @property
    def id(self) -> str:
        """The rule's name without its version."""
        return self.row.id

    def hit(self, values: dict[str, Value], elapsed_us: float) -> RuleHit:
        """What is said when it matches."""
        return RuleHit(
            rule=self.ref,
            effect=self.effect,
            severity=self.severity,
            reason=self.reason(values),
            elapsed_us=elapsed_us,
        )

    @property
    def error_severity(self) -> Severity:
        """The severity of a hit of kind `error`."""
        flags = self.on_error == "FLAG" and self.severity == "critical"
        return _WORST_ERROR if flags else self.severity

    def failed(self, elapsed_us: float) -> RuleHit:
        """What is said when it fails on a payment's values: never nothing."""
        return RuleHit(
            rule=self.ref,
            effect=self.on_error,
            severity=self.error_severity,
            reason="The rule failed on this payment's values",
            elapsed_us=elapsed_us,
            kind="error",
        )

    def reason(self, values: dict[str, Value]) -> str:
        """The reason with the payment's values in it, at most 256 characters."""
        return "".join(
            text + ("" if name is None else _shown(values.get(name)))
            for text, name in self._reason
        )[:256]


class Ruleset:
    """A loaded ruleset. `version` is `name@version+hash8` of the file it came from,
    `register` holds the edited lists that it looks at."""

    def __init__(
        self,
        document: RulesetDocument,
        content_hash: str,
        features: FeatureSet,
        register: Register | None = None,
    ) -> None:
        self.document = document
        self.register = Register() if register is None else register
        self.content_hash = content_hash
        self.version = f"{document.name}@{document.version}+{content_hash[:8]}"
        self.feature_hash = features.hash
        fields = declared(features)
        edited = {name: self._asks(name) for name in FUNCTIONS}
        self.lists = _lists(document)
        self.language = Language(fields, {**self.lists, **edited})
        self._features = features
        self._arrange(_compile_all(document.rules, self.language, fields))

    def _arrange(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.evaluated = tuple(rule for rule in self.rules if rule.state != "draft")
        self.shortlists = Shortlists(
            [rule.expression for rule in self.evaluated], self.language.disjunction
        )
        self.reader = Reader(
            self._features, {name for rule in self.evaluated for name in _names(rule)}
        )

    def _asks(self, name: str) -> Callable[[str], bool]:
        """A function of the language over the register."""
        on, kind = FUNCTIONS[name]
        register = self.register
        return lambda value: register.contains(on, kind, value)

    def demoted(self, refs: frozenset[str]) -> "Ruleset":
        """The same version with some live rules in shadow."""
        return self._with(
            replace(rule, state="shadow")
            if rule.ref in refs and rule.state == "live"
            else rule
            for rule in self.rules
        )

    def hard(self) -> "Ruleset":
        """The same version with only the live rules that block."""
        return self._with(
            rule
            for rule in self.rules
            if rule.state == "live" and rule.effect == "BLOCK"
        )

    def changes_to(self, other: "Ruleset") -> "Ruleset | None":
        """The rules of `other` that are not evaluated here as they are there, all in
        shadow; None where there are none."""
        same_lists = {
            name
            for name, row in other.document.lists.items()
            if self.document.lists.get(name) == row
        }
        here = {_as_live(rule.row) for rule in self.evaluated}
        changed = [
            replace(rule, state="shadow")
            for rule in other.evaluated
            if _as_live(rule.row) not in here
            or not set(asked_of([rule.row.when])) <= same_lists | set(FUNCTIONS)
        ]
        return other._with(changed) if changed else None

    def reused(self, other: "Ruleset") -> list[str]:
        """Rules of `other` that have the name and version of one here and mean something
        else: hits would not say which."""
        here = {f"{row.id}@{row.version}": _meaning(row) for row in self.document.rules}
        return [
            ref
            for row in other.document.rules
            for ref in (f"{row.id}@{row.version}",)
            if here.get(ref, _meaning(row)) != _meaning(row)
        ]

    def _with(self, rules: Iterable[Rule]) -> "Ruleset":
        """The same but for its rules, which are compiled already."""
        other = copy(self)
        other._arrange(tuple(rules))
        return other


def _as_live(row: RuleRow) -> RuleRow:
    return row.model_copy(update={"state": "live"})


def _meaning(row: RuleRow) -> tuple[object, ...]:
    return row.when, row.effect, row.severity, row.tier, row.on_error


def _lists(document: RulesetDocument) -> dict[str, frozenset[str]]:
    """Every list's entries, as the fields it is asked about write them."""
    asked = asked_of(rule.when for rule in document.rules)
    found: dict[str, frozenset[str]] = {}
    problems: list[tuple[str, str]] = []
    for name, row in document.lists.items():
        if name in FUNCTIONS:
            problems.append((f"lists.{name}", "is the name of an edited list"))
        found[name], wrong = canonical(name, row.entries, asked.get(name, set()))
        problems += wrong
    if problems:
        raise RulesetError(tuple(problems))
    return found


def load(
    body: bytes, features: FeatureSet, register: Register | None = None
) -> Ruleset:
    """The ruleset in a YAML or JSON text, over the edited lists in `register`. Raises
    RulesetError with every problem found."""
    if len(body) > MAX_BYTES:
        raise RulesetError((("body", f"more than {MAX_BYTES} bytes"),))
    try:
        document = RulesetDocument.model_validate_json(parse(body))
    except SourceError as error:
        raise RulesetError((("body", str(error)),)) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:20]
        raise RulesetError(
            tuple((_place(e["loc"]), _at(body, e["loc"]) + e["msg"]) for e in found)
        ) from None
    try:
        return Ruleset(document, content_hash(body), features, register)
    except RulesetError as error:
        paths = {row.id: n for n, row in reversed(list(enumerate(document.rules)))}
        raise RulesetError(
            tuple(
                (place, _at(body, _path(place, paths)) + what)
                for place, what in error.problems
            )
        ) from None


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "body"


def _path(place: str, rules: Mapping[str, int]) -> tuple[str | int, ...]:
    """Where in the document a problem's place is; the text of a rule's expression."""
    if place in rules:
        return ("rules", rules[place], "when")
    return tuple(place.split("."))


def _at(body: bytes, location: tuple[int | str, ...]) -> str:
    line = line_of(body, location)
    return "" if line is None else f"line {line}: "


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
        tier=row.tier,
        on_error=row.on_error,
        expression=language.compile(row.when),
        row=row,
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
        if fields[name] in ("string", "timestamp"):
            # Identifiers of people and cards stay out of texts that are read and logged.
            raise ExpressionError("reason: only numbers and truth values are shown")
    return tuple((literal, name) for literal, name, _, _ in parts)


def _names(rule: Rule) -> set[str]:
    return set(rule.expression.uses) | {name for _, name in rule._reason if name}


def _shown(value: Value | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value).lower()
