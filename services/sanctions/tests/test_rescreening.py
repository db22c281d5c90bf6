"""Screening against a part of the lists: the scores of the whole, and nothing missed."""

import random
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_sanctions.lists.catalogue import load
from fraud_sanctions.lists.delta import fingerprint, likeness_mark
from fraud_sanctions.lists.records import ListedEntity, ListedName, Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.rescreening.comparison import Rescreening
from fraud_sanctions.settings import SAMPLE_LISTS
from fraud_shared.testing.clocks import FakeClock

LEAST = 0.5


@cache
def screener():
    lists = load(SAMPLE_LISTS, {}, FakeClock().now()).lists
    return Screener(Index([entity for watch in lists for entity in watch.entities]))


@cache
def names():
    """Listed names, each as it is and with a slip, and names of nobody."""
    chance = random.Random(7)
    found = []
    for entity in screener().index.entities:
        for name in entity.names:
            at = chance.randrange(len(name.text))
            found += [name.text, name.text[:at] + name.text[at + 1 :]]
            found.append(" ".join(reversed(name.text.split())))
    return [name for name in found if name.strip()] + ["Jane Smith", "Acme Trading"]


def key(hit):
    return hit.entity.entity_id, hit.score, hit.similarity, hit.strength, hit.reasons


class TestAPartOfTheLists:
    @settings(deadline=None)
    @given(st.data())
    def test_gives_what_the_whole_gives_of_it(self, data):
        """Whether or not a small index is asked first."""
        entities = screener().index.entities
        some = data.draw(st.sets(st.sampled_from(entities), min_size=1, max_size=60))
        ids = {entity.entity_id for entity in some}
        part = Rescreening(screener(), ids, least=LEAST)
        for name in data.draw(st.lists(st.sampled_from(names()), max_size=10)):
            party = Party(name)
            whole = screener().screen(party, least=LEAST, most=1000)
            found = {key(hit) for hit in part.hits(party)}
            assert found >= {key(hit) for hit in whole if hit.entity.entity_id in ids}
            assert {entity_id for entity_id, *_ in found} <= ids

    def test_of_nothing_is_nothing(self):
        part = Rescreening(screener(), {"nobody"}, least=LEAST)
        assert [hit for name in names() for hit in part.hits(Party(name))] == []

    def test_without_a_part_it_is_the_whole(self):
        whole = Rescreening(screener(), None, least=LEAST)
        for name in names()[:50]:
            assert [key(hit) for hit in whole.hits(Party(name))] == [
                key(hit) for hit in screener().screen(Party(name), least=LEAST, most=50)
            ]

    def test_one_of_many_with_the_same_name_is_not_crowded_out(self, listed):
        many = [listed("Zoltarin Krandalov", key=f"e{n:03}") for n in range(100)]
        part = Rescreening(Screener(Index(many)), {"e099"}, least=LEAST)
        (hit,) = part.hits(Party("Zoltarin Krandalov"))
        assert hit.entity.entity_id == "e099"


class TestLikenessMark:
    ENTITY = ListedEntity("a", "own", "person", (ListedName("A B"),), countries=("RU",))

    @pytest.mark.parametrize(
        ("facts", "same"),
        [
            ({"programs": ("X",)}, True),
            ({"listed_on": "2026-01-01"}, True),
            ({"countries": ("BY",)}, False),
            ({"birth_dates": ("1970",)}, False),
            ({"names": (ListedName("A B"), ListedName("C D"))}, False),
            ({"kind": "organisation"}, False),
        ],
    )
    def test_changes_with_what_identifies_the_listed(self, facts, same):
        other = replace(self.ENTITY, **facts)
        assert fingerprint(other) != fingerprint(self.ENTITY)
        assert (likeness_mark(other) == likeness_mark(self.ENTITY)) is same
