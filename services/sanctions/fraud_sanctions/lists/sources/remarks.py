"""Free-text remarks of OFAC files: statements with a vocabulary, parted by semicolons.

`DOB 15 Aug 1984; nationality Korea, North; Passport A12 (Iran); a.k.a. "X"; Linked To: Y.`
Weak names stand here and nowhere else in the CSV files. Publishers quote names in several
ways or not at all, forget semicolons, and break a text that is too long in the middle of a
word, to go on in another file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fraud_sanctions.lists.records import ListedIdentifier
from fraud_sanctions.lists.sources import fields

_QUOTES = "\"'`´‘’‚‛“”„«»‹›＂＇"
_LONGEST_NAME = 256
_AKA = re.compile(
    r"(?:\b(?:alt(?:ernat\w*)?\.? |also )?(?:weak |low quality |strong )?"
    r"\b(?:[afnw]\.?\s?k\.?\s?a\b\.?|alias(?:es)?\b|also known as\b|formerly(?: known as)?\b"
    r"|nickname[ds]?\b|nom de guerre\b|call(?:ed|s himself)\b))\s*:?\s*",
    re.IGNORECASE,
)
# A semicolon that someone forgot: what follows begins a statement of its own.
_BEGINS = re.compile(
    r"(?<=[\w)\]'\"”’».])[.,]?\s+(?=(?:alt\.? )?(?:DOB|POB|Gender|Website|Email Address|"
    r"Linked To:|Secondary sanctions risk:|Additional Sanctions Information|"
    r"Digital Currency Address)\b)|"
    r"(?<=[\d)\]'\"”’».])[.,]?\s+(?=(?:alt\.? )?(?:nationality|citizen|Passport|Phone Number|"
    r"Identification Number|National ID No|Tax ID No|Registration (?:Number|ID)|SWIFT/BIC)\b)"
)
_NAMES_BEGIN = re.compile(
    r"(?<=[\w)\]'\"”’».])[.,]?\s+(?=(?:alt\.? )?(?:weak )?[afn]\.k\.a\.)", re.IGNORECASE
)
# Here such names are those of somebody else.
_OF_OTHERS = re.compile(
    r"\W*(?:linked to|subsidiar|owned|operated|acting for)", re.IGNORECASE
)
_FACT = re.compile(
    r"(?:alt\.?\s|alternate\s)?(?P<what>d\.?o\.?b\.?|date of birth|born|national of|nationality(?: of)?|"
    r"citizen(?:ship)?(?: of)?)[\s:]\s*(?P<value>.+)",
    re.IGNORECASE,
)
# The words of a kind, then a number: it has a digit, or follows what names a bank's code.
_DOCUMENT = re.compile(
    r"(?:alt\.?\s)?(?P<kind>[^\W\d][^;]{0,120}?)(?:[\s:]+|(?<=[.#])|\s?#\s?)"
    r"(?:no\.?:?\s+|number:?\s+|[-–#:]\s*)*"
    r"(?P<number>(?=[\w./-]{0,127}\d)[^\W_][\w./-]{2,127}"
    r"(?:\s(?=[\d/-]{2,})[\d/-]+){0,6})"
    r"(?P<rest>(?:[\s,.].*)?)",
    re.DOTALL,
)
_BANK = re.compile(
    r"(?:alt\.?\s)?(?P<kind>SWIFT(?:/BIC)?|BIC)(?:\s?code)?[\s:]+(?P<number>[A-Z0-9]{8,11})\b.*"
)
# The letters of a passport's number, written apart.
_SERIES = re.compile(r"(?<=passport) ([A-Z]{1,2})$", re.IGNORECASE)
_LONGEST_STATEMENT = 600


@dataclass(frozen=True, slots=True)
class Remarks:
    """What the remarks of an entity say: weak names, and texts of births and countries."""

    names: tuple[str, ...]
    births: tuple[str, ...]
    countries: tuple[str, ...]
    identifiers: tuple[ListedIdentifier, ...]


def read(text: str) -> Remarks:
    """The statements of a text that say who somebody is; all others are left out."""
    names: list[str] = []
    births: list[str] = []
    countries: list[str] = []
    identifiers: list[ListedIdentifier] = []
    for statement in statements(text):
        if found := list(_names(statement)):
            names += found
        elif fact := _FACT.match(statement):
            what, value = fact["what"].lower(), fact["value"]
            is_birth = what[0] in "db"
            (births if is_birth else countries).append(value.strip(" ."))
        elif (number := _identifier(statement)) is not None:
            identifiers.append(number)
    return Remarks(
        tuple(dict.fromkeys(names)),
        tuple(births),
        tuple(countries),
        tuple(dict.fromkeys(identifiers)),
    )


def statements(text: str) -> Iterator[str]:
    """The statements, each without the marks around it.

    A semicolon inside a pair of double quotes parts nothing.
    """
    for part in _parts(text):
        for statement in _BEGINS.split(part[:_LONGEST_STATEMENT]):
            whole = _OF_OTHERS.match(statement)
            for one in [statement] if whole else _NAMES_BEGIN.split(statement):
                if plain := " ".join(one.split()).strip(" ;,"):
                    yield plain


def _parts(text: str) -> Iterator[str]:
    start = 0
    for match in re.finditer(";", text):
        part = text[start : match.start()]
        if part.count('"') % 2 and _closes_soon(text, match.end()):
            continue
        yield part
        start = match.end()
    yield text[start:]


def _closes_soon(text: str, at: int) -> bool:
    """Whether the quote that is open closes before another statement begins."""
    quote = text.find('"', at, at + _LONGEST_NAME)
    return quote >= 0 and not _AKA.search(text, at, quote)


def _names(statement: str) -> Iterator[str]:
    """The names that a statement gives beside the primary one."""
    marks = list(_AKA.finditer(statement))
    # Names follow the mark; what else holds such a word (`Linked To: X a.k.a. Y`) is of others.
    if not marks or marks[0].start() > 0:
        return
    ends = [mark.start() for mark in marks[1:]] + [len(statement)]
    for mark, end in zip(marks, ends, strict=True):
        for name in _quoted(statement[mark.end() : end]):
            if any(char.isalpha() for char in name):
                yield name[:_LONGEST_NAME]


def _quoted(text: str) -> list[str]:
    """The name in a text, or the names, where several stand in quotes with marks between."""
    text = text.strip(" .,;")
    several = re.findall(r"[\"“„«](.{1,256}?)[\"”“»](?=\s*(?:,|and\b|or\b|/|$))", text)
    if len(several) > 1:
        return [name.strip(f" .,{_QUOTES}") for name in several]
    return [text.strip(f" .,{_QUOTES}")]


def _identifier(statement: str) -> ListedIdentifier | None:
    """The document, register entry, account or wallet that a statement names."""
    match = _BANK.fullmatch(statement) or _DOCUMENT.fullmatch(statement)
    if match is None:
        return None
    kind, number = _kind(match["kind"]), match["number"].strip(" .-/")
    if series := _SERIES.search(kind):
        kind, number = kind[: series.start()], f"{series[1]}{number}"
    return fields.identifier(kind, number)


def _kind(text: str) -> str:
    """`Digital Currency Address - XBT` and `Passport No.` without the marks at the end."""
    text = re.sub(
        r"(?:\s(?:no|number|num|nr|№)\.?:?|\s?[#:№-])+$",
        "",
        text.strip(),
        flags=re.IGNORECASE,
    )
    return text.strip(" -–:#.")
