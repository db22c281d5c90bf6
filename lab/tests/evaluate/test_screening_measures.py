import pytest

from fraud_lab.evaluate.screening import measures
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener

ENTITIES = measures.entities(
    [{"entity_id": "e1", "source": "own", "schema": "Person"}],
    [
        {"entity_id": "e1", "name": "KRANDALOV, Zoltarin", "kind": "primary"},
        {"entity_id": "e2", "name": "Nobody Listed", "kind": "aka"},
    ],
)


def pair(one, other, is_match, quality="STRONG"):
    return {
        "name1": one,
        "name2": other,
        "schema": "Person",
        "is_match": str(is_match),
        "quality": quality,
    }


class TestScores:
    def test_own_and_top(self):
        screener = Screener(Index(ENTITIES))
        assert measures.own_score(screener, "Zoltarin Krandaloff", "e1") > 0.8
        assert measures.own_score(screener, "Zoltarin Krandaloff", "e2") == 0.0
        assert measures.top_score(screener, "Jane Smith") == 0.0

    def test_entities_without_names_are_left_out(self):
        assert [entity.entity_id for entity in ENTITIES] == ["e1"]


class TestThreshold:
    def test_every_set_keeps_its_rate_and_large_sets_keep_a_margin(self):
        made = [("synthetic_us", at / 10_000) for at in range(10_000)]
        bar = measures.threshold((0.01, 0.5), made)
        assert measures.shares(made, bar)["all"] == pytest.approx(0.006, abs=0.0002)
        real = [("us_congress_real", at / 100) for at in range(100)]
        bar = measures.threshold((0.01, 0.05), [*made, *real])
        assert measures.shares(real, bar)["all"] <= 0.05
        assert measures.shares(made, bar)["synthetic_us"] <= 0.006


class TestPairs:
    def test_f1_of_similarity(self):
        pairs = [
            pair("Zoltarin Krandalov", "Krandalov Zoltarin", True),
            pair("Vladimir Krandalov", "VladimirKrandalov", True),
            pair("Ahmed Salem al-Rawi", "Ahmed Salem al-Harbi", False),
            pair("Hasan bin Ahmad Ubaidi", "Ahmad bin Hasan Ubaidi", False),
            pair("김종은", "김정은", False),
        ]
        figures = measures.pair_figures(pairs, measures.pair_similarities(pairs))
        assert (figures.f1, figures.accuracy, figures.pairs) == (1.0, 1.0, 5)

    def test_an_error_shows_in_its_tier(self):
        pairs = [pair("A", "B", True), pair("A", "B", True, "WEAK")]
        figures = measures.pair_figures(pairs, [0.9, 0.1])
        assert (figures.precision, figures.recall) == (1.0, 0.5)
        tiers = measures.by_value(pairs, [0.9, 0.1], "quality")
        assert (tiers["STRONG"].accuracy, tiers["WEAK"].accuracy) == (1.0, 0.0)

    def test_calibration_compares_what_is_said_with_what_is(self):
        pairs = [pair("A", "B", True), pair("A", "B", False), pair("A", "B", True)]
        low, high = measures.calibration(pairs, [0.1, 0.15, 1.0])
        assert (low["pairs"], low["matches"]) == (2, 0.5)
        assert (high["from"], high["similarity"], high["matches"]) == (0.8, 1.0, 1.0)
