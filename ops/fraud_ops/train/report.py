"""The two tables that `fraud train` prints."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from fraud_ops.train.stages import Stages
from fraud_scoring.training.assemble import Published

_FIGURES = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "card_precision_100": "card precision@100",
    "card_precision_100_best": "(best possible)",
    "recall_at_1_fpr": "recall at 1 % FPR",
    "calibration_error": "calibration error",
    "average_precision_store_down": "AP, store down",
}


def figures_table(
    published: Mapping[str, Published], tested: Mapping[str, int]
) -> Table:
    """Figures on the test slice, one model a row; `tested` says how many payments each
    slice has."""
    table = Table(title="On later payments, never seen in training")
    table.add_column("model")
    table.add_column("version")
    table.add_column("payments", justify="right")
    for title in _FIGURES.values():
        table.add_column(title, justify="right")
    for name, made in published.items():
        figures = [made.metrics.get(figure) for figure in _FIGURES]
        table.add_row(
            name,
            made.artifact.manifest.version,
            f"{tested[name]:,}",
            *("-" if figure is None else f"{figure:.4f}" for figure in figures),
        )
    return table


def stages_table(seconds: Mapping[str, float], total: float) -> Table:
    """Where the time went; models are trained two at a time."""
    table = Table(title="Seconds per stage")
    table.add_column("stage")
    table.add_column("s", justify="right")
    for name, spent in seconds.items():
        table.add_row(name, f"{spent:.1f}")
    table.add_row("total", f"{total:.1f}", style="bold")
    return table


def show(
    console: Console,
    published: Mapping[str, Published],
    tested: Mapping[str, int],
    stages: Stages,
) -> None:
    """Both tables."""
    console.print(figures_table(published, tested))
    console.print(stages_table(stages.seconds, stages.total))
