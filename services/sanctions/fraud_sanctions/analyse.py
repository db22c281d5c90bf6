"""A name as written, taken through the steps of `normalise/` to comparable words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from fraud_sanctions.normalise.arabic import is_read_twice
from fraud_sanctions.normalise.bodies import in_one_spelling, place
from fraud_sanctions.normalise.homoglyphs import fold_homoglyphs
from fraud_sanctions.normalise.honorifics import without_honorifics
from fraud_sanctions.normalise.legal_forms import split_legal_forms
from fraud_sanctions.normalise.numbers import NUMBER_MARK, mark_numbers
from fraud_sanctions.normalise.order import alternatives
from fraud_sanctions.normalise.particles import (
    father_of,
    is_link,
    is_patronymic,
    is_slavic_patronymic,
    join_compounds,
    names_father,
)
from fraud_sanctions.normalise.spelling import fold, spell
from fraud_sanctions.normalise.transliterate import transliterate
from fraud_sanctions.normalise.unicode import clean
from fraud_sanctions.tables import groups, stems

# More words than any listed person or ship has; a longer query is cut, not refused.
MAX_WORDS = 24
_SURE_FORM = 3
_WORD = re.compile(r"~?[a-z0-9]+")
_SYLLABIC = re.compile(r"[\u3400-\u9fff\uac00-\ud7a3]")
_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?\b")
_STEM_LENGTHS = range(4, 16)


@dataclass(frozen=True, slots=True)
class Name:
    """One name in comparable form.

    `words`: what is compared, `#n` for numbers; `fathers`: positions of words that name the
    father; `forms`: company forms set apart; `compact`: everything run together and folded;
    `short`: the same without an East Slavic patronymic, which is often left out, else empty;
    `native`: the characters of a name in Han or Hangul, in a fixed order, else empty;
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


def _tokens(text: str, *, persian: bool = False) -> list[str]:
    plain = transliterate(fold_homoglyphs(clean(text)), persian=persian)
    plain = _DOTTED.sub(lambda m: m.group().replace(".", ""), plain)
    return _WORD.findall(plain)[:MAX_WORDS]


def analyse(text: str, *, person: bool | None = None, persian: bool = False) -> Name:
    """The comparable form of one single name. `person`: what is known of its bearer."""
    raw = _tokens(text, persian=persian)
    tokens, forms = (raw, []) if person else _of_an_organisation(raw)
    organisation = person is False or bool(forms)
    tokens = mark_numbers(tokens, organisation=organisation)
    if not organisation:
        tokens = join_compounds(without_honorifics(tokens))
    words: list[str] = []
    fathers: set[int] = set()
    for at, token in enumerate(tokens):
        linked = at > 0 and names_father(tokens[at - 1])
        if linked or (is_patronymic(token) and not organisation):
            fathers.add(len(words))
        if not is_link(token):
            words.append(token)
    if not words:
        words, fathers = tokens, set()
    return Name(
        text,
        tuple(words),
        frozenset(fathers),
        tuple(forms),
        fold("".join(tokens).replace("~", "")),
        _short(words) if fathers else "",
        "".join(sorted(_SYLLABIC.findall(text))) if not text.isascii() else "",
        tuple(fold(word) for word in words),
        tuple(spell(word).syllabic for word in words),
        frozenset(at for at, word in enumerate(words) if is_number(word)),
        frozenset(at for at, word in enumerate(words) if is_initial(word)),
    )


def _of_an_organisation(tokens: list[str]) -> tuple[list[str], list[str]]:
    """The words of a name as of an organisation, and its company forms."""
    if not tokens:
        return tokens, []
    kept, forms = split_legal_forms(in_one_spelling(tokens))
    # `Glinsky` may be a person: only beside what tells an organisation is it a place.
    if forms or kept != tokens or any(business_word(token) for token in kept):
        kept = [token if business_word(token) else place(token) for token in kept]
    return kept, forms


def _short(words: list[str]) -> str:
    """Own and family name run together, without the patronymic that follows the own name.

    A first word with its ending is a family name (`Abramovich Roman Arkadyevich`), and so
    is a last one with the ending of Serbian ones.
    """
    last = len(words) - 1
    for at, word in enumerate(words):
        if at > 0 and last > 1 and is_slavic_patronymic(word, last=at == last):
            return fold("".join(words[:at] + words[at + 1 :]))
    return ""


def _may_be_person(text: str, read: Name) -> bool:
    """Neither a company form of three letters or more was set apart (`Se`, `Ag` are names
    too) nor the kind of an organisation."""
    tokens = _tokens(text)
    if in_one_spelling(tokens) != tokens:
        return False
    return not read.forms or (
        len(tokens) - len(read.words) <= 1
        and any(len(token) < _SURE_FORM for token in set(tokens) - set(read.words))
    )


def readings(text: str, *, person: bool | None = None) -> Sequence[Name]:
    """Every name a field holds (`A / B`, `Long Name (LN)`), those without words left out.

    A name whose bearer is unknown is read both ways where that makes a difference, and so
    is Arabic script, which may be Arabic or Persian.
    """
    found: dict[tuple[str, ...], Name] = {}
    for part in alternatives(clean(text)):
        for persian in (False, True) if is_read_twice(part) else (False,):
            read = [
                analyse(
                    part, person=False if person is None else person, persian=persian
                )
            ]
            if person is None and _may_be_person(part, read[0]):
                read.append(analyse(part, person=True, persian=persian))
            found.update({name.words: name for name in read if name.words})
    return list(found.values())


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
    for length in reversed(_STEM_LENGTHS):
        if length <= len(word) and (found := table.get(word[:length] + "*")):
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
