"""Names as payments bring them, against lists that write them otherwise."""

import pytest

from fraud_sanctions.settings import Settings

POSSIBLE = float(Settings.model_fields["possible"].default)
MATCH = float(Settings.model_fields["match"].default)


class TestFathers:
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("Igor Kravin", "Igor Vesperovich KRAVIN"),
            ("Игорь Кравин", "Igor Vesperovich KRAVIN"),
            ("Igor Vesperovich Kravin", "KRAVIN, Igor"),
            ("Hasan Ubaidi", "Hasan bin Zoltarin al-Ubaidi"),
        ],
    )
    def test_one_name_may_leave_the_father_out(self, score, query, name):
        assert score(query, name) >= 0.9

    def test_another_father_is_not_left_out(self, score):
        name = "Igor Vesperovich Kravin"
        assert score("Igor Petrovich Kravin", name) < score("Igor Kravin", name) - 0.1
