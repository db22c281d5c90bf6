"""How good screening is, on data that is given: recall, false positives, pairs, speed.

Pure: the caller reads the files. Expected columns are those of published name data sets:
aliases `query, entity_id, difficulty`; typos `query, expected_entity_id, changed`;
negatives `full_name, set, exact_collision`; pairs `name1, name2, schema, is_match,
quality`.
"""

import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraud_sanctions.analyse import readings
from fraud_sanctions.evidence import weigh
from fraud_sanctions.index import Index
from fraud_sanctions.match import align
from fraud_sanctions.records import EntityKind, ListedEntity, ListedName, Party
from fraud_sanctions.screener import Screener

Row = Mapping[str, str]
Scores = NDArray[np.float64]
# Largest share of innocent names flagged: (generated names, real names).
OPERATING_POINTS = {"strict": (0.002, 0.005), "review": (0.01, 0.015)}
_REAL_SETS = ("us_congress_real",)
_KINDS: dict[str, EntityKind] = {
    "Person": "person",
    "Entity": "organisation",
    "Vessel": "vessel",
    "Aircraft": "aircraft",
}
_QUALITIES = {"primary": "primary", "weak": "weak", "fka": "former"}


@dataclass(frozen=True)
class Point:
    """One operating point: threshold from one half of the queries, figures of the other."""

    threshold: float
    false_positive_rate: dict[str, float]
    alias_recall: dict[str, float]
    typo_recall: dict[str, float]


@dataclass(frozen=True)
class PairFigures:
    """Same name or not, at similarity 0.5."""

    f1: float
    precision: float
    recall: float
    strong_accuracy: float
    pairs: int


def entities(
    entity_rows: Iterable[Row], name_rows: Iterable[Row]
) -> list[ListedEntity]:
    """Listed entities from `entity_id, source, schema` and `entity_id, name, kind` rows."""
    names: dict[str, list[ListedName]] = defaultdict(list)
    for row in name_rows:
        quality: Any = _QUALITIES.get(row["kind"], "alias")
        names[row["entity_id"]].append(ListedName(row["name"], quality))
    return [
        ListedEntity(
            row["entity_id"], row["source"], _KINDS[row["schema"]], tuple(names[key])
        )
        for row in entity_rows
        if (key := row["entity_id"]) in names
    ]


def own_score(screener: Screener, query: str, entity_id: str) -> float:
    """The score of one entity for a query, 0 when it is not among the hits."""
    hits = screener.screen(Party(query), least=0.0, most=200)
    return next((h.score for h in hits if h.entity.entity_id == entity_id), 0.0)


def top_score(screener: Screener, query: str) -> float:
    """The best score any entity gets for a query."""
    hits = screener.screen(Party(query), least=0.0, most=1)
    return hits[0].score if hits else 0.0


def operating_points(
    screener: Screener,
    aliases: Sequence[Row],
    typos: Sequence[Row],
    negatives: Sequence[Row],
) -> dict[str, Point]:
    """Thresholds from the even rows of each file, all figures from its odd rows."""
    innocent = [row for row in negatives if row["exact_collision"] != "1"]
    listed = [row for row in typos if row["expected_entity_id"]]
    flagged = [(row["set"], top_score(screener, row["full_name"])) for row in innocent]
    found = [
        (row["difficulty"], own_score(screener, row["query"], row["entity_id"]))
        for row in aliases
    ]
    misspelt = [
        (
            "changed" if row["changed"] == "1" else "unchanged",
            own_score(screener, row["query"], row["expected_entity_id"]),
        )
        for row in listed
    ]
    points = {}
    for name, rates in OPERATING_POINTS.items():
        threshold = _threshold(rates, flagged[::2])
        points[name] = Point(
            threshold=round(threshold, 4),
            false_positive_rate=_shares(flagged[1::2], threshold),
            alias_recall=_shares(found[1::2], threshold),
            typo_recall=_shares(misspelt[1::2], threshold),
        )
    return points


def _threshold(
    rates: tuple[float, float], flagged: Sequence[tuple[str, float]]
) -> float:
    """The lowest threshold that keeps every set of innocent names within its rate."""
    return max(
        float(np.quantile(scores, 1.0 - rates[group in _REAL_SETS], method="higher"))
        for group, scores in _by_group(flagged).items()
    )


def _by_group(scored: Iterable[tuple[str, float]]) -> dict[str, Scores]:
    groups: dict[str, list[float]] = defaultdict(list)
    for group, score in scored:
        groups[group].append(score)
    return {group: np.array(scores) for group, scores in sorted(groups.items())}


def _shares(scored: Sequence[tuple[str, float]], threshold: float) -> dict[str, float]:
    groups = {"all": np.array([score for _, score in scored]), **_by_group(scored)}
    return {
        group: round(float((scores > threshold).mean()), 4)
        for group, scores in groups.items()
    }


def pair_similarities(
    pairs: Sequence[Row], background: Sequence[ListedEntity] = ()
) -> list[float]:
    """Similarity of the two names of each pair; `background` tells which words are rare."""
    kinds = [_pair_kind(row["schema"]) for row in pairs]
    listed = [
        ListedEntity(
            f"pair-{at}", "pairs", kind, (ListedName(row["name2"], "primary"),)
        )
        for at, (row, kind) in enumerate(zip(pairs, kinds, strict=True))
    ]
    index = Index([*background, *listed])
    entries = defaultdict(list)
    for entry in index.entries:
        entries[entry.entity - len(background)].append(entry)
    bits = index.vocabulary.bits.tolist().__getitem__
    found = []
    for at, (row, kind) in enumerate(zip(pairs, kinds, strict=True)):
        person = kind == "person"
        scores = [0.0]
        for query in readings(row["name1"], person=person):
            similar = index.similar(query)
            for entry in entries[at]:
                alignment = align(query, similar, entry.name, entry.words, bits)
                scores.append(weigh(alignment, person=person).similarity)
        found.append(max(scores))
    return found


def _pair_kind(schema: str) -> EntityKind:
    return _KINDS.get(schema, "organisation")


def pair_figures(pairs: Sequence[Row], similarities: Sequence[float]) -> PairFigures:
    """F1, precision and recall of `similarity >= 0.5`."""
    truth = np.array([row["is_match"] == "True" for row in pairs])
    said = np.asarray(similarities) >= 0.5
    strong = np.array([row["quality"] == "STRONG" for row in pairs])
    right = float((said & truth).sum())
    return PairFigures(
        f1=round(2 * right / float(said.sum() + truth.sum()), 4),
        precision=round(right / max(1.0, float(said.sum())), 4),
        recall=round(right / float(truth.sum()), 4),
        strong_accuracy=round(float((said == truth)[strong].mean()), 4),
        pairs=len(pairs),
    )


def latency_ms(screener: Screener, names: Iterable[str]) -> dict[str, float]:
    """Time per screening in milliseconds, one thread: p50, p99, mean."""
    spent = []
    for name in names:
        started = time.perf_counter()
        screener.screen(Party(name), least=0.5, most=5)
        spent.append((time.perf_counter() - started) * 1000.0)
    p50, p99 = np.percentile(spent, [50, 99])
    return {
        "p50": round(float(p50), 3),
        "p99": round(float(p99), 3),
        "mean": round(float(np.mean(spent)), 3),
    }


def sample(rows: Sequence[Row], key: str, share: float) -> list[Row]:
    """A share of the rows, the same ones every time, chosen by the hash of a column."""
    limit = share * 2**32
    return [row for row in rows if zlib.crc32(row[key].encode()) < limit]


def as_json(points: Mapping[str, Point]) -> dict[str, Any]:
    """Operating points as plain data."""
    return {name: asdict(point) for name, point in points.items()}
