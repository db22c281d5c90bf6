from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fraud_sanctions.lists.delta import Delta, delta, fingerprint, fingerprints

versions = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123"))


class TestDelta:
    def test_names_what_came_went_and_changed(self):
        found = delta({"a": "1", "b": "1", "c": "1"}, {"b": "1", "c": "2", "d": "1"})
        assert found == Delta(added=("d",), removed=("a",), changed=("c",))

    @given(versions, versions)
    def test_it_leads_from_one_version_to_the_other(self, before, after):
        found = delta(before, after)
        kept = {key: mark for key, mark in before.items() if key not in found.removed}
        news = {key: after[key] for key in (*found.added, *found.changed)}
        assert kept | news == after
        assert bool(found) == (before != after)

    @given(versions, versions)
    def test_the_way_back_is_the_same_way(self, before, after):
        there, back = delta(before, after), delta(after, before)
        assert (there.added, there.changed) == (back.removed, back.changed)


class TestFingerprint:
    def test_order_does_not_count_and_every_fact_does(self, listed):
        entity = listed("Zoltarin Krandalov", "Z. Krandalov", countries=("RU", "BY"))
        same = replace(entity, countries=("BY", "RU"))
        assert fingerprint(same) == fingerprint(entity)
        for other in (
            replace(entity, countries=("RU",)),
            replace(entity, names=entity.names[:1]),
            replace(entity, birth_dates=("1957",)),
            replace(entity, listed_on="2020-01-01"),
        ):
            assert fingerprint(other) != fingerprint(entity)

    def test_a_list_is_its_entities_by_id(self, listed):
        found = fingerprints([listed("A B", key="x"), listed("C D", key="y")])
        assert sorted(found) == ["x", "y"]
