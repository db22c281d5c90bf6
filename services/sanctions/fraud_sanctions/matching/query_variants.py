"""The ways in which the name of a party may have to be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.qualify import kind_of
from fraud_sanctions.names.analyse import Name, readings
from fraud_sanctions.names.normalise.homoglyphs import es_by_sound

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


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a name. `ship`: only if it is the name of one."""

    name: Name
    ship: bool = False


def readings_of(party: Party) -> Sequence[Reading]:
    """The party's name in each way it may have to be read."""
    kind = kind_of(party)
    person = None if kind is None else kind == "person"
    found = [Reading(name) for name in readings(party.name, person=person)]
    if kind in (None, "vessel"):
        found += _ships(party.name)
    if kind in (None, "person"):
        for text in _apart(party.name):
            found += [Reading(name) for name in readings(text, person=True)]
    heard = es_by_sound(party.name)
    if heard != party.name:
        found += [Reading(name) for name in readings(heard, person=person)]
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
