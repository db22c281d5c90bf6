"""A whole ruleset over a frame of payments: what the online engine would say of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from fraud_engines.rules.fields import WITNESS, declared
from fraud_engines.rules.register import FUNCTIONS
from fraud_engines.rules.ruleset import Rule, Ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES, FeatureSet
from fraud_lab.rules.algebra import Outside, Truth
from fraud_lab.rules.checked import Const, Node, read, walk
from fraud_lab.rules.columns import Columns, Contains, Flags
from fraud_lab.rules.truths import Meaning

# Payments that are worked on at a time: about 100 MB with every field in use.
CHUNK = 131_072
_STORED = ("velocity", "profile", "risk")


@dataclass(frozen=True)
class RuleColumns:
    """One rule over a frame: where it is true, where it failed, where it acts, and where it
    acts and is an error: it failed, or a field that it needs was lost."""

    rule: Rule
    true: Flags
    failed: Flags
    acts: Flags
    error: Flags

    @property
    def hit(self) -> Flags:
        """Where it acts and is true, or failed."""
        return (self.true | self.failed) & self.acts


class RulesetColumns:
    """A ruleset, compiled to columns once and applied to any number of frames."""

    def __init__(
        self, ruleset: Ruleset, features: FeatureSet = PAYMENT_FEATURES
    ) -> None:
        self.ruleset = ruleset
        self._types = declared(features)
        self._stored = {f.name for f in features.features if f.source in _STORED}
        self.trees: dict[str, Node] = {
            rule.ref: read(rule.expression.checked()) for rule in ruleset.evaluated
        }
        nodes = (part for tree in self.trees.values() for part in walk(tree))
        self._texts = {
            node.value
            for node in nodes
            if isinstance(node, Const) and isinstance(node.value, str)
        }
        self.lists: dict[str, Contains] = {**ruleset.lists, **edited(ruleset)}

    @property
    def fields(self) -> frozenset[str]:
        """Every column that a frame must have."""
        return self.ruleset.reader.names | {WITNESS}

    def _uses(self, rule: Rule) -> frozenset[str]:
        return rule.expression.uses & frozenset(self._types)

    def apply(self, frame: pl.DataFrame, now: datetime | None = None) -> "Applied":
        """Every rule over a frame with the columns `fields`. Snoozes count as at `now`, or
        at each payment's own `occurred_at`."""
        columns = Columns(
            frame.select(sorted(self.fields)),
            self._types,
            self.ruleset.language,
            lists=self.lists,
            texts=self._texts,
        )
        meaning = Meaning(columns)
        gone = {name: ~columns.known(name) for name in self.fields}
        names = self.ruleset.reader.names & self._stored
        lost = {name: gone[name] & gone[WITNESS] for name in names}
        any_lost = _any(list(lost.values()), frame.height)
        found = []
        for rule in self.ruleset.evaluated:
            truth = self._truth(rule, meaning, columns)
            own = _any([lost[n] for n in self._uses(rule) if n in lost], frame.height)
            failed = np.zeros(frame.height, dtype=np.bool_)
            if truth.fault is not None:
                # Without anything lost a rule that lacks a needed field is not even asked.
                absent = _any([gone[n] for n in rule.expression.needs], frame.height)
                failed = truth.fault & (any_lost | ~absent)
            acts = self._acts(rule, frame, now)
            error = acts & (failed | (~(truth.true | truth.false) & own))
            found.append(RuleColumns(rule, truth.true, failed, acts, error))
        return Applied(tuple(found), frame.height, tuple(columns.asked_singly))

    def _truth(self, rule: Rule, meaning: Meaning, columns: Columns) -> Truth:
        try:
            return meaning.truth(self.trees[rule.ref])
        except Outside:
            return columns.asked(rule.expression, rule.expression.uses)

    def _acts(self, rule: Rule, frame: pl.DataFrame, now: datetime | None) -> Flags:
        row, live = rule.row, rule.state == "live"
        bounds = (row.snoozed_until, row.valid_from, row.valid_until)
        if not live or bounds == (None, None, None):
            return np.full(frame.height, live)
        if now is not None:
            return np.full(frame.height, rule.acts(now))
        moments = frame["occurred_at"].to_list()
        return np.array([rule.acts(moment) for moment in moments], dtype=np.bool_)


def edited(ruleset: Ruleset) -> dict[str, Contains]:
    """The lists that people edit, as the ruleset's register has them by now."""
    register = ruleset.register

    def on(name: str) -> Contains:
        which, kind = FUNCTIONS[name]
        return lambda value: register.contains(which, kind, value)

    return {name: on(name) for name in FUNCTIONS}


@dataclass(frozen=True)
class Applied:
    """What every rule says of every payment of a frame."""

    rules: tuple[RuleColumns, ...]
    height: int
    # Parts without a vector form, which the compiled expression was asked for.
    asked_singly: tuple[str, ...]

    def hits(self) -> Iterator[RuleColumns]:
        """The rules that acted somewhere."""
        return (one for one in self.rules if one.hit.any())

    def counted(self) -> Mapping[str, np.ndarray]:
        """For the policy: BLOCK and errors as flags, FLAG hits counted by severity."""
        zeros = np.zeros(self.height, dtype=np.int64)
        found: dict[str, np.ndarray] = {
            "blocked": np.zeros(self.height, dtype=np.bool_),
            "errors": np.zeros(self.height, dtype=np.bool_),
            **{s: zeros.copy() for s in ("low", "medium", "high", "critical")},
        }
        for one in self.rules:
            found["errors"] |= one.error
            failing = one.rule.failed(0.0)
            for said, where in ((one.rule, one.true), (failing, one.failed)):
                if said.effect == "BLOCK":
                    found["blocked"] |= where & one.acts
                else:
                    found[said.severity] += where & one.acts
        return found


def _any(masks: list[Flags], height: int) -> Flags:
    found = np.zeros(height, dtype=np.bool_)
    for mask in masks:
        found |= mask
    return found
