"""A name as written, taken through the steps of `normalise/` to comparable words."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fraud_sanctions.normalise.homoglyphs import fold_homoglyphs
from fraud_sanctions.normalise.honorifics import without_honorifics
from fraud_sanctions.normalise.legal_forms import split_legal_forms
from fraud_sanctions.normalise.numbers import NUMBER_MARK, mark_numbers
from fraud_sanctions.normalise.order import alternatives
from fraud_sanctions.normalise.particles import (
    is_link,
    is_patronymic,
    is_surname,
    join_compounds,
    names_father,
)
from fraud_sanctions.normalise.spelling import fold, spell, syllabic
from fraud_sanctions.normalise.transliterate import transliterate
from fraud_sanctions.normalise.unicode import clean
from fraud_sanctions.tables import groups, stems

# More words than any listed person or ship has; a longer query is cut, not refused.
MAX_WORDS = 24
_SURE_FORM = 3
_LONGEST_SUCH_NAME = 4
_PERSON_WORDS = 4
_VOWELS = frozenset("aeiouy")
_NO_NAMES = frozenset({"inc", "corp"})
_WORD = re.compile(r"~?[a-z0-9]+")
_SYLLABIC = re.compile(r"[\u3400-\u9fff\uac00-\ud7a3]")
# What every company is called after: no evidence of which one.
_EASTERN_FORMS = re.compile(
    "股份|有限|责任|責任|公司|集团|集團|株式会社|株式會社|주식회사|유한회사"
)
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?\b")
_SHORTEST_STEM = 4
_LONGEST_STEM = 15


@dataclass(frozen=True, slots=True)
class Name:
    """One name in comparable form.

    `words`: what is compared, `#n` for numbers; `fathers`: positions of words that name the
    father; `forms`: company forms set apart; `compact`: everything run together and folded;
    `native`: the characters of a name in Han or Hangul, in a fixed order, else empty;
    `folds`: the words folded; `syllables`: their Chinese or Korean syllables; `numbers`, `initials`: positions of such words.
    """

    text: str
    words: tuple[str, ...]
    fathers: frozenset[int]
    forms: tuple[str, ...]
    compact: str
    native: str
    folds: tuple[str, ...]
    syllables: tuple[str, ...]
    numbers: frozenset[int]
    initials: frozenset[int]


def _tokens(text: str) -> list[str]:
    plain = transliterate(fold_homoglyphs(clean(text)))
    if "." in plain:
        plain = _DOTTED.sub(lambda m: m.group().replace(".", ""), plain)
    return _WORD.findall(plain)[:MAX_WORDS]


def _is_eastern(tokens: Sequence[str]) -> bool:
    """Syllables only, and among them one that elsewhere is an article (`An`)."""
    return any(map(is_surname, tokens)) and all(map(syllabic, tokens))


def _native(text: str) -> str:
    if text.isascii():
        return ""
    return "".join(sorted(_SYLLABIC.findall(_EASTERN_FORMS.sub("", text))))


class _Reading(NamedTuple):
    """A name's words, before anything is derived from them; `tokens`: with its links."""

    tokens: Sequence[str]
    words: tuple[str, ...]
    fathers: frozenset[int]
    forms: tuple[str, ...]


def analyse(text: str, *, person: bool | None = None) -> Name:
    """The comparable form of one single name. `person`: what is known of its bearer."""
    return _name(text, _read(_tokens(text), person))


def _read(raw: Sequence[str], person: bool | None) -> _Reading:
    tokens, forms = (raw, []) if person or not raw else split_legal_forms(raw)
    organisation = person is False or bool(forms)
    tokens = mark_numbers(tokens, organisation=organisation)
    if not organisation:
        tokens = join_compounds(without_honorifics(tokens))
    words: list[str] = []
    fathers: set[int] = set()
    eastern = not organisation and _is_eastern(tokens)
    linked = False
    for token in tokens:
        if linked or (not organisation and is_patronymic(token)):
            fathers.add(len(words))
        linked = names_father(token)
        link = linked or is_link(token)
        if not link or (eastern and is_surname(token)):
            words.append(token)
    if not words:
        words, fathers = list(tokens), set()
    return _Reading(tokens, tuple(words), frozenset(fathers), tuple(forms))


def _name(text: str, read: _Reading) -> Name:
    words = read.words
    spellings = [spell(word) for word in words]
    return Name(
        text,
        words,
        read.fathers,
        read.forms,
        fold("".join(read.tokens).replace("~", "")),
        _native(text),
        tuple([fold(s.text) if s.bare else s.fold for s in spellings]),
        tuple([s.syllabic for s in spellings]),
        frozenset([at for at, word in enumerate(words) if is_number(word)]),
        frozenset([at for at, word in enumerate(words) if is_initial(word)]),
    )


def _may_be_person(raw: Sequence[str], read: _Reading) -> bool:
    """Nothing was set apart but one short word that may be a name (`Pao`, `Sia`, `Se`)."""
    if not read.forms:
        return True
    apart = list((Counter(raw) - Counter(read.words)).elements())
    apart = [token for token in apart if not is_link(token)]
    names = [token for token in raw if not is_link(token)]
    return len(names) <= _PERSON_WORDS and len(apart) == 1 and _may_be_name(apart[0])


def _may_be_name(form: str) -> bool:
    """`ltd` and `gmbh` are nobody's name, nor is `inc`."""
    short = len(form) < _SURE_FORM
    return short or (
        len(form) <= _LONGEST_SUCH_NAME
        and form not in _NO_NAMES
        and not _VOWELS.isdisjoint(form)
        and not _VOWELS.issuperset(form)
    )


def readings(text: str, *, person: bool | None = None) -> Sequence[Name]:
    """Every name a field holds (`A / B`, `Long Name (LN)`), those without words left out.

    A name whose bearer is unknown is read both ways where that makes a difference.
    """
    found: dict[tuple[str, ...], tuple[str, _Reading]] = {}
    for part in alternatives(clean(text)):
        raw = _tokens(part)
        read = [_read(raw, person=bool(person))]
        if person is None and _may_be_person(raw, read[0]):
            read.append(_read(raw, person=True))
        found.update({reading.words: (part, reading) for reading in read})
    return [_name(part, read) for words, (part, read) in found.items() if words]


@lru_cache(maxsize=1 << 16)
def business_word(word: str) -> str | None:
    """The common English form of a word organisations use (`zavod` is `plant`), or None."""
    table = stems("glossary")
    if word in table:
        return table[word]
    for length in range(min(len(word), _LONGEST_STEM), _SHORTEST_STEM - 1, -1):
        if found := table.get(word[:length] + "*"):
            return found
    return None


def given_name_groups(word: str) -> frozenset[int]:
    """Groups of interchangeable given names the word belongs to."""
    return groups("nicknames").get(word, frozenset())


def is_number(word: str) -> bool:
    """A number or series mark: identity, not spelling."""
    return word.startswith(NUMBER_MARK)


def is_initial(word: str) -> bool:
    """A single letter that may stand for a whole name."""
    return len(word) == 1 and word.isalpha()
