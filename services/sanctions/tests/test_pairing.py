"""What is passed over without a full comparison could not have counted."""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fraud_sanctions.lists.records import ListedEntity, ListedName
from fraud_sanctions.matching.alignment import best_alignment
from fraud_sanctions.matching.evidence import log_odds, log_odds_of, most_log_odds
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.pairing import (
    PreparedQuery,
    _compounds,
    candidate_pairs,
    wholes,
)
from fraud_sanctions.names.analyse import analyse

NAMES = [
    "Zoltarin Vesper Krandalov", "Krandalov Zoltarin", "Ahmad bin Hasan al-Ubaidi",
    "Jean-Paul Marchand", "J Marchand", "JP Marchand", "Sky Zone Quorvex Trading FZE",
    "Skyzone Quorvex", "Global Quarry Export Trust", "GQET", "Harbor Myrmidon Trust II",
    "Harbor Myrmidon Trust 2", "Choe Yong Min", "Choeyong Min", "Xi Zhong Liang",
    "Hsi Chungliang", "عبد الوهاب الذرقماني", "Abd al-Wahhab al-Dhurqamani", "최용민",
    "Vladimir Putinov", "VladimirPutinov", "Van der Bilt", "Anna", "Anna Maria Garcia",
    "Maria Garsia", "Bill Quorvexley", "William Quorvexley", "Quor Vexley", "A B", "A B C",
    "Hu Ro Krandalov", "Huro Krandalov", "Zoltarin Vesperovich Krandalov",
    "Zoltarin Krandalov of Quimborast", "Abu Omar bin Zoltarin al-Ubaidi",
]  # fmt: skip
INDEX = Index(
    [
        ListedEntity(str(at), "own", kind, (ListedName(name),))
        for at, name in enumerate(NAMES)
        for kind in ("person", "organisation")
    ]
)
LISTED = [(entry.listed, INDEX.entities[entry.entity]) for entry in INDEX.entries]
WORDS = sorted({word for name in NAMES for word in name.split()})
QUERIES = st.one_of(
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join),
    st.tuples(st.sampled_from(NAMES), st.integers(0, 30), st.sampled_from("aeiks "))
    .map(lambda t: t[0][: t[1]] + t[2] + t[0][t[1] + 1 :])
    .filter(str.strip),
)


def drafts(text, person):
    query = analyse(text, person=person)
    if not query.words:
        return
    asked = PreparedQuery.of(query, INDEX.similar(query))
    likeness = wholes(query, [listed for listed, _ in LISTED])
    for (listed, entity), whole in zip(LISTED, likeness, strict=True):
        yield candidate_pairs(asked, listed, whole), entity.kind == "person"


class TestBound:
    @settings(max_examples=150, deadline=None)
    @given(QUERIES, st.booleans())
    def test_no_pairing_gives_more_than_the_most(self, text, person):
        for found, listed_person in drafts(text, person):
            assert log_odds(
                best_alignment(found), person=listed_person
            ) <= most_log_odds(found)

    def test_it_passes_over_what_does_not_match_and_nothing_else(self):
        found = [most_log_odds(found) for found, _ in drafts(NAMES[0], True)]
        enough = log_odds_of(0.85)
        assert sum(most < enough for most in found) > 0.9 * len(found)
        assert max(found) > enough

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Zoltarinvesper Krandalov", "Zoltarin Vesper Krandalov"),
            ("Zoltari Nvesperkran Dalov", "Zoltarin Vesper Krandalov"),
            ("Skyzone Trading", "Sky Zone Quorvex Trading FZE"),
            ("GQET", "Global Quarry Export Trust"),
        ],
    )
    def test_names_that_may_meet_as_one_are_never_passed_over(self, text, name):
        (found,) = (
            found
            for found, person in drafts(text, False)
            if found.listed.name.text == name and not person
        )
        assert most_log_odds(found) == math.inf


class TestJoined:
    @settings(max_examples=150, deadline=None)
    @given(QUERIES, st.booleans())
    @example("Huro Krandalov", True)
    def test_every_word_that_may_be_two_is_tried(self, text, person):
        for found, _ in drafts(text, person):
            ours, theirs = found.asked.name, found.listed.name
            good = [pair for pair in found.pairs if pair[0] >= 0.9]
            settled = [at for _, _, at, _ in good]
            taken = [place for _, _, _, place in good]
            free = [at for at in range(len(ours.words)) if at not in settled]
            rest = [at for at in range(len(theirs.words)) if at not in taken]
            every = [
                ((at,), (left, left + 1))
                for at, left, _ in _compounds(ours, free, theirs, taken)
            ] + [
                ((left, left + 1), (place,))
                for place, left, _ in _compounds(theirs, rest, ours, settled)
            ]
            if len(good) < max(len(ours.words), len(theirs.words)):
                assert [(one.query, one.listed) for one in found.joined] == every

    def test_there_are_some_both_ways_and_by_syllables(self):
        ways = {
            (one.how, one.similarity == 0.9)
            for name in NAMES
            for found, _ in drafts(name, True)
            for one in found.joined
        }
        assert {"apart", "together"} == {how for how, _ in ways}
        assert True in {syllables for _, syllables in ways}


class TestListed:
    def test_starts_are_of_each_word(self):
        for listed, _ in LISTED:
            assert len(listed.starts) == len(listed.sounds) == len(listed.ids)
            folds = listed.name.folds
            for (one, other), (a, b) in zip(
                pairwise(listed.starts), pairwise(folds), strict=True
            ):
                assert (one, other) == (a[0], b[0])
