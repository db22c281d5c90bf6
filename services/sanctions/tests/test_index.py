import string

from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_sanctions.lists.records import Party
from fraud_sanctions.lists.sources import simple
from fraud_sanctions.matching.index import CANDIDATES, Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.names.analyse import analyse
from fraud_sanctions.settings import SAMPLE_LISTS

with (SAMPLE_LISTS / "fictional.csv").open("rb") as file:
    ENTITIES, _ = simple.parse(file, list_id="own")
INDEX = Index(ENTITIES)
SCREENER = Screener(INDEX)
UNORDERED = [
    entity
    for entity in ENTITIES
    if not analyse(entity.caption).fathers and not any(map(str.isdigit, entity.caption))
]


def found(query):
    name = analyse(query)
    ids, _ = INDEX.candidates(name, INDEX.similar(name))
    return {INDEX.entities[INDEX.entries[at].entity].entity_id for at in ids.tolist()}


class TestCandidates:
    def test_no_single_word_has_to_be_right(self):
        assert "own-FP-0003" in found("Kasimudin Barasgani")
        assert "own-FP-0003" in found("Qasimuddin Xxxxxx")
        assert "own-FP-0003" in found("Yyyyyyy Barazghani")

    def test_words_run_together_or_apart(self):
        assert "own-FP-0027" in found("Mahlaqarustamzai")
        assert "own-FP-0025" in found("Hendrik van der Zwol Meer")

    def test_an_acronym_finds_its_company(self, listed):
        index = Index([listed("Global Quarry Export Trust", kind="organisation")])
        name = analyse("GQET")
        assert len(index.candidates(name, index.similar(name))[0]) == 1

    def test_they_are_bounded(self, listed):
        letters = string.ascii_lowercase
        many = [listed(f"Omar {a}{b}alov", key=a + b) for a in letters for b in letters]
        index = Index(many)
        name = analyse("Omar Alov")
        assert len(index.candidates(name, index.similar(name))[0]) <= CANDIDATES


class TestLaws:
    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(UNORDERED), st.randoms())
    def test_a_name_without_a_father_finds_its_entity_in_any_order_of_words(
        self, entity, random
    ):
        words = list(analyse(entity.caption, person=entity.kind == "person").words)
        random.shuffle(words)
        hits = SCREENER.screen(Party(" ".join(words), kind=entity.kind), least=0.05)
        assert entity.entity_id in [hit.entity.entity_id for hit in hits]

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=300))
    def test_any_text_is_answered_with_bounded_numbers(self, text):
        for hit in SCREENER.screen(Party(text), least=0.0):
            assert 0.0 <= hit.score <= 1.0
            assert 0.0 <= hit.similarity <= 1.0
            assert 0.0 <= hit.strength <= 1.0

    @settings(max_examples=30, deadline=None)
    @given(st.sampled_from(ENTITIES), st.sampled_from("\u200b\u200e\u202e\ufeff\u00ad"))
    def test_invisible_characters_change_nothing(self, entity, mark):
        plain = SCREENER.screen(Party(entity.caption))
        marked = SCREENER.screen(Party(mark.join(entity.caption)))
        assert [h.score for h in plain] == [h.score for h in marked]

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(ENTITIES), st.integers(0, 40), st.sampled_from("aeikrs "))
    def test_what_is_not_compared_could_not_have_been_a_hit(self, entity, at, letter):
        name = entity.caption
        changed = name[: at % len(name)] + letter + name[at % len(name) :]
        every = SCREENER.screen(Party(changed), least=0.0, most=100)
        for least in (0.85, 0.4):
            hits = SCREENER.screen(Party(changed), least=least, most=100)
            assert hits == [hit for hit in every if hit.score >= least]
