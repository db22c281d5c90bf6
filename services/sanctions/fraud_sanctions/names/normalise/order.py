"""Step 4: `LAST, First` to reading order, and names written together to single names."""

import re
from functools import cache

from fraud_sanctions.names.wordlists import lines

_AKA = re.compile(
    r"\b(?:a\.?k\.?a\.?|f\.?k\.?a\.?|alias|also known as)\b[:.]?", re.IGNORECASE
)
_BRACKETS = re.compile(r"[(\[（]([^)\]）]*)[)\]）]?")
_WORD = re.compile(r"\w+")
_SHORT_FORM = 4
_SHORT_PLACES = frozenset(
    {"uk", "usa", "us", "uae", "prc", "drc", "eu", "hk", "ksa", "rsa"}
)
_SLASH = re.compile(r"\s+/\s*|\s*/\s+|;")
_SUFFIX = re.compile(
    r"^(?:inc|ltd|llc|l\.?l\.?c|co|corp|s\.?a|gmbh|plc|jr|sr|limited|company|jsc|ooo|oao|ao|"
    r"s\.?r\.?l|sarl|b\.?v|n\.?v|l\.?p|pte|pvt|bhd)\b",
    re.IGNORECASE,
)


@cache
def _places() -> frozenset[str]:
    """Countries as they stand in brackets, `(UK)` as much as `(Malta)`."""
    names = (line.replace(":", "|").split("|") for line in lines("countries"))
    return _SHORT_PLACES | {name.strip().casefold() for row in names for name in row}


def reading_order(name: str) -> str:
    """`HUSSEIN, Uday` to `Uday HUSSEIN`; `Acme, Inc.` and lists of names stay."""
    head, comma, tail = name.partition(",")
    tail = tail.strip()
    if not comma or not tail or "," in tail or _SUFFIX.match(tail):
        return name
    return f"{tail} {head.strip()}"


def _bracket(match: re.Match[str]) -> str:
    """An abbreviation, alias or repetition in brackets goes; a place belongs to the name."""
    inside = match.group(1)
    if inside.casefold().replace(".", "").strip() in _places():
        return f" {inside} "
    outside = (match.string[: match.start()] + match.string[match.end() :]).casefold()
    names = [word for word in _WORD.findall(inside) if len(word) > _SHORT_FORM]
    repeated = bool(names) and all(word.casefold() in outside for word in names)
    if repeated or inside == inside.upper() or _AKA.search(inside):
        return " "
    return f" {inside} "


def alternatives(name: str) -> list[str]:
    """The names inside one field: `A / B`, `A a.k.a. B`, `Long Name (LN)`; first is main."""
    found: list[str] = []
    for part in _SLASH.split(name)[:8]:
        for single in _AKA.split(part)[:8] if "(" not in part else [part]:
            bare = _BRACKETS.sub(_bracket, single).strip(" ,.-")
            if bare and len(bare) > 1:
                found.append(reading_order(bare))
    return list(dict.fromkeys(found)) or [name]
