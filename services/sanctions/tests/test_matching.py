"""Names as payments bring them, against lists that write them otherwise."""

import string

import pytest

from fraud_sanctions.index import Index
from fraud_sanctions.records import Party
from fraud_sanctions.screener import Screener
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


class TestExactNames:
    def test_a_listed_name_is_found_whatever_shares_more_with_it(self, listed):
        letters = string.ascii_lowercase
        many = [f"Omar Omar {a}{b}lov" for a in letters for b in letters[:16]]
        near = [f"Oomar Omari{a}" for a in letters] + [
            f"Omar Omarr{a}" for a in letters
        ]
        screener = Screener(Index([listed(n) for n in ("Omar Omar", *many, *near)]))
        hits = screener.screen(Party("OMAR, Omar"), least=POSSIBLE)
        assert hits[0].name == "Omar Omar"
