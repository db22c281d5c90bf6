from collections import Counter
from pathlib import Path

import pytest

from fraud_lab.evaluate.screening import fit as fitting
from fraud_lab.evaluate.screening import measures
from fraud_lab.evaluate.screening.generate import as_csv, generate
from fraud_lab.evaluate.screening.table import (
    PAIRS,
    README,
    SEED,
    committed,
    error_table,
    with_table,
)
from fraud_sanctions.matching import evidence

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def pairs():
    return committed()


@pytest.fixture(scope="module")
def similarities(pairs):
    return measures.pair_similarities(pairs)


class TestPairs:
    def test_the_committed_set_is_what_the_generator_makes(self, pairs):
        assert len(pairs) >= 5000
        assert as_csv(pairs) == as_csv(generate(PAIRS, SEED))

    def test_every_way_of_writing_is_there(self, pairs):
        assert min(Counter(row["kind"] for row in pairs).values()) >= 150
        assert {row["is_match"] for row in pairs} == {"True", "False"}
        assert {
            "arabic",
            "cyrillic",
            "hangul",
            "han",
            "hebrew",
            "greek",
            "thai",
            "kana",
        } < {row["script"] for row in pairs}

    def test_another_seed_makes_other_pairs(self):
        assert generate(50, 1) == generate(50, 1) != generate(50, 2)


class TestFloors:
    def test_recall_and_false_alarms(self, pairs, similarities):
        figures = measures.pair_figures(pairs, similarities)
        others = [
            s
            for row, s in zip(pairs, similarities, strict=True)
            if row["is_match"] == "False"
        ]
        assert figures.recall >= 0.99
        assert sum(s >= 0.5 for s in others) / len(others) <= 0.01

    def test_no_way_of_writing_is_left_behind(self, pairs, similarities):
        for kind, figures in measures.by_value(pairs, similarities, "kind").items():
            assert figures.accuracy >= 0.9, kind

    def test_the_readme_has_this_table(self, pairs, similarities):
        readme = (ROOT / README).read_text("utf-8")
        assert readme == with_table(readme, error_table(pairs, similarities))


class TestFit:
    def test_signs_hold_and_folds_keep_shared_names_together(self):
        rows = generate(400, 3)
        cases = fitting.PairCases(rows, measures.pair_alignments(rows))
        found = fitting.fit(
            cases.cases(), evidence.SIMILARITY, list(evidence.SIMILARITY_TERMS.values())
        )
        for value, sign in zip(found, evidence.SIMILARITY_TERMS.values(), strict=True):
            assert sign == 0 or value * sign >= 0.0
        held_out = fitting.cross_validated(cases, cases, seed=1)
        assert measures.pair_figures(rows, held_out).f1 >= 0.97
