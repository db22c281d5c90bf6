"""What rules of one ruleset say of each other: never true, always true, implied, the same.

Most pairs are told apart by payments, not by proofs: for each rule the solver gives one
payment that it is true of, this is varied in the fields that the rule does not read, and
whoever is seen apart on any of them needs no question. The rest is asked of the solver.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import z3

from fraud_engines.rules.fields import PAYMENT_FIELDS, WITNESS
from fraud_engines.rules.ruleset import Ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.in_bulk import RulesetColumns
from fraud_lab.rules.proof.cases import TYPES, RuleFormula, rule_formulas, space_of
from fraud_lab.rules.proof.formulas import Formulas
from fraud_lab.rules.proof.payments import equality, premises
from fraud_lab.rules.proof.texts import CLOSED, Texts
from fraud_lab.rules.proof.witness import Reading

VARIATIONS = 24
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
_TIMEOUT_MS = 2_000


@dataclass(frozen=True)
class Relations:
    """Proved of every payment. `implied`: (a, b) where b is true wherever a is."""

    never_true: tuple[str, ...]
    always_true: tuple[str, ...]
    implied: tuple[tuple[str, str], ...]
    equivalent: tuple[tuple[str, str], ...]
    outside: tuple[str, ...]
    undecided: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def relations(ruleset: Ruleset, now: datetime, seed: int = 1) -> Relations:
    """Every relation between the evaluated rules that the solver can prove."""
    space, meanings = space_of([ruleset], [])
    formulas = rule_formulas(space, ruleset, meanings[0], now)
    solver = z3.Solver()
    solver.set("timeout", _TIMEOUT_MS)
    solver.add(*premises(space))
    never, always, models = [], [], []
    for one in formulas:
        if solver.check(one.truth.true) == z3.unsat:
            never.append(one.rule.ref)
            continue
        kept = one.rule.expression.uses | CLOSED.keys()
        models.append((one, Reading(space, solver.model(), kept).fields))
        falls = z3.Or(one.truth.false, one.truth.fault or z3.BoolVal(val=False))
        if solver.check(falls) == z3.unsat:
            always.append(one.rule.ref)
    seen = _seen(ruleset, space, models, seed, now)
    pairs, undecided = _pairs(solver, [one for one, _ in models], seen)
    same = {(a, b) for a, b in pairs if (b, a) in pairs}
    return Relations(
        never_true=tuple(never),
        always_true=tuple(always),
        implied=tuple(sorted(pairs - same)),
        equivalent=tuple(sorted((a, b) for a, b in same if a < b)),
        outside=tuple(sorted(space.outside)),
        undecided=undecided,
    )


def _pairs(
    solver: Any, formulas: Sequence[RuleFormula], seen: dict[str, np.ndarray]
) -> tuple[set[tuple[str, str]], int]:
    found: set[tuple[str, str]] = set()
    undecided = 0
    for one in formulas:
        mine = seen[one.rule.ref]
        for other in formulas:
            apart = (mine & ~seen[other.rule.ref]).any()
            if one is other or apart:
                continue
            answer = solver.check(one.truth.true, z3.Not(other.truth.true))
            if answer == z3.unsat:
                found.add((one.rule.ref, other.rule.ref))
            undecided += answer == z3.unknown
    return found, undecided


def _seen(
    ruleset: Ruleset,
    space: Formulas,
    models: Sequence[tuple[RuleFormula, dict[str, Any]]],
    seed: int,
    now: datetime,
) -> dict[str, np.ndarray]:
    """By rule, of which of many varied payments it is true."""
    columns = RulesetColumns(ruleset)
    rows = [fields for _, fields in models for _ in range(VARIATIONS)]
    frame = drawn(columns.fields, space.texts, rows, seed)
    applied = columns.apply(frame, now)
    return {one.rule.ref: one.true for one in applied.rules}


def drawn(
    names: Iterable[str], texts: Texts, rows: Sequence[Mapping[str, Any]], seed: int
) -> pl.DataFrame:
    """Payments with these values and all other fields drawn, so that what the premises of a
    proof say of kinds and channels holds."""
    chance, count = np.random.default_rng(seed), len(rows)
    made: dict[str, list[Any]] = {}
    for name in sorted({*names, *CLOSED}):
        values = _values(name, texts, chance, count)
        fixed = [n for n, row in enumerate(rows) if name in row]
        for n in fixed:
            values[n] = rows[n][name]
        made[name] = values
    for name in made:
        equal = equality(PAYMENT_FEATURES, name)
        if equal is not None and equal[2] in made:
            given = made[equal[2]]
            made[name] = [None if g is None else g == equal[3] for g in given]
    return pl.DataFrame(
        {
            n: pl.Series(n, values, dtype=_type(n), strict=False)
            for n, values in made.items()
        }
    )


def _values(
    name: str, texts: Texts, chance: np.random.Generator, count: int
) -> list[Any]:
    if name in CLOSED:
        words: Sequence[str] = CLOSED[name]
        found = [words[n] for n in chance.integers(len(words), size=count)]
    elif PAYMENT_FIELDS.get(name) == "string" and name not in PAYMENT_FEATURES.index:
        words = texts.words
        found = [words[n] for n in chance.integers(len(words), size=count)]
    elif TYPES[name] == "timestamp":
        found = [_MOMENT] * count
    elif TYPES[name] == "bool":
        found = (chance.random(count) < 0.5).tolist()
    else:
        sizes = 10 ** chance.uniform(0, 7, count) * (chance.random(count) < 0.7)
        found = sizes.astype(np.int64).tolist()
    if name not in ("kind", "channel", WITNESS):
        gone = chance.random(count) < 0.15
        return [
            None if away else value for value, away in zip(found, gone, strict=True)
        ]
    return found


def _type(name: str) -> Any:
    if name in PAYMENT_FEATURES.index:
        return pl.Float64
    kinds = {"int": pl.Int64, "timestamp": pl.Datetime("us", "UTC")}
    return kinds.get(PAYMENT_FIELDS[name], pl.String)
