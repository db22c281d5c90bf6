"""The coefficients of `fraud_sanctions.matching.evidence`, found again; and pairs, cross-validated.

Logistic regression with the sign of every term fixed and a small ridge. A pair or query
with several readings counts by the best of them under the coefficients so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from fraud_lab.evaluate.screening import measures
from fraud_lab.evaluate.screening.measures import Row
from fraud_sanctions.matching import evidence
from fraud_sanctions.matching.alignment import Alignment, align
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.pairing import wholes
from fraud_sanctions.names.analyse import readings

Floats = NDArray[np.float64]
_RIDGE = 0.1
_ROUNDS = 3
_FOLDS = 10
# Generated pairs keep judged ones from deciding alone, at this weight each.
GENERATED_WEIGHT = 0.05


@dataclass(frozen=True)
class Case:
    """One pair or query: the terms of each reading that is free of a rule that overrides
    the formula, whether it is the same bearer, and its weight."""

    ways: Sequence[evidence.Terms]
    same: bool
    weight: float = 1.0


def fit(
    cases: Sequence[Case], start: Sequence[float], signs: Sequence[int]
) -> tuple[float, ...]:
    """Coefficients, in the order of the terms."""
    found = np.array(start, dtype=np.float64)
    bounds = [
        (None, None) if s == 0 else (0, None) if s > 0 else (None, 0) for s in signs
    ]
    usable = [case for case in cases if case.ways]
    truth = np.array([float(case.same) for case in usable])
    weight = np.array([case.weight for case in usable])

    for _ in range(_ROUNDS):
        terms = np.array(
            [max(c.ways, key=lambda way: float(found @ way)) for c in usable]
        )

        def loss(at: Floats, terms: Floats = terms) -> tuple[float, Floats]:
            logit = terms @ at
            wrong = np.where(truth == 1.0, -1.0, 1.0) * logit
            ridge = np.concatenate([[0.0], at[1:]]) * _RIDGE
            gradient = terms.T @ (weight * (1.0 / (1.0 + np.exp(-logit)) - truth))
            total = (weight * np.logaddexp(0.0, wrong)).sum() + 0.5 * ridge @ at
            return float(total), gradient + ridge

        found = minimize(loss, found, jac=True, method="L-BFGS-B", bounds=bounds).x
    return tuple(round(float(value), 3) for value in found)


@dataclass(frozen=True)
class PairCases:
    """Pairs with their alignments, so that any coefficients can be tried on them."""

    rows: Sequence[Row]
    alignments: Sequence[Sequence[Alignment]]

    def cases(self, weight: float = 1.0) -> list[Case]:
        """What the similarity is fitted on."""
        return [
            Case(
                [self._terms(row, way) for way in ways if not _ruled(way)],
                row["is_match"] == "True",
                weight,
            )
            for row, ways in zip(self.rows, self.alignments, strict=True)
        ]

    def similarity(self, at: int, coefficients: Sequence[float]) -> float:
        """Of one pair, under these coefficients."""
        person = measures.pair_kind(self.rows[at]) == "person"
        return max(
            (
                evidence.similarity(way, person=person, coefficients=coefficients)
                for way in self.alignments[at]
            ),
            default=0.0,
        )

    @staticmethod
    def _terms(row: Row, way: Alignment) -> evidence.Terms:
        return evidence.similarity_terms(
            way, person=measures.pair_kind(row) == "person"
        )


def _ruled(way: Alignment) -> bool:
    return way.numbers_differ or (way.identical and not way.forms_differ)


def fit_similarity(judged: PairCases, generated: PairCases) -> tuple[float, ...]:
    """Coefficients of the similarity from all pairs."""
    cases = [*judged.cases(), *generated.cases(GENERATED_WEIGHT)]
    return fit(cases, evidence.SIMILARITY, list(evidence.SIMILARITY_TERMS.values()))


def cross_validated(judged: PairCases, generated: PairCases, seed: int) -> list[float]:
    """Similarity of each judged pair from a fit without its fold.

    Pairs that share a name are in one fold, so that no name is seen in fitting.
    """
    fold = _folds(judged.rows, seed)
    own, extra = judged.cases(), generated.cases(GENERATED_WEIGHT)
    signs = list(evidence.SIMILARITY_TERMS.values())
    found = [0.0] * len(own)
    for left_out in range(_FOLDS):
        cases = [case for at, case in enumerate(own) if fold[at] != left_out]
        coefficients = fit([*cases, *extra], evidence.SIMILARITY, signs)
        for at in range(len(own)):
            if fold[at] == left_out:
                found[at] = judged.similarity(at, coefficients)
    return found


def _folds(rows: Sequence[Row], seed: int) -> list[int]:
    group = list(range(len(rows)))

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    seen: dict[str, int] = {}
    for at, row in enumerate(rows):
        for name in (row["name1"].casefold(), row["name2"].casefold()):
            if name in seen:
                group[root(at)] = root(seen[name])
            seen[name] = at
    roots = sorted({root(at) for at in range(len(rows))})
    Random(seed).shuffle(roots)
    place = {one: order % _FOLDS for order, one in enumerate(roots)}
    return [place[root(at)] for at in range(len(rows))]


def fit_score(
    index: Index, aliases: Sequence[Row], negatives: Sequence[Row]
) -> tuple[float, ...]:
    """Coefficients of the score, from the even rows of aliases and innocent names."""
    cases = [_case(index, row["query"], row["entity_id"]) for row in aliases[::2]]
    cases += [_case(index, row["full_name"], None) for row in negatives[::2]]
    return fit(cases, evidence.SCORE, list(evidence.SCORE_TERMS.values()))


def _case(index: Index, text: str, own: str | None) -> Case:
    """The best candidates of a query: of one entity, or of all (an innocent name)."""
    found: list[tuple[float, evidence.Terms]] = []
    for query in readings(text):
        similar = index.similar(query)
        entries = [index.entries[at] for at in index.candidates(query, similar)[0]]
        if own is not None:
            entries = [e for e in entries if index.entities[e.entity].entity_id == own]
        if not entries:
            continue
        likeness = wholes(query, [entry.listed for entry in entries])
        for entry, whole in zip(entries, likeness, strict=True):
            way = align(query, similar, entry.listed, whole)
            person = index.entities[entry.entity].kind == "person"
            if way.agreed > 0.0 and not (way.crossed or _ruled(way)):
                terms = evidence.score_terms(way, person=person)
                found.append((evidence.log_odds(way, person=person), terms))
    found.sort(key=lambda scored: -scored[0])
    return Case([terms for _, terms in found[:3]], own is not None)
