import pytest

from fraud_sanctions.matching.ofac import ofac_score


class TestScore:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("KRANDALOV, Zoltarin", "Zoltarin Krandalov"),
            ("Zoltarin", "KRANDALOV, Zoltarin"),
            ("zoltárin krandalov", "KRANDALOV, Zoltarin"),
        ],
    )
    def test_every_part_found_is_a_hundred(self, query, name):
        assert ofac_score(query, [name]) == 100

    def test_a_misspelling_costs_a_few_points(self):
        assert 90 <= ofac_score("Zoltarin Krandalof", ["KRANDALOV, Zoltarin"]) < 100

    def test_another_first_letter_is_never_compared(self):
        assert ofac_score("Yusuf", ["Joseph"]) == 0

    def test_the_best_name_counts(self):
        assert ofac_score("Brak Omar", ["Somebody Else", "Brak Omar"]) == 100

    def test_short_parts_and_no_letters(self):
        assert ofac_score("Al", ["Al"]) == 100
        assert ofac_score("🙂", ["Zoltarin"]) == 0
        assert ofac_score("Zoltarin", []) == 0

    def test_the_textbook_pair(self):
        assert ofac_score("Marhta", ["Martha"]) == 96
