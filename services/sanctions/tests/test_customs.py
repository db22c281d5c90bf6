"""What naming customs leave out, and how kinds of organisations are written."""

import pytest

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.names.analyse import given_name_groups, readings
from fraud_sanctions.names.normalise.bodies import in_one_spelling, place
from fraud_sanctions.names.normalise.particles import father_of, is_slavic_patronymic


def hit(entities, query):
    hits = Screener(Index(entities)).screen(Party(query))
    return hits[0] if hits else None


class TestPatronymics:
    @pytest.mark.parametrize(
        "word",
        ["petrovich", "fomich", "ilyich", "uladzimirauna", "igorevic", "nikitichna"],
    )
    def test_their_endings_in_several_romanisations(self, word):
        assert is_slavic_patronymic(word)

    def test_a_last_word_that_ends_like_serbian_family_names_is_one(self):
        assert not is_slavic_patronymic("markovic", last=True)
        (name,) = readings("Dragomir Stefan Tarkhovic", person=True)
        assert name.short == ""

    def test_own_and_family_name_are_run_together_without_it(self):
        for text in ("Igor Petrovich Krandalov", "Krandalov, Igor Petrovich"):
            (name,) = readings(text, person=True)
            assert name.short == "igorkrandalov"
        (name,) = readings("Tarkhovich Igor Petrovich", person=True)
        assert name.short == "tarhovicigor"

    def test_a_name_is_found_without_it(self, listed):
        found = hit(
            [listed("KRANDALOV, Igor Petrovich", kind="person")], "Igor Krandalov"
        )
        assert found is not None
        assert found.score > 0.95
        assert found.similarity > 0.9

    def test_two_different_ones_are_two_people(self, listed):
        entity = listed("Igor Petrovich Krandalov", kind="person")
        found = hit([entity], "Igor Borisovich Krandalov")
        assert found is None or found.similarity < 0.5

    def test_they_follow_the_languages_of_the_name_they_are_made_of(self):
        one, other = (
            given_name_groups("uladzimiravich"),
            given_name_groups("vladimirovna"),
        )
        assert one == other != frozenset()
        assert one.isdisjoint(given_name_groups("vladimir"))
        assert father_of("krandalov") == ""


class TestBodies:
    @pytest.mark.parametrize(
        "written",
        [
            "nii vektor",
            "research institute vektor",
            "scientific research institute vektor",
            "nauchno issledovatelskiy institut vektor",
            "nauchnogo issledovatelskogo instituta vektor",
        ],
    )
    def test_in_full_or_short_they_are_one_word(self, written):
        assert in_one_spelling(written.split()) == ["nii", "vektor"]

    def test_whom_a_body_is_named_after_stands_in_the_nominative(self):
        written = ["zavod", "imeni", "k", "a", "krandalova"]
        assert in_one_spelling(written) == ["zavod", "k", "a", "krandalov"]
        written = ["zavod", "named", "after", "lubeshevskogo"]
        assert in_one_spelling(written) == ["zavod", "lubeshevskiy"]
        assert in_one_spelling(["krandalova"]) == ["krandalova"]

    @pytest.mark.parametrize(
        ("adjective", "town"),
        [
            ("tomskoe", "tomsk"),
            ("omskiy", "omsk"),
            ("volgogradskaya", "volgograd"),
            ("voronezhskogo", "voronezh"),
        ],
    )
    def test_adjectives_of_places_are_the_places(self, adjective, town):
        assert place(adjective) == place(town)

    def test_other_words_keep_their_endings(self):
        assert place("alaska") == "alaska"

    def test_a_persons_name_like_such_an_adjective_stays(self):
        assert [n.words for n in readings("Mikhail Lubeshevskiy")] == [
            ("mikhail", "lubeshevskiy")
        ]

    def test_a_russian_name_finds_the_english_one(self, listed):
        entity = listed("JSC Volgograd Research Institute Krandal", kind="organisation")
        found = hit([entity], "АО «Волгоградский НИИ Крандал»")
        assert found is not None
        assert found.score > 0.95


class TestWordsApartInBothNames:
    def test_common_words_do_not_crowd_out_the_name_itself(self, listed):
        common = "Amber Quarry Works of"
        crowd = [
            listed(f"{common} {a}{b}orvel Trust", key=f"{a}{b}", kind="organisation")
            for a in "bcdfghjk"
            for b in "aeiouy"
        ]
        own = listed("Ambre Quary Work Zilbrodan", key="own", kind="organisation")
        found = hit([*crowd, own], f"{common} Zilbrodan")
        assert found is not None
        assert found.entity.entity_id.endswith("own")
