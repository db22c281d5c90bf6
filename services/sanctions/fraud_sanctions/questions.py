"""The ways in which the name of a party may have to be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fraud_sanctions.analyse import Name, readings
from fraud_sanctions.normalise.homoglyphs import es_by_sound
from fraud_sanctions.qualify import kind_of
from fraud_sanctions.records import Party

# `M/V`, `M.V.`, `MT`, `LNG/C`: motor vessel, motor tanker, gas carrier.
_SHIP = re.compile(
    r"^(?:m\W?[vts]|s\W?s|m\W?t\W?s|f\W?v|m\W?y|l[np]g(?:\W?c)?|(?:motor )?(?:vessel|tanker))"
    r"\b\W*(?=\w{2})",
    re.IGNORECASE,
)


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
