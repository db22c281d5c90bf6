"""A name as written, taken through the steps of `normalise/` to comparable words."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from fraud_sanctions.names.normalise.arabic import is_read_twice
from fraud_sanctions.names.normalise.bodies import in_one_spelling, place
from fraud_sanctions.names.normalise.homoglyphs import fold_homoglyphs
from fraud_sanctions.names.normalise.honorifics import without_honorifics
from fraud_sanctions.names.normalise.legal_forms import split_legal_forms
from fraud_sanctions.names.normalise.numbers import NUMBER_MARK, mark_numbers
from fraud_sanctions.names.normalise.order import alternatives
from fraud_sanctions.names.normalise.particles import (
    father_of,
    is_link,
    is_patronymic,
    is_slavic_patronymic,
    is_surname,
    join_compounds,
    may_be_surname,
    names_father,
)
from fraud_sanctions.names.normalise.spelling import fold, spell, syllabic
from fraud_sanctions.names.normalise.transliterate import transliterate
from fraud_sanctions.names.normalise.unicode import clean, written
from fraud_sanctions.names.wordlists import groups, stems

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
_NO_FORMS: list[str] = []
_LONGEST_STEM = 15


@dataclass(frozen=True, slots=True)
class Name:
    """One name in comparable form.

    `words`: what is compared, `#n` for numbers; `fathers`: positions of words that name the
    father; `forms`: company forms set apart; `compact`: everything run together and folded;
    `short`: the same without an East Slavic patronymic, which is often left out, else empty;
    `native`: the characters of a name in Han or Hangul, in a fixed order, else empty;
    `impersonal`: read as of an organisation, which no person is called: one word is left of
    several, or as of a person it reads otherwise;
    `folds`: the words folded; `syllables`: their Chinese or Korean syllables; `numbers`, `initials`: positions of such words.
    """

    text: str
    words: tuple[str, ...]
    fathers: frozenset[int]
    forms: tuple[str, ...]
    compact: str
    short: str
    native: str
    folds: tuple[str, ...]
    syllables: tuple[str, ...]
    numbers: frozenset[int]
    initials: frozenset[int]
    impersonal: bool


def _tokens(text: str, *, persian: bool = False) -> list[str]:
    plain = transliterate(fold_homoglyphs(clean(text)), persian=persian)
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
    """A name's words, before anything is derived from them; `tokens`: with its links,
    `body`: it says what kind of organisation it is, `impersonal`: as in `Name`."""

    tokens: Sequence[str]
    words: tuple[str, ...]
    fathers: frozenset[int]
    forms: tuple[str, ...]
    body: bool
    impersonal: bool


def analyse(text: str, *, person: bool | None = None, persian: bool = False) -> Name:
    """The comparable form of one single name. `person`: what is known of its bearer."""
    return _name(text, _read(_tokens(text, persian=persian), person))


def _read(raw: Sequence[str], person: bool | None) -> _Reading:
    tokens, forms, body = raw, _NO_FORMS, False
    if not person and raw:
        tokens, forms, body = _of_an_organisation(raw)
    organisation = person is False or bool(forms)
    tokens = mark_numbers(tokens, organisation=organisation)
    if not organisation:
        tokens = join_compounds(without_honorifics(tokens))
    words: list[str] = []
    fathers: set[int] = set()
    eastern = not organisation and _is_eastern(tokens)
    linked = False
    last = len(tokens) - 1
    for at, token in enumerate(tokens):
        if linked or (not organisation and is_patronymic(token)):
            fathers.add(len(words))
        linked = names_father(token)
        link = linked or is_link(token)
        if (
            not link
            or (eastern and is_surname(token))
            or (
                at == last > 0
                and (not organisation or len(words) == 1)
                and may_be_surname(token, last=True)
            )
        ):
            words.append(token)
    if len(words) == 1 and last > 0 and not organisation:
        # Where no other word is left, a particle is one: `Le John` is not `John`.
        own = words[0]
        words = [t for t in tokens if t == own or may_be_surname(t, last=False)]
        fathers = {words.index(own) for _ in fathers}
    if not words:
        words, fathers = list(tokens), set()
    impersonal = organisation and len(words) == 1 < len(raw)
    return _Reading(
        tokens, tuple(words), frozenset(fathers), tuple(forms), body, impersonal
    )


def _name(text: str, read: _Reading) -> Name:
    words = read.words
    spellings = [spell(word) for word in words]
    return Name(
        text,
        words,
        read.fathers,
        read.forms,
        fold("".join(read.tokens).replace("~", "")),
        _short(words) if read.fathers else "",
        _native(text),
        tuple([fold(s.text) if s.bare else s.fold for s in spellings]),
        tuple([s.syllabic for s in spellings]),
        frozenset([at for at, word in enumerate(words) if is_number(word)]),
        frozenset([at for at, word in enumerate(words) if is_initial(word)]),
        read.impersonal,
    )


def _of_an_organisation(raw: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """The words of a name as of an organisation, its company forms, and whether it names
    the kind of a body."""
    plain = list(raw)
    tokens = in_one_spelling(raw)
    kept, forms = split_legal_forms(tokens)
    # `Glinsky` may be a person: only beside what tells an organisation is it a place.
    if forms or kept != plain or any(business_word(token) for token in kept):
        kept = [token if business_word(token) else place(token) for token in kept]
    return kept, forms, tokens != plain


def _short(words: Sequence[str]) -> str:
    """Own and family name run together, without the patronymic that follows the own name.

    A first word with its ending is a family name (`Abramovich Roman Arkadyevich`), and so
    is a last one with the ending of Serbian ones.
    """
    last = len(words) - 1
    for at, word in enumerate(words):
        if at > 0 and last > 1 and is_slavic_patronymic(word, last=at == last):
            return fold("".join((*words[:at], *words[at + 1 :])))
    return ""


def _may_be_person(raw: Sequence[str], read: _Reading) -> bool:
    """Nothing was set apart but one short word that may be a name (`Pao`, `Sia`, `Se`), and
    no kind of an organisation is named."""
    if read.body:
        return False
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


def _leaves_out(raw: Sequence[str], read: _Reading, of_person: _Reading) -> bool:
    """Whether a word as written is a name only where the bearer is a person."""
    return any(word in raw and word not in read.words for word in of_person.words)


def readings(text: str, *, person: bool | None = None) -> Sequence[Name]:
    """Every name a field holds (`A / B`, `Long Name (LN)`), those without words left out.

    A name whose bearer is unknown is read both ways where that makes a difference, and so
    is Arabic script, which may be Arabic or Persian.
    """
    found: dict[tuple[str, ...], tuple[str, _Reading]] = {}
    parts = [part for way in written(text) for part in alternatives(way)]
    for part in dict.fromkeys(parts):
        for persian in (False, True) if is_read_twice(part) else (False,):
            raw = _tokens(part, persian=persian)
            read = [_read(raw, person=bool(person))]
            if person is None and _may_be_person(raw, read[0]):
                read.append(_read(raw, person=True))
                if _leaves_out(raw, *read):
                    read[0] = read[0]._replace(impersonal=True)
            found.update({reading.words: (part, reading) for reading in read})
    return [_name(part, read) for words, (part, read) in found.items() if words]


@cache
def _glossary() -> Mapping[str, str]:
    """The table, its words in other scripts as names in them are read."""
    table = stems("glossary")
    return {
        word if word.isascii() else transliterate(word).strip(): canonical
        for word, canonical in table.items()
    }


@lru_cache(maxsize=1 << 16)
def business_word(word: str) -> str | None:
    """The common English form of a word organisations use (`zavod` is `plant`), or None."""
    table = _glossary()
    if word in table:
        return table[word]
    for length in range(min(len(word), _LONGEST_STEM), _SHORTEST_STEM - 1, -1):
        if found := table.get(word[:length] + "*"):
            return found
    return None


def given_name_groups(word: str) -> frozenset[int]:
    """Groups of interchangeable given names the word belongs to, or, below zero, its stem:
    `Uladzimiravich` is made of `Uladzimir` as `Vladimirovich` is of `Vladimir`."""
    found = groups("nicknames").get(word)
    if found is None and (stem := father_of(word)):
        found = _fathers().get(_stem(stem))
    return found or frozenset()


@cache
def _fathers() -> Mapping[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for word, numbers in groups("nicknames").items():
        own = frozenset(-1 - number for number in numbers)
        found[_stem(word)] = found.get(_stem(word), frozenset()) | own
    return found


def _stem(name: str) -> str:
    return fold(name).rstrip("aeiou")


def is_number(word: str) -> bool:
    """A number or series mark: identity, not spelling."""
    return word.startswith(NUMBER_MARK)


def is_initial(word: str) -> bool:
    """A single letter that may stand for a whole name."""
    return len(word) == 1 and word.isalpha()
