"""`fraud evaluate columns`: does evaluation in bulk say what the online engine says?

Both are given the same simulated payments: the engine as validated transactions with their
vectors, the columns as a frame. A share of the payments loses features, as it would with
the online store away, because that is where the two could part.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any

import polars as pl
from rich.progress import Progress

from fraud_engines.rules import engine
from fraud_engines.rules.fields import WITNESS
from fraud_engines.rules.ruleset import Ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.in_bulk import CHUNK, Applied, RulesetColumns
from fraud_lab.rules.month import TEACHING_DAYS, config_of, make
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.simulate import SimulatedPayment, SimulationConfig, stream
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RulesResult
from fraud_shared.contracts.transaction import Transaction, TransactionIn

# Shares of payments without the online store, and with some features missing.
STORE_DOWN, SOME_MISSING = 0.05, 0.15
Said = tuple[frozenset[str], frozenset[str], frozenset[str]]
console = wide_console()


def columns_command(
    ruleset: Ruleset, *, payments: int, seed: int, as_json: bool, enforce: bool
) -> None:
    """Compare on simulated payments, show where they differ, judge."""
    config = config_of(payments, seed)
    frame = with_gaps(make(config, None).frame, seed)
    began = perf_counter()
    ours = list(said_in_bulk(RulesetColumns(ruleset), frame))
    seconds = perf_counter() - began
    differing: list[str] = []
    with Progress(console=console) as progress:
        task = progress.add_task("the online engine", total=frame.height)
        for place, (payment, theirs) in enumerate(said_online(ruleset, config, frame)):
            if ours[place] != theirs:
                differing.append(payment.transaction_id)
            if place % 1000 == 0:
                progress.update(task, completed=place)
    for name in differing[:5]:
        console.print(f"differs: {name}")
    finish(
        "evaluate columns",
        {"ruleset": ruleset.version, "seconds_in_bulk": round(seconds, 2)},
        [gate("payments that differ", len(differing), 0, "at_most")],
        n=frame.height,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def with_gaps(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The frame with features missing from some payments, and the store from others."""
    chance = Random(seed)
    stored = [
        f.name
        for f in PAYMENT_FEATURES.features
        if f.source in ("velocity", "profile", "risk")
    ]
    down = [chance.random() < STORE_DOWN for _ in range(frame.height)]
    some = [chance.random() < SOME_MISSING for _ in range(frame.height)]
    gaps = pl.Series([a or b for a, b in zip(down, some, strict=True)])
    kept = frozenset(chance.sample(stored, len(stored) // 2)) - {WITNESS}
    store_down = pl.Series(down)
    return frame.with_columns(
        pl.when(store_down if name in kept or name == WITNESS else gaps)
        .then(None)
        .otherwise(pl.col(name))
        .alias(name)
        for name in stored
    )


def said_in_bulk(columns: RulesetColumns, frame: pl.DataFrame) -> Iterator[Said]:
    """Hits, shadow hits and errors of every payment, from the columns."""
    for start in range(0, frame.height, CHUNK):
        yield from _by_payment(columns.apply(frame[start : start + CHUNK]))


def _by_payment(applied: Applied) -> Iterator[Said]:
    found: list[tuple[set[str], set[str], set[str]]] = [
        (set(), set(), set()) for _ in range(applied.height)
    ]
    for one in applied.rules:
        shadow = (one.true | one.failed) & ~one.acts
        for kind, mask in enumerate((one.hit, shadow, one.error)):
            for place in mask.nonzero()[0]:
                found[place][kind].add(one.rule.ref)
    return ((frozenset(a), frozenset(b), frozenset(c)) for a, b, c in found)


def said_online(
    ruleset: Ruleset, config: SimulationConfig, frame: pl.DataFrame
) -> Iterator[tuple[Transaction, Said]]:
    """The same from the online engine, in the order of the frame."""
    privacy = Privacy("evaluation")
    rows = frame.select(PAYMENT_FEATURES.names).iter_rows()
    for event in judged(config):
        body = TransactionIn.model_validate_json(json.dumps(event.payment))
        payment = privacy.inside(body)
        result = engine.evaluate(
            ruleset, payment, vector(next(rows)), payment.occurred_at
        )
        yield payment, said(result)


def judged(config: SimulationConfig) -> Iterator[SimulatedPayment]:
    """The payments of the second half of the days."""
    start = config.start + timedelta(days=TEACHING_DAYS)
    for event in stream(config):
        if isinstance(event, SimulatedPayment) and event.occurred_at >= start:
            yield event


def vector(values: tuple[Any, ...]) -> FeatureVector:
    """Values in the order of the registry, as they travel."""
    return FeatureVector(
        feature_set=PAYMENT_FEATURES.name,
        version=PAYMENT_FEATURES.version,
        hash=PAYMENT_FEATURES.hash,
        values=values,
    )


def said(result: RulesResult) -> Said:
    """Hits, shadow hits and errors by rule."""
    return (
        frozenset(hit.rule for hit in result.hits),
        frozenset(hit.rule for hit in result.shadow),
        frozenset(result.errors),
    )
