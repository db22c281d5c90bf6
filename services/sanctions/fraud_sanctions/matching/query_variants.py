"""The ways in which the name of a party may have to be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.qualify import kind_of
from fraud_sanctions.matching.vocabulary import Vocabulary
from fraud_sanctions.names.analyse import Name, analyse, readings
from fraud_sanctions.names.normalise.homoglyphs import es_by_sound
from fraud_sanctions.names.normalise.unicode import written

# `M/V`, `M.V.`, `MT`, `LNG/C`: motor vessel, motor tanker, gas carrier.
_SHIP = re.compile(
    r"^(?:m\W?[vts]|s\W?s|m\W?t\W?s|f\W?v|m\W?y|l[np]g(?:\W?c)?|(?:motor )?(?:vessel|tanker))"
    r"\b\W*(?=\w{2})",
    re.IGNORECASE,
)


# `ZoltarinbinKrandal`, `zoltarinalkrandali`: one word with an article or a family link inside.
_ONE_WORD = re.compile(r"[A-Za-z]{9,40}")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LINK_INSIDE = re.compile(
    r"(?<=[a-z]{3})(?:al|el|bin|ibn|ben)(?=[a-z]{4})", re.IGNORECASE
)
_LINK_LAST = re.compile(r"(?<=[a-z]{3})(al|el|bin|ibn|ben)$")
_MOST_SPLITS = 3
# `VLADIMIRPUTIN`: nothing says where one word ends but that both are listed.
_RUN_TOGETHER = range(8, 41)
_SHORTEST_PART = 3
# `J O H N  S M I T H`, `J.O.H.N`, `J_o_h_n`.
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:[\W_]{1,3}[^\W\d_](?!\w)){2,}")
_GAP = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a name. `ship`: only if it is the name of one."""

    name: Name
    ship: bool = False


def readings_of(party: Party, known: Vocabulary | None = None) -> Sequence[Reading]:
    """The party's name in each way it may have to be read; `known`: the words of the lists,
    by which words run together, or written backwards, come apart."""
    kind = kind_of(party)
    person = None if kind is None else kind == "person"
    if not party.name:
        return [Reading(analyse(""))]  # numbers alone
    names = list(readings(party.name, person=person))
    spaced = _closed_up(party.name)
    if spaced != party.name:
        names += readings(spaced, person=person)
    found = [Reading(name) for name in names]
    if kind in (None, "vessel"):
        found += _ships(party.name)
    if kind in (None, "person"):
        texts = [text for way in written(party.name) for text in _apart(way)]
        if known is not None:
            texts += [text for name in names for text in _run_together(name, known)]
        for text in dict.fromkeys(texts):
            found += [Reading(name) for name in readings(text, person=True)]
    if known is not None and (backwards := _backwards(names, known)):
        found += [Reading(name) for name in readings(backwards, person=person)]
    respelt = es_by_sound(party.name)
    if respelt != party.name:
        found += [Reading(name) for name in readings(respelt, person=person)]
    return found


def _ships(text: str) -> Iterator[Reading]:
    """What is left without the prefix of a ship: many lists print none."""
    bare = _SHIP.sub("", text)
    if bare != text:
        for name in readings(bare, person=False):
            yield Reading(name, ship=True)


def _apart(text: str) -> list[str]:
    """One long word with spaces where capitals or links inside it ask for them."""
    if not _ONE_WORD.fullmatch(text):
        return []
    parts = [_LINK_LAST.sub(r" \1", part) for part in _CAPITAL.split(text)]
    found = [" ".join(parts)] if len(parts) > 1 else []
    found += [
        f"{text[: link.start()]} {link.group()} {text[link.end() :]}"
        for link in _LINK_INSIDE.finditer(text)
    ]
    return found[:_MOST_SPLITS]


def _closed_up(text: str) -> str:
    """The text with single letters that stand apart as words.

    Where some of the gaps between them are wider, those are between words.
    """

    def word(match: re.Match[str]) -> str:
        letters = match[0]
        gaps = _GAP.findall(letters)
        if letters.upper() == letters.lower():
            return letters  # syllables, each a word of its own
        narrow = min(map(len, gaps))
        wide = narrow < max(map(len, gaps))
        return _GAP.sub(lambda g: " " if wide and len(g[0]) > narrow else "", letters)

    return _SPACED.sub(word, text)


def _run_together(name: Name, known: Vocabulary) -> list[str]:
    """The only word of a name as two or three listed ones, those of most evidence first."""
    if name.impersonal or len(name.words) != 1:
        return []
    if len(name.words[0]) not in _RUN_TOGETHER:
        return []
    word = name.words[0]
    if not word.isalpha() or word in known.ids:
        return []
    found: list[tuple[float, str]] = []
    for first in _cuts(word):
        head, tail = word[:first], word[first:]
        if not (bits := known.worth(head)):
            continue
        if more := known.worth(tail):
            found.append((bits + more, f"{head} {tail}"))
        for second in _cuts(tail):
            ends = known.worth(tail[:second]), known.worth(tail[second:])
            if all(ends):
                middle = f"{head} {tail[:second]} {tail[second:]}"
                # Of more parts each is found more easily by chance.
                found.append(((bits + sum(ends)) / 2, middle))
    found.sort(reverse=True)
    return [text for _, text in found[:_MOST_SPLITS]]


def _cuts(word: str) -> range:
    return range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)


def _backwards(names: Sequence[Name], known: Vocabulary) -> str:
    """The name with each word's letters turned round, where all of those are listed words
    and not all that stand there are; else nothing."""
    for name in names:
        turned = [word[::-1] for word in name.words]
        if (
            len(turned) > 1
            and all(len(word) > _SHORTEST_PART and word in known.ids for word in turned)
            and any(word not in known.ids for word in name.words)
        ):
            return " ".join(turned)
    return ""
