from fraud_sanctions import evaluate
from fraud_sanctions.index import Index
from fraud_sanctions.screener import Screener

ENTITIES = evaluate.entities(
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


class TestOperatingPoints:
    def test_figures_come_from_the_half_that_set_no_threshold(self):
        innocent = {"set": "synthetic_us", "exact_collision": "0"}
        alias = {"entity_id": "e1", "difficulty": "near"}
        typo = {"expected_entity_id": "e1", "changed": "1"}
        points = evaluate.operating_points(
            Screener(Index(ENTITIES)),
            [{**alias, "query": q} for q in ("Jane Smith", "Zoltarin Krandaloff")],
            [{**typo, "query": q} for q in ("Jane Smith", "Zoltrain Krandalov")],
            [{**innocent, "full_name": q} for q in ("Jane Smith", "John Doe")],
        )
        strict = points["strict"]
        assert strict.alias_recall == {"all": 1.0, "near": 1.0}
        assert strict.typo_recall == {"all": 1.0, "changed": 1.0}
        assert strict.false_positive_rate == {"all": 0.0, "synthetic_us": 0.0}
        assert evaluate.as_json(points)["review"]["threshold"] < 0.5

    def test_entities_without_names_are_left_out(self):
        assert [entity.entity_id for entity in ENTITIES] == ["e1"]


class TestPairs:
    def test_f1_of_similarity(self):
        pairs = [
            pair("Zoltarin Krandalov", "Krandalov Zoltarin", True),
            pair("Vladimir Krandalov", "VladimirKrandalov", True),
            pair("Ahmed Salem al-Rawi", "Ahmed Salem al-Harbi", False),
            pair("Hasan bin Ahmad Ubaidi", "Ahmad bin Hasan Ubaidi", False),
            pair("김종은", "김정은", False),
        ]
        figures = evaluate.pair_figures(pairs, evaluate.pair_similarities(pairs))
        assert (figures.f1, figures.strong_accuracy, figures.pairs) == (1.0, 1.0, 5)

    def test_an_error_shows(self):
        figures = evaluate.pair_figures([pair("A", "B", True)] * 2, [0.9, 0.1])
        assert (figures.precision, figures.recall) == (1.0, 0.5)


class TestLatency:
    def test_percentiles_are_in_order(self):
        spent = evaluate.latency_ms(Screener(Index(ENTITIES)), ["Jane Smith"] * 20)
        assert 0.0 < spent["p50"] <= spent["p99"]

    def test_samples_repeat(self):
        rows = [{"id": str(at)} for at in range(1000)]
        some = evaluate.sample(rows, "id", 0.2)
        assert some == evaluate.sample(rows, "id", 0.2)
        assert 150 < len(some) < 250
