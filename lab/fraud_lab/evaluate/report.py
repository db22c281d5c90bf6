"""Tables of an evaluation: what is published, and ours beside it."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from fraud_lab.evaluate import published
from fraud_lab.evaluate.judge import FIGURES, Judged, Summary, gain, summary

_HEADER = ("ROC AUC", "average precision", "Card Precision@100")


def prequential(
    test: Sequence[Judged],
    forest: Sequence[Judged],
    validation: Summary,
    longer: tuple[int, Summary] | None = None,
) -> Table:
    """Mean and standard deviation over four folds, trained on seven days; `longer`, days
    and figures of training on more, is another protocol and says so."""
    table = Table("model", *_HEADER, title="4 prequential test folds, 7-day training")
    _published(table, published.PREQUENTIAL)
    table.add_row("that forest, run here", *_spread(summary(forest)))
    table.add_row("ours", *_spread(summary(test)), style="bold")
    table.add_row("ours less that forest, fold by fold", *_spread(gain(test, forest)))
    table.add_row("ours, validation folds", *_spread(validation))
    if longer is not None:
        days, figures = longer
        table.add_section()
        table.add_row(f"another protocol: ours, {days} days", *_spread(figures))
    return table


def single_split(judged: Judged) -> Table:
    """The handbook's first split."""
    table = Table("model", *_HEADER, title="single split, test 2018-08-08 to 08-14")
    _published(table, published.SINGLE_SPLIT)
    table.add_row("ours", *_plain(judged.figures), style="bold")
    return table


def unsupervised(judged: Mapping[str, Judged]) -> Table:
    """Anomaly detectors on the validation week."""
    table = Table("model", *_HEADER, title="no labels, validation week")
    _published(table, published.UNSUPERVISED)
    for name, one in judged.items():
        table.add_row(f"our {name}", *_plain(one.figures), style="bold")
    return table


def candidates(rows: Mapping[str, Summary]) -> Table:
    """Settings by what they reach on the validation folds."""
    table = Table("candidate", *_HEADER, title="4 validation folds")
    for name, found in rows.items():
        table.add_row(name, *_spread(found))
    return table


def _published(table: Table, rows: tuple[published.Result, ...]) -> None:
    for row in rows:
        shown = (row.roc_auc, row.average_precision, row.card_precision)
        table.add_row(
            f"published: {row.model}", *("" if v is None else f"{v:.3f}" for v in shown)
        )


def _plain(figures: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(f"{figures[name]:.3f}" for name in FIGURES)


def _spread(found: Summary) -> tuple[str, ...]:
    return tuple(f"{found.mean[n]:.3f} ± {found.std[n]:.3f}" for n in FIGURES)
