"""Birth dates as lists and papers print them, to spans in the format of `dates.py`.

One cell may hold several, in any order of day, month and year, in several languages, as
about, between, before, after or a decade, and with the day of death beside them.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fraud_sanctions import dates
from fraud_sanctions.names.wordlists import kinds

_NOT_KNOWN = r"00?|[dmx?]{1,2}|[-_]{2}"
_SEPARATOR = r"\s?[./\-\s]\s?"
_OF = r"(?:\s?(?:de|del|of|da|d)\s)?"
_NTH = r"(?:st|nd|rd|th|er|ro|\.?º|°|ª|a|-?го)?"
_WORD = r"[^\W\d_]{1,15}(?:-[^\W\d_]{2,8})?"
_YEAR = r"(?<![\d#])(?P<y>\d{4})(?!\d)"
# In order of what says most. `d`, `m`, `y`: numbers; `w`: the month as a word or Roman.
_FORMS = tuple(
    re.compile(form)
    for form in (
        (
            rf"(?<!\d)(?P<y>\d{{4}})\s?[./\-]\s?(?P<m>\d{{1,2}}|{_NOT_KNOWN})\s?[./\-]\s?"
            rf"(?P<d>\d{{1,2}}|{_NOT_KNOWN})(?!\d)(?:t\d\d:?\d\d(?::?\d\d)?(?:\.\d+)?)?"
            r"(?:z|[+-]\d\d:?\d\d)?"
        ),
        (
            rf"(?<![\w])(?P<d>\d{{1,2}}|{_NOT_KNOWN}){_SEPARATOR}(?P<m>\d{{1,2}}|{_NOT_KNOWN})"
            r"\s?[./\-\s]\s?(?P<y>\d{4})(?!\d)"
        ),
        (
            rf"(?<!\d)(?P<d>\d{{1,2}}){_NTH}[\s.\-/]*{_OF}(?P<w>{_WORD})\.?[\s,.\-/]*{_OF}"
            rf"{_YEAR}"
        ),
        rf"(?<![^\W\d_])(?P<w>{_WORD})\.?\s?(?P<d>\d{{1,2}}){_NTH}[,\s]\s*{_YEAR}",
        rf"{_YEAR}[\s.,\-/]+(?P<w>{_WORD})[\s.,\-/]+(?P<d>\d{{1,2}})(?!\d)",
        rf"{_YEAR}年(?:(?P<m>\d{{1,2}})月(?:(?P<d>\d{{1,2}})日)?)?",
        r"(?<!\d)(?P<y>(?:18|19|20)\d\d)(?P<m>0\d|1[0-2])(?P<d>[0-3]\d)(?!\d)",
        rf"(?<![^\W\d_])(?P<w>{_WORD})\.?[\s,/\-]*{_OF}{_YEAR}",
        rf"{_YEAR}[\s,\-/]+(?P<w>{_WORD})(?![^\W\d_])",
        rf"(?<!\d)(?P<m>\d{{1,2}}|{_NOT_KNOWN})[./\-]{_YEAR}",
        r"(?<!\d)(?P<y>\d{4})[./\-](?P<m>0?[1-9]|1[0-2])(?![\d./])",
        r"(?<!\d)(?P<decade>1[89]\d|20\d)(?:0\s?['’]?s|[x?_\-](?!\d))(?!\w)",
        _YEAR,
    )
)
_SHORT_RANGE = re.compile(
    r"(?<!\d)((?:18|19|20)\d)(\d)\s?[-–/]\s?(\d)?(\d)(?![\d./\-])"
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ABOUT = re.compile(
    r"\b(?:circa|cca|ca|c|about|abt|approx\w*|aprox\w*|around|est|estimated|believed|"
    r"possibly|vers|environ|etwa|ungefahr|um|около|примерно|приблизно|hacia|alrededor|"
    r"yaklasik|okolo)\b|~|\?|±|حوالي|تقريبا|[约約]"
)
_BETWEEN = re.compile(
    r"\b(?:between|entre|zwischen|между|між|tra|fra|from|de|von)\b|بين"
)
_TO = re.compile(
    r"(?:to|until|till|through|thru|bis|a|à|au|al|hasta|ate|до|по|-|–|—|/)"
)
_AND = re.compile(r"(?:and|und|et|y|e|и|та|och|og|&|و)")
_BEFORE = re.compile(
    r"(?:before|prior to|not later than|no later than|by|avant|vor|antes de|до|by)$"
)
_AFTER = re.compile(r"(?:after|since|not before|apres|nach|despues de|после)$")
_NOT_BIRTH = re.compile(
    r"\b(?:died|dies|death|deceased|dod|d|killed|gest|gestorben|verstorben|decede\w*|mort\w*|"
    r"fallec\w+|murio|умер\w*|помер\w*|погиб\w*|issued?|expir\w+|listed|as of|updated)\b|[†✝+]"
)
_BIRTH = re.compile(r"\b(?:born|birth|dob|b|ne|nee|geb\w*|nacid\w+|nato|род\w*)\b|\*")
_ALTERNATIVES = re.compile(r"[;|\n\r]+|\b(?:or|alt|also|oder|ou|или|або)\b|أو")
_DECADE_PART = re.compile(r"\b(early|mid|late)\b[\s-]*(?:the\s)?$")
_PARTS = {"early": (0, 3), "mid": (3, 7), "late": (6, 9)}
# Further apart than any doubt about a birth: what a bare dash joins is a life.
_LONGEST_DOUBT = 20
_ISLAMIC = re.compile(r"(?<!\d)(1[23]\d\d|14\d\d)\s?(?:a\.?h\.?|h\.?|هـ|ه)(?!\w)")
_SOLAR = re.compile(r"(?<!\d)(1[23]\d\d|14\d\d)\s?(?:s\.?h\.?|ش|هـ\s?ش|shamsi)(?!\w)")
_BUDDHIST = re.compile(
    r"(?:พ\.?ศ\.?|\bb\.?e\.?)\s?(2[45]\d\d)|(2[45]\d\d)\s?b\.?e\.?(?!\w)"
)
_ERAS = {
    "明治": 1867,
    "大正": 1911,
    "昭和": 1925,
    "平成": 1988,
    "民國": 1911,
    "民国": 1911,
}
_ERA = re.compile(rf"({'|'.join(_ERAS)})\s?(\d{{1,3}})\s?年")


@dataclass(frozen=True, slots=True)
class _Found:
    """One date in a text: where it stands, and what it says."""

    start: int
    end: int
    text: str


def birth_dates(text: str) -> tuple[str, ...]:
    """The birth dates in a printed field, each as `dates.span` reads it.

    What is impossible, stands for an unknown date, or is another day of the same person is
    left out.
    """
    plain = _in_our_years(_plain(text))
    found: list[str] = []
    for segment in _ALTERNATIVES.split(plain):
        found += _of_segment(segment)
    return tuple(dict.fromkeys(found))


def about(found: str) -> str:
    """The same span as an approximate one."""
    return "/".join(
        p if p == ".." or p.endswith("~") else f"{p}~" for p in found.split("/")
    )


def _plain(text: str) -> str:
    """Lower case without accents, digits of any script as ours."""
    kept = []
    for char in unicodedata.normalize("NFKD", text[:512].casefold().replace("ı", "i")):
        if unicodedata.combining(char) and char not in "\u0306\u0653\u0654\u0655":
            continue
        kept.append(str(unicodedata.decimal(char)) if char.isdecimal() else char)
    return unicodedata.normalize("NFC", "".join(kept))


def _in_our_years(text: str) -> str:
    """Years of other calendars, where they are marked as such, as ours."""
    text = _SOLAR.sub(lambda m: f"{int(m[1]) + 621} to {int(m[1]) + 622}", text)
    text = _ISLAMIC.sub(lambda m: _lunar(int(m[1])), text)
    text = _BUDDHIST.sub(lambda m: str(int(m[1] or m[2]) - 543), text)
    return _ERA.sub(lambda m: f"{_ERAS[m[1]] + int(m[2])}年", text)


def _lunar(year: int) -> str:
    """A year of 354 days lies in one or two of ours."""
    first = int(622.54 + (year - 1) * 0.970224)
    return f"{first} to {first + 1}"


def _of_segment(segment: str) -> list[str]:
    segment = _SHORT_RANGE.sub(_long_range, segment)
    matches = sorted(_matches(segment), key=lambda one: one.start)
    vague = _ABOUT.search(segment) is not None
    result: list[str] = []
    at = 0
    before = 0
    born = True
    while at < len(matches):
        one = matches[at]
        lead = segment[before : one.start]
        born = _is_birth(lead, born)
        joined = matches[at + 1] if at + 1 < len(matches) else None
        span, lived = _joined(segment, one, joined, lead)
        if span and joined:
            before, at = joined.end, at + 2
        else:
            span = _open(lead, one.text)
            before, at = one.end, at + 1
        if born:
            result.append(about(span) if vague else span)
        born = born and not lived
    return result


def _long_range(match: re.Match[str]) -> str:
    """`1960-61` and `1960/1` with both years in full; a month is left as it is."""
    decade, unit, tens, last = match.groups()
    first = int(decade + unit)
    second = int(decade + last) if tens is None else int(f"{decade[:2]}{tens}{last}")
    month = tens is not None and 1 <= int(tens + last) <= 12
    if month or not 0 < second - first <= _LONGEST_DOUBT:
        return match[0]
    return f"{first} to {second}"


def _is_birth(lead: str, born: bool) -> bool:
    """Whether the date that follows these words is one of birth."""
    other = [match.end() for match in _NOT_BIRTH.finditer(lead)]
    birth = [match.end() for match in _BIRTH.finditer(lead)]
    if not other:
        return born or bool(birth)
    return bool(birth) and birth[-1] > other[-1]


def _joined(
    segment: str, one: _Found, other: _Found | None, lead: str
) -> tuple[str | None, bool]:
    """The span between two dates where the words say so; and whether they are a life."""
    if other is None:
        return None, False
    link = segment[one.end : other.start].strip(" ,().")
    between = _BETWEEN.search(lead) is not None
    if not _TO.fullmatch(link) and not (between and _AND.fullmatch(link)):
        return None, False
    first, last = dates.span(one.text), dates.span(other.text)
    if first is None or last is None or first.first > last.last:
        return None, False
    years = last.last.year - first.first.year
    if link in ("-", "–", "—") and not between and years > _LONGEST_DOUBT:
        return None, True
    start, end = one.text.partition("/")[0], other.text.rpartition("/")[2]
    return (start if start == end else f"{start}/{end}"), False


def _open(lead: str, text: str) -> str:
    """A date of which only one side is known."""
    lead = lead.strip(" ,(.")
    if _BEFORE.search(lead):
        return f"../{text.rpartition('/')[2]}"
    if _AFTER.search(lead):
        return f"{text.partition('/')[0]}/.."
    return text


def _matches(segment: str) -> Iterator[_Found]:
    """Each date of the segment once, by the form that says most of it."""
    taken = segment
    for form in _FORMS:
        for match in form.finditer(taken):
            parts = match.groupdict()
            if parts.get("w") is not None and not _month(parts["w"]):
                continue
            taken = taken[: match.start()] + " " * len(match[0]) + taken[match.end() :]
            text = _decade(segment, match) if "decade" in parts else _text(parts)
            if text:
                yield _Found(match.start(), match.end(), text)


def _decade(segment: str, match: re.Match[str]) -> str | None:
    first = int(match["decade"]) * 10
    part = _DECADE_PART.search(segment[: match.start()])
    low, high = _PARTS[part[1]] if part else (0, 9)
    if dates.day(first) is None:
        return None
    return f"{first + low}/{first + high}"


def _text(parts: dict[str, str | None]) -> str | None:
    """Year, month and day as text, in the order that makes a date of them."""
    year = int(parts["y"] or 0)
    number = _number(parts.get("d"))
    word = parts.get("w")
    month = _month(word) if word else _number(parts.get("m"))
    if month > 12 >= number >= 1:
        # Month before day, as in the United States.
        month, number = number, month
    return dates.day(year, month, number if month else 0)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _month(word: str) -> int:
    """The number of a month by its name, its beginning or in Roman numerals, or 0."""
    word = word.strip(".")
    if word in _ROMAN:
        return _ROMAN.index(word) + 1
    return _months().get(word, 0)


@cache
def _months() -> dict[str, int]:
    found: dict[str, int] = {}
    for number, names in kinds("months").items():
        for name in names:
            found[_plain(name)] = int(number)
            found[name.casefold()] = int(number)
    return found
