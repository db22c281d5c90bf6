"""Plain string measures over all listed names, as anybody would use them.

Names are casefolded, stripped of accents and sorted by word, and compared with every listed
name by rapidfuzz's own matrix function, on one thread.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler, Levenshtein

from fraud_lab.evaluate.screening import measures
from fraud_lab.evaluate.screening.measures import Row
from fraud_sanctions.lists.records import ListedEntity

_SCORERS: dict[str, tuple[Any, float]] = {
    "Levenshtein": (Levenshtein.normalized_similarity, 1.0),
    "Jaro-Winkler": (JaroWinkler.normalized_similarity, 1.0),
    "WRatio": (fuzz.WRatio, 100.0),
}
MEASURES = tuple(_SCORERS)
# As the strict point, but with all sets pooled: no plain measure has one for each set.
_RATES = {"at 0.2 %": 0.002, "at 1 %": 0.01}
_CHUNK = 100


@dataclass(frozen=True)
class Baseline:
    """Recall of one measure at thresholds from even rows, measured on odd rows."""

    measure: str
    recall: dict[str, float]
    false_positive_rate: dict[str, float]


def plain(name: str) -> str:
    """Casefolded, without accents, the words in alphabetical order."""
    flat = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(
        c if c.isalnum() else " " for c in flat if not unicodedata.combining(c)
    )
    return " ".join(sorted(bare.split()))


def measure(
    name: str,
    entities: Sequence[ListedEntity],
    aliases: Sequence[Row],
    negatives: Sequence[Row],
) -> Baseline:
    """One measure on these aliases and innocent names."""
    texts = [plain(n.text) for entity in entities for n in entity.names]
    owner = np.repeat(np.arange(len(entities)), [len(e.names) for e in entities])
    place = {entity.entity_id: at for at, entity in enumerate(entities)}
    own = [
        owner == place[row["entity_id"]] if row["entity_id"] in place else None
        for row in aliases
    ]
    queries = [plain(row["query"]) for row in aliases]
    found = np.zeros(len(queries))
    for start in range(0, len(queries), _CHUNK):
        scores = _matrix(name, queries[start : start + _CHUNK], texts)
        for at, row in enumerate(scores):
            mine = own[start + at]
            found[start + at] = row[mine].max() if mine is not None else 0.0
    innocent = [plain(row["full_name"]) for row in negatives]
    flagged = np.concatenate(
        [
            _matrix(name, innocent[start : start + _CHUNK], texts).max(axis=1)
            for start in range(0, len(innocent), _CHUNK)
        ]
    )
    recall, rates = {}, {}
    for label, rate in _RATES.items():
        bar = float(np.quantile(flagged[::2], 1.0 - rate, method="higher"))
        recall[label] = round(float((found[1::2] > bar).mean()), 4)
        rates[label] = round(float((flagged[1::2] > bar).mean()), 4)
    return Baseline(name, recall, rates)


def similarity(name: str, one: str, other: str) -> float:
    """One measure of two names, 0-1."""
    scorer, top = _SCORERS[name]
    return float(scorer(plain(one), plain(other))) / top


def pair_f1(name: str, pairs: Sequence[Row]) -> float:
    """The best F1 over all thresholds, which is more than a fixed one reaches."""
    scores = [similarity(name, row["name1"], row["name2"]) for row in pairs]
    return max(
        measures.pair_figures(pairs, [score - bar + 0.5 for score in scores]).f1
        for bar in np.linspace(0.3, 1.0, 71)
    )


def _matrix(
    name: str, queries: Sequence[str], texts: Sequence[str]
) -> NDArray[np.float32]:
    scorer, top = _SCORERS[name]
    found = process.cdist(queries, texts, scorer=scorer, dtype=np.float32)
    return np.asarray(found, dtype=np.float32) / np.float32(top)
