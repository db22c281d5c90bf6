"""How good screening is, on data that is given: recall, false positives, pairs.

Pure: the caller reads the files. Expected columns are those of published name data sets:
aliases `query, entity_id, difficulty, script`; typos `query, expected_entity_id, changed`;
negatives `full_name, set, exact_collision`; pairs `name1, name2, schema, is_match,
quality`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraud_sanctions.lists.records import EntityKind, ListedEntity, ListedName, Party
from fraud_sanctions.matching.alignment import Alignment, align
from fraud_sanctions.matching.evidence import similarity
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.pairing import wholes
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.names.analyse import readings

Row = Mapping[str, str]
Scores = NDArray[np.float64]
Scored = Sequence[tuple[str, float]]
# Largest share of innocent names flagged: (generated names, real names).
OPERATING_POINTS = {"strict": (0.002, 0.005), "review": (0.01, 0.015)}
# The threshold aims at this part of the rate where the set is large enough to tell, so that
# the other half, which differs by chance, keeps within the rate, too.
_MARGIN = 0.6
_LARGE_SET = 1000
REAL_SETS = ("us_congress_real",)
_KINDS: dict[str, EntityKind] = {
    "Person": "person",
    "Entity": "organisation",
    "Vessel": "vessel",
    "Aircraft": "aircraft",
}
_QUALITIES = {"primary": "primary", "weak": "weak", "fka": "former"}
# Below this score nothing is told apart: it counts as zero.
LEAST_SCORE = 0.02


@dataclass(frozen=True)
class PairFigures:
    """Same name or not, at similarity 0.5."""

    f1: float
    precision: float
    recall: float
    accuracy: float
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
    hits = screener.screen(Party(query), least=LEAST_SCORE, most=200)
    return next((h.score for h in hits if h.entity.entity_id == entity_id), 0.0)


def top_score(screener: Screener, query: str) -> float:
    """The best score any entity gets for a query."""
    hits = screener.screen(Party(query), least=LEAST_SCORE, most=1)
    return hits[0].score if hits else 0.0


def threshold(rates: tuple[float, float], flagged: Scored) -> float:
    """The lowest threshold that keeps every set of innocent names within its rate."""
    return max(
        float(np.quantile(scores, 1.0 - _aim(group, scores, rates), method="higher"))
        for group, scores in by_group(flagged).items()
    )


def _aim(group: str, scores: Scores, rates: tuple[float, float]) -> float:
    rate = rates[group in REAL_SETS]
    return rate * _MARGIN if len(scores) >= _LARGE_SET else rate


def by_group(scored: Iterable[tuple[str, float]]) -> dict[str, Scores]:
    """Scores by group, the groups in order of their names."""
    groups: dict[str, list[float]] = defaultdict(list)
    for group, score in scored:
        groups[group].append(score)
    return {group: np.array(scores) for group, scores in sorted(groups.items())}


def shares(scored: Scored, threshold: float) -> dict[str, float]:
    """The share above the threshold, of all and by group."""
    groups = {"all": np.array([score for _, score in scored]), **by_group(scored)}
    return {
        group: round(float((scores > threshold).mean()), 4)
        for group, scores in groups.items()
    }


def pair_alignments(
    pairs: Sequence[Row], background: Sequence[ListedEntity] = ()
) -> list[list[Alignment]]:
    """Every way to read the two names of each pair, aligned; empty when nothing meets.

    `background`: entities that tell, besides the pairs, which words are rare.
    """
    kinds = [pair_kind(row) for row in pairs]
    listed = [
        ListedEntity(
            f"pair-{at}", "pairs", kind, (ListedName(row["name2"], "primary"),)
        )
        for at, (row, kind) in enumerate(zip(pairs, kinds, strict=True))
    ]
    index = Index([*background, *listed])
    entries = defaultdict(list)
    for entry in index.entries:
        entries[entry.entity - len(background)].append(entry.listed)
    found: list[list[Alignment]] = []
    for at, (row, kind) in enumerate(zip(pairs, kinds, strict=True)):
        ways = []
        for query in readings(row["name1"], person=kind == "person"):
            similar = index.similar(query)
            for one, whole in zip(entries[at], wholes(query, entries[at]), strict=True):
                ways.append(align(query, similar, one, whole))
        found.append([way for way in ways if way.agreed > 0.0])
    return found


def pair_similarities(
    pairs: Sequence[Row], background: Sequence[ListedEntity] = ()
) -> list[float]:
    """Similarity of the two names of each pair, 0-1."""
    return [
        max(
            (similarity(way, person=pair_kind(row) == "person") for way in ways),
            default=0.0,
        )
        for row, ways in zip(pairs, pair_alignments(pairs, background), strict=True)
    ]


def pair_kind(row: Row) -> EntityKind:
    """What the pair's names are names of."""
    return _KINDS.get(row["schema"], "organisation")


def pair_figures(pairs: Sequence[Row], similarities: Sequence[float]) -> PairFigures:
    """F1, precision, recall and accuracy of `similarity >= 0.5`."""
    truth = np.array([row["is_match"] == "True" for row in pairs])
    said = np.asarray(similarities) >= 0.5
    right = float((said & truth).sum())
    return PairFigures(
        f1=round(2 * right / max(1.0, float(said.sum() + truth.sum())), 4),
        precision=round(right / max(1.0, float(said.sum())), 4),
        recall=round(right / max(1.0, float(truth.sum())), 4),
        accuracy=round(float((said == truth).mean()), 4),
        pairs=len(pairs),
    )


def by_value(
    pairs: Sequence[Row], similarities: Sequence[float], column: str
) -> dict[str, PairFigures]:
    """The figures of each value of a column (tier, script, kind of change)."""
    found = {}
    for value in sorted({row[column] or "none" for row in pairs}):
        at = [i for i, row in enumerate(pairs) if (row[column] or "none") == value]
        found[value] = pair_figures(
            [pairs[i] for i in at], [similarities[i] for i in at]
        )
    return found


def calibration(
    pairs: Sequence[Row], similarities: Sequence[float], bins: int = 5
) -> list[dict[str, Any]]:
    """Mean similarity and share of true pairs in each of `bins` equal ranges of 0-1."""
    truth = np.array([row["is_match"] == "True" for row in pairs])
    said = np.asarray(similarities)
    place = np.minimum((said * bins).astype(int), bins - 1)
    return [
        {
            "from": round(at / bins, 2),
            "pairs": int((place == at).sum()),
            "similarity": round(float(said[place == at].mean()), 3),
            "matches": round(float(truth[place == at].mean()), 3),
        }
        for at in range(bins)
        if (place == at).any()
    ]
