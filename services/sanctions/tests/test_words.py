"""The quick ways to a word's forms and to what resembles it, against the plain ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_sanctions.lists.sources import simple
from fraud_sanctions.matching import index as index_module
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.likeness import Likeness
from fraud_sanctions.matching.vocabulary import LEAST_SIMILARITY
from fraud_sanctions.names.analyse import analyse, readings
from fraud_sanctions.names.normalise import spelling
from fraud_sanctions.names.normalise.spelling import fold, spell
from fraud_sanctions.settings import SAMPLE_LISTS

with (SAMPLE_LISTS / "fictional.csv").open("rb") as file:
    ENTITIES, _ = simple.parse(file, list_id="own")
NAMES = [name.text for entity in ENTITIES for name in entity.names]
WORDS = sorted({word for name in NAMES for word in analyse(name).words})
LETTERS = st.text("aeioucshtzkgdbjxwvyfrnmlpq", max_size=12)


class TestFold:
    @settings(max_examples=500)
    @given(LETTERS)
    def test_a_rule_that_is_not_tried_would_have_changed_nothing(self, word):
        plain = word
        for _, rules in spelling._FOLDS:
            for pattern, new in rules:
                plain = pattern.sub(new, plain)
        plain = spelling._DOUBLED.sub(r"\1", plain)
        for pattern, new in spelling._ENDINGS:
            plain = pattern.sub(new, plain)
        assert fold(word) == plain


class TestReadings:
    @settings(max_examples=200, deadline=None)
    @given(
        st.one_of(
            st.sampled_from(NAMES),
            st.lists(
                st.sampled_from([*WORDS, "ltd", "ao", "dr", "bin", "II", "/", "two"]),
                max_size=6,
            ).map(" ".join),
        ),
        st.sampled_from([True, False]),
    )
    def test_a_known_bearers_name_is_read_as_analysed(self, text, person):
        read = readings(text, person=person)
        assert len({name.words for name in read}) == len(read)
        for name in read:
            assert name in [
                analyse(name.text, person=person, persian=persian)
                for persian in (False, True)
            ]

    def test_an_unknown_bearers_name_is_read_both_ways_where_they_differ(self):
        assert len(readings("Anna Krandalov")) == 1
        both = {name.words for name in readings("Dr Anna Krandalov AG")}
        assert analyse("Dr Anna Krandalov AG", person=True).words in both
        assert analyse("Dr Anna Krandalov AG", person=False).words in both


class TestLikeness:
    SPELLINGS = tuple(spell(word) for word in [*WORDS, "~qsm", "~brzgn"])
    LIKENESS = Likeness(SPELLINGS, frozenset({"ali", "muhamad"}))

    @settings(max_examples=100, deadline=None)
    @given(
        st.one_of(st.sampled_from([*WORDS, "~qsm", "jonsdottir"]), LETTERS),
        st.lists(
            st.integers(0, len(SPELLINGS) - 1), min_size=1, max_size=9, unique=True
        ),
    )
    def test_many_words_at_once_are_as_alike_as_each_alone(self, word, ids):
        query = spell(word)
        together, typed = self.LIKENESS.of(query, ids, np.array(ids, dtype=np.intp))
        for place, at in enumerate(ids):
            alone, own = self.LIKENESS.of(query, [at], np.array([at], dtype=np.intp))
            assert together[place] == alone[0]
            assert typed[place] == own[0]

    def test_in_a_word_of_one_syllable_the_vowel_counts_more(self):
        likeness = Likeness((spell("song"), spell("songar")), frozenset())
        result, _ = likeness.of(spell("sang"), [0, 1], np.arange(2, dtype=np.intp))
        whole, bones = 0.75, 1.0
        assert result[0] == pytest.approx(whole + 0.3 * 0.38 * (bones - whole))
        assert result[1] == pytest.approx((1 - 0.38) * 0.5 + 0.38 * 0.75)


class TestAgreement:
    INDEX = Index(ENTITIES)

    def plain(self, name, most):
        """What each entry gains, word by word and entry by entry."""
        index, sums = self.INDEX, {}
        for word, likeness in zip(name.words, index.similar(name), strict=True):
            if len(word) == 1 and word.isalpha():
                continue
            best, read = {}, 0
            rows = zip(likeness.ids.tolist(), likeness.gains.tolist(), strict=True)
            for listed, gain in reversed(list(rows)):
                posted = index.posted(listed).tolist()
                read += len(posted)
                if best and read > most:
                    break
                for at in posted:
                    best.setdefault(at, gain)
            for at, gain in best.items():
                sums[at] = sums.get(at, 0.0) + gain
        return sums

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join),
        st.one_of(st.integers(1, 30), st.just(40_000)),
    )
    def test_each_word_adds_what_its_best_resembling_word_is_worth(self, text, most):
        index, name = self.INDEX, analyse(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index_module, "_MOST_POSTINGS", most)
            entries = set(index._agree(name, index.similar(name)).tolist())
        found = {at: float(index._scratch.agreed[at]) for at in entries}
        index._scratch.agreed[:] = 0.0
        assert found == pytest.approx(self.plain(name, most), rel=1e-5)

    def test_as_many_words_are_read_as_the_limit_allows_and_at_least_one(
        self, monkeypatch
    ):
        index = self.INDEX
        for word in WORDS[:30]:
            likeness = index.vocabulary.similar(word)
            lengths = [len(index.posted(at)) for at in likeness.ids.tolist()[::-1]]
            for words in range(1, len(lengths) + 1):
                most = sum(lengths[:words])
                for limit, wanted in ((most, words), (most - 1, max(1, words - 1))):
                    monkeypatch.setattr(index_module, "_MOST_POSTINGS", limit)
                    read, gains = index._best_read(likeness.ids, likeness.gains)
                    assert read.tolist() == likeness.ids[-wanted:].tolist()
                    assert len(gains) == wanted

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(NAMES), st.booleans())
    def test_nothing_of_one_screening_is_left_for_the_next(self, text, allowed):
        name = analyse(text)
        only = np.full(len(self.INDEX), allowed)
        self.INDEX.candidates(name, self.INDEX.similar(name), only)
        assert not self.INDEX._scratch.agreed.any()

    def test_what_a_word_resembles_has_its_gain_best_last(self):
        likeness = self.INDEX.vocabulary.similar(WORDS[3])
        alike = [likeness.by_id[at] for at in likeness.ids.tolist()]
        assert alike == sorted(alike)
        assert alike[0] >= LEAST_SIMILARITY
        bits = self.INDEX.vocabulary.bits[likeness.ids]
        gains = (np.array(alike) - 0.4) / 0.6 * bits
        assert likeness.gains.tolist() == pytest.approx(gains.tolist(), rel=1e-5)
