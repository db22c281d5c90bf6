"""`fraud evaluate screening`: how good screening is, beside plain string measures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import track
from rich.table import Table

from fraud_lab.evaluate.screening import baselines, measures
from fraud_lab.evaluate.screening import fit as fitting
from fraud_lab.evaluate.screening.companies import companies
from fraud_lab.evaluate.screening.data import ScreeningData, read
from fraud_lab.evaluate.screening.gates import gates
from fraud_lab.evaluate.screening.generate import generate
from fraud_lab.evaluate.screening.measures import Row, Scored
from fraud_lab.evaluate.screening.plots import plots
from fraud_ops.figures import finish, wide_console
from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching import evidence
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Bands, Screener
from fraud_sanctions.settings import Settings

# Pairs that only help to fit; the committed test set has another seed.
_FITTING_PAIRS, _FITTING_SEED = 2600, 77
_REPEATS = 5
_CURVE = [round(0.05 * step, 2) for step in range(1, 20)] + [0.97, 0.98, 0.99]
_BANDS = {
    name: float(Settings.model_fields[name].default) for name in ("possible", "match")
}
# Names of companies that are made up, of which none is listed.
_COMPANIES, _COMPANIES_SEED = 5000, 11
console = wide_console()


def screening_command(
    folder: Path,
    *,
    share: float,
    baseline_queries: int,
    seed: int,
    fit: bool,
    out: Path,
    as_json: bool,
    enforce: bool,
) -> None:
    """Measure everything, show tables, write plots, judge the gates."""
    data = read(folder)
    innocent = _share(data.negatives, share)
    with console.status("building the index"):
        index = Index(data.entities)
    screener = Screener(index)
    scored = _scored(screener, data, innocent)
    points = _points(scored, data)
    pairs = _pairs(data, seed)
    plain = _baselines(data, scored, innocent, baseline_queries)
    figures: dict[str, Any] = {
        "points": points,
        "curve": _curve(scored),
        "pairs": pairs,
        "baselines": plain,
        "names": sum(len(entity.names) for entity in data.entities),
        "innocent_names": len(innocent),
        "invented_companies": _invented_companies(screener),
    }
    if fit:
        figures["fit"] = {
            "similarity": dict(
                zip(evidence.SIMILARITY_TERMS, pairs.pop("coefficients"), strict=True)
            ),
            "score": dict(
                zip(
                    evidence.SCORE_TERMS,
                    fitting.fit_score(index, data.aliases, innocent),
                    strict=True,
                )
            ),
        }
        console.print(figures["fit"])
    pairs.pop("coefficients", None)
    _show(figures)
    figures["plots"] = [path.name for path in plots(figures, out)]
    finish(
        "evaluate screening",
        figures,
        gates(figures),
        n=len(data.aliases) + len(data.typos) + len(innocent) + len(data.pairs),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def _share(negatives: Sequence[Row], share: float) -> list[Row]:
    """Every real name, and a share of the generated ones, spread evenly."""
    every = max(1, round(1.0 / share))
    made = [row for row in negatives if row["set"] not in measures.REAL_SETS]
    real = [row for row in negatives if row["set"] in measures.REAL_SETS]
    return made[::every] + real


def _scored(
    screener: Screener, data: ScreeningData, innocent: Sequence[Row]
) -> dict[str, Scored]:
    """Score of each query: of its own entity, or of the best for an innocent name."""

    def own(rows: Sequence[Row], key: str, what: str) -> list[float]:
        return [
            measures.own_score(screener, row["query"], row[key])
            for row in track(rows, description=what, console=console)
        ]

    aliases = own(data.aliases, "entity_id", "aliases")
    typos = own(data.typos, "expected_entity_id", "typos")
    flagged = [
        measures.top_score(screener, row["full_name"])
        for row in track(innocent, description="innocent names", console=console)
    ]
    changed = [
        "changed" if row["changed"] == "1" else "as listed" for row in data.typos
    ]
    return {
        "alias": list(
            zip([r["difficulty"] for r in data.aliases], aliases, strict=True)
        ),
        "script": list(zip([r["script"] for r in data.aliases], aliases, strict=True)),
        "typo": list(zip(changed, typos, strict=True)),
        "innocent": list(zip([r["set"] for r in innocent], flagged, strict=True)),
    }


def _invented_companies(screener: Screener) -> dict[str, Any]:
    """Share of invented companies in each band as shipped."""
    bands = Bands(**_BANDS)
    flagged = Counter[str]()
    names = companies(_COMPANIES, _COMPANIES_SEED)
    for name in track(names, description="invented companies", console=console):
        for hit in screener.screen(Party(name), least=bands.possible, most=1):
            flagged[bands.band(hit.score, hit.similarity)] += 1
    return {
        "names": len(names),
        # As the other rates: at or above.
        "possible": round((flagged["possible"] + flagged["match"]) / len(names), 4),
        "match": round(flagged["match"] / len(names), 4),
    }


def _points(scored: dict[str, Scored], data: ScreeningData) -> dict[str, Any]:
    """Thresholds from the even rows of each file, and those of the bands as shipped; all
    figures from its odd rows."""
    found = {}
    bars = {
        name: measures.threshold(rates, scored["innocent"][::2])
        for name, rates in measures.OPERATING_POINTS.items()
    }
    for name, bar in (bars | _BANDS).items():
        found[name] = {
            "threshold": round(bar, 4),
            "false_positive_rate": measures.shares(scored["innocent"][1::2], bar),
            "recall": measures.shares(scored["alias"][1::2], bar),
            "recall_by_script": measures.shares(scored["script"][1::2], bar),
            "typo_recall": measures.shares(scored["typo"][1::2], bar),
        }
    return found


def _curve(scored: dict[str, Scored]) -> list[dict[str, Any]]:
    """Recall and false positives of the odd rows at a row of thresholds."""
    return [
        {
            "threshold": bar,
            "recall": measures.shares(scored["alias"][1::2], bar)["all"],
            "false_positive_rate": measures.shares(scored["innocent"][1::2], bar),
        }
        for bar in _CURVE
    ]


def _pairs(data: ScreeningData, seed: int) -> dict[str, Any]:
    """Judged pairs, each by coefficients that were fitted without its fold."""
    made = generate(_FITTING_PAIRS, _FITTING_SEED)
    with console.status("pairs, cross-validated"):
        judged, generated = (
            fitting.PairCases(rows, measures.pair_alignments(rows, data.entities))
            for rows in (data.pairs, made)
        )
        found = [
            value
            for repeat in range(_REPEATS)
            for value in fitting.cross_validated(judged, generated, seed + repeat)
        ]
        coefficients = fitting.fit_similarity(judged, generated)
    pooled = [*data.pairs] * _REPEATS
    shipped = [
        judged.similarity(at, evidence.SIMILARITY) for at in range(len(data.pairs))
    ]
    return {
        "cross_validated": asdict(measures.pair_figures(pooled, found)),
        "by_tier": _plain(measures.by_value(pooled, found, "quality")),
        "by_schema": _plain(measures.by_value(pooled, found, "schema")),
        "calibration": measures.calibration(pooled, found),
        "shipped_on_rows_of_the_fit": asdict(
            measures.pair_figures(data.pairs, shipped)
        ),
        "plain_best_f1": {
            name: baselines.pair_f1(name, data.pairs) for name in baselines.MEASURES
        },
        "coefficients": coefficients,
        "repeats": _REPEATS,
    }


def _plain(figures: dict[str, measures.PairFigures]) -> dict[str, Any]:
    return {value: asdict(one) for value, one in figures.items()}


def _baselines(
    data: ScreeningData,
    scored: dict[str, Scored],
    innocent: Sequence[Row],
    queries: int,
) -> dict[str, Any]:
    """Plain measures on evenly spread queries, and our own score on the very same ones."""
    half = max(1, queries // 2)
    some = slice(None, None, max(1, len(data.aliases) // half) | 1)
    others = slice(None, None, max(1, len(innocent) // half) | 1)
    found: dict[str, Any] = {}
    for name in track(
        baselines.MEASURES, description="plain measures", console=console
    ):
        one = baselines.measure(
            name, data.entities, data.aliases[some], innocent[others]
        )
        found[name] = asdict(one)
    ours = {}
    for label, rate in (("at 0.2 %", 0.002), ("at 1 %", 0.01)):
        flagged = [("all", score) for _, score in scored["innocent"][others]]
        bar = float(measures.threshold((rate / 0.6, rate), flagged[::2]))
        ours[label] = measures.shares(scored["alias"][some][1::2], bar)["all"]
    found["this"] = {"recall": ours}
    return found


def _show(figures: dict[str, Any]) -> None:
    for name, point in figures["points"].items():
        table = Table(
            "group", "share", title=f"{name}: score above {point['threshold']}"
        )
        for part in (
            "false_positive_rate",
            "recall",
            "recall_by_script",
            "typo_recall",
        ):
            for group, share in point[part].items():
                table.add_row(f"{part.replace('_', ' ')}: {group}", f"{share:.4f}")
        console.print(table)
    made = figures["invented_companies"]
    table = Table("band", "share", title=f"{made['names']} invented companies")
    for band in _BANDS:
        table.add_row(band, f"{made[band]:.4f}")
    console.print(table)
    _show_pairs(figures["pairs"])
    _show_plain(figures["baselines"], figures["pairs"])


def _show_pairs(pairs: dict[str, Any]) -> None:
    table = Table(
        "pairs",
        "n",
        "F1",
        "precision",
        "recall",
        "right",
        title="name pairs, cross-validated",
    )
    groups = {"all": pairs["cross_validated"], **pairs["by_tier"], **pairs["by_schema"]}
    for group, one in groups.items():
        values = (one["f1"], one["precision"], one["recall"], one["accuracy"])
        table.add_row(
            group, str(one["pairs"] // pairs["repeats"]), *(f"{v:.3f}" for v in values)
        )
    console.print(table)
    table = Table(
        "similarity from", "pairs", "mean similarity", "matches", title="calibration"
    )
    for row in pairs["calibration"]:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


def _show_plain(plain: dict[str, Any], pairs: dict[str, Any]) -> None:
    table = Table(
        "measure",
        "recall at 0.2 %",
        "recall at 1 %",
        "pairs, best F1",
        title="plain measures, same queries",
    )
    for name, one in plain.items():
        best = pairs["plain_best_f1"].get(name, pairs["cross_validated"]["f1"])
        table.add_row(
            name, *(f"{value:.3f}" for value in one["recall"].values()), f"{best:.3f}"
        )
    console.print(table)
