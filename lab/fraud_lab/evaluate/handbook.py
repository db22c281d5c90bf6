"""`fraud evaluate handbook`: the published protocol on the handbook's payments.

Features come from the product's own code with labels a week late, models from the trainers
of `fraud train`. Every choice was made on the four validation folds; `--select` shows them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fraud_features.definitions.handbook import OWN_INPUTS
from fraud_features.definitions.registry import HANDBOOK
from fraud_lab.evaluate import boosters, plots, published, report
from fraud_lab.evaluate.detectors import AUTOENCODER, ISOLATION_FOREST, detector
from fraud_lab.evaluate.judge import FIGURES, Judged, Summary, gain, judge, summary
from fraud_lab.evaluate.learners import Blend, Columns, Forest, Learner
from fraud_lab.evaluate.protocol import (
    SINGLE,
    TEST_FOLDS,
    VALIDATION_FOLDS,
    Fold,
)
from fraud_lab.handbook.inputs import Inputs, load
from fraud_lab.handbook.own_inputs import Comparison, compare
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.train.stages import Stages

HISTORY_DAYS = 28
# Payments whose derived inputs the handbook publishes.
DERIVED_ROWS = 823_742
Done = Callable[[float], None]


@dataclass(frozen=True)
class Results:
    """Everything that the command measures."""

    inputs: Inputs
    # None where the folder has no derived inputs to compare with.
    own_inputs: Comparison | None
    validation: Summary
    test: Sequence[Judged]
    forest: Sequence[Judged]
    single: Judged
    detectors: Mapping[str, Judged]
    longer: Summary | None


def evaluate_handbook_command(
    data: Path,
    *,
    plots_dir: Path | None,
    history_days: int,
    threads: int,
    as_json: bool,
    enforce: bool,
    blend: Blend = boosters.CHOSEN,
) -> None:
    """Measure all, show it beside what is published, print the JSON line."""
    console = wide_console()
    with Stages(console) as stages:
        found = _measure(data, blend, history_days, threads, stages)
    longer = (history_days, found.longer) if found.longer is not None else None
    console.print(
        report.prequential(found.test, found.forest, found.validation, longer)
    )
    console.print(report.single_split(found.single))
    console.print(report.unsupervised(found.detectors))
    if found.own_inputs is None:
        console.print("no features_*.parquet in the folder: no inputs were compared")
    if plots_dir is not None:
        for file in plots.draw(found.test, plots_dir):
            console.print(f"drawn: {file}")
    finish(
        "evaluate handbook",
        _figures(found, blend, history_days),
        gates(found),
        n=len(found.inputs.payments),
        seed=blend.seeds[0],
        as_json=as_json,
        enforce=enforce,
    )


def select_command(data: Path, *, threads: int) -> None:
    """Candidates on the validation folds: how the settings were chosen."""
    console = wide_console()
    rows: dict[str, Summary] = {}
    with Stages(console) as stages:
        with stages.stage("compute features") as done:
            inputs = load(data, done)
        windows = Columns(boosters.CANDIDATES["both"], range(len(HANDBOOK.names)))
        tried: dict[str, Learner] = dict(boosters.CANDIDATES)
        tried["both, the online store's windows only"] = windows
        for name, candidate in tried.items():
            with stages.stage(name) as done:
                rows[name] = summary(
                    _folds(candidate, VALIDATION_FOLDS, inputs, threads, done)
                )
    console.print(report.candidates(rows))


def gates(found: Results) -> list[Gate]:
    """The issue's bars, as they stand there."""
    ours = summary(found.test).mean
    best = published.BARS
    made = _three("4 test folds", ours, best)
    made += _three("single split", found.single.figures, published.SINGLE_BEST)
    for bar in published.UNSUPERVISED:
        judged = found.detectors[bar.model]
        made += _three(f"{bar.model}, validation week", judged.figures, bar)
    own = found.own_inputs
    if own is None:
        return made
    return [
        *made,
        gate(
            "handbook's inputs: payments compared", own.rows, DERIVED_ROWS, "at_least"
        ),
        gate("handbook's inputs: unexplained payments", own.unexplained, 0, "at_most"),
    ]


def _three(
    what: str, figures: Mapping[str, float], bar: published.Result
) -> list[Gate]:
    bars = (bar.roc_auc, bar.average_precision, bar.card_precision)
    return [
        gate(f"{what}: {figure}", round(figures[figure], 4), least, "at_least")
        for figure, least in zip(FIGURES, bars, strict=True)
        if least is not None
    ]


def _measure(
    data: Path, blend: Blend, history_days: int, threads: int, stages: Stages
) -> Results:
    with stages.stage("compute features") as done:
        inputs = load(data, done)
    with stages.stage("compare the handbook's inputs"):
        own = compare(data, inputs.payments, inputs.windows)
    with stages.stage("validation folds") as done:
        validation = _folds(blend, VALIDATION_FOLDS, inputs, threads, done)
    with stages.stage("test folds") as done:
        test = _folds(blend, TEST_FOLDS, inputs, threads, done)
    with stages.stage("the published forest") as done:
        published_inputs = inputs.places(("amount_ref_minor", *OWN_INPUTS))
        learner = Columns(Forest(), published_inputs)
        forest = _folds(learner, TEST_FOLDS, inputs, threads, done)
    found: dict[str, Judged] = {}
    for name, plan in (
        ("autoencoder", AUTOENCODER),
        ("isolation forest", ISOLATION_FOREST),
    ):
        with stages.stage(name):
            found[name] = judge(
                detector(plan, inputs),
                VALIDATION_FOLDS[0],
                inputs,
                calibrated=False,
                threads=threads,
            )
    longer = None
    if history_days:
        with stages.stage(f"trained on {history_days} days") as done:
            folds = [Fold(fold.start, history_days) for fold in TEST_FOLDS]
            longer = summary(_folds(blend, folds, inputs, threads, done))
    # The last test fold is the single split: the same weeks, so the same model.
    single = test[[fold.start for fold in TEST_FOLDS].index(SINGLE.start)]
    return Results(
        inputs, own, summary(validation), test, forest, single, found, longer
    )


def _folds(
    learner: Learner, folds: Sequence[Fold], inputs: Inputs, threads: int, done: Done
) -> list[Judged]:
    judged = []
    for number, fold in enumerate(folds, start=1):
        judged.append(judge(learner, fold, inputs, calibrated=True, threads=threads))
        done(number / len(folds))
    return judged


def _figures(found: Results, blend: Blend, history_days: int) -> dict[str, Any]:
    tables = {
        "prequential": published.PREQUENTIAL,
        "single_split": published.SINGLE_SPLIT,
        "unsupervised": published.UNSUPERVISED,
    }
    return {
        "published": {
            name: [asdict(row) for row in rows] for name, rows in tables.items()
        },
        "prequential_test": asdict(summary(found.test)),
        "published_forest_run_here": asdict(summary(found.forest)),
        "gain_over_it": asdict(gain(found.test, found.forest)),
        "prequential_validation": asdict(found.validation),
        "single_split": dict(found.single.figures),
        "unsupervised_validation_week": {
            name: dict(judged.figures) for name, judged in found.detectors.items()
        },
        "trained_on_more_history": {
            "days": history_days,
            "prequential_test": asdict(found.longer) if found.longer else None,
        },
        "handbook_inputs": asdict(found.own_inputs) if found.own_inputs else None,
        "features": len(found.inputs.names),
        "settings": {
            name: asdict(boosting) for name, boosting in blend.boosters.items()
        },
        "seeds": list(blend.seeds),
    }
