from dataclasses import replace

import pytest

from fraud_sanctions.lists.records import ListedIdentifier, Party
from fraud_sanctions.matching.qualify import qualify


@pytest.fixture
def shift(listed):
    entity = listed("A B", births=("1961-04-09",), countries=("RU",))
    return lambda **facts: qualify(Party("A B", **facts), entity).shift


class TestBirthDate:
    def test_missing_is_neutral(self, shift):
        assert shift() == 0.0

    def test_agreement_raises_and_contradiction_lowers(self, shift):
        assert shift(birth_date="1961-04-09") > shift(birth_date="1961") > 0.0
        assert shift(birth_date="1985-04-09") < shift(birth_date="1961-07-30") < 0.0

    def test_what_clerks_get_wrong_is_neutral(self, shift):
        assert shift(birth_date="1961-09-04") == 0.0  # day and month exchanged
        assert shift(birth_date="1962") == 0.0

    def test_any_listed_date_may_agree(self, listed):
        entity = listed("A B", births=("1950", "1961"))
        assert qualify(Party("A B", birth_date="1961-01-01"), entity).shift > 0.0


class TestIdentifiers:
    def test_agree_contradict_missing(self, listed):
        passport = ListedIdentifier("passport", "A1234567")
        entity = replace(listed("A B"), identifiers=(passport,))

        def shift(*numbers):
            return qualify(Party("A B", identifiers=numbers), entity).shift

        assert shift(passport) > shift() == 0.0
        assert shift(ListedIdentifier("passport", "B7654321")) < 0.0
        assert shift(ListedIdentifier("tax id", "99")) == 0.0


class TestCountryAndKind:
    def test_country_raises_or_lowers(self, shift):
        assert shift(country="RU") > 0.0 > shift(country="FR")

    def test_kind_only_lowers(self, shift):
        assert shift(kind="person") == 0.0 > shift(kind="vessel")

    def test_reasons_in_words(self, listed):
        entity = listed("A B", births=("1961",), countries=("RU",))
        found = qualify(Party("A B", birth_date="1990", country="RU"), entity)
        assert found.reasons == ("birth year differs", "country agrees")
