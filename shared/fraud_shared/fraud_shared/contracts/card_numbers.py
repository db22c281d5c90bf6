"""Card numbers in text, however they are written.

A card number is 13 to 19 digits that begin as an issuer's do, have an issuer's length and
the right check digit (ISO/IEC 7812-1). It is found with any separators and in the digits of
any script, glued to zeros, to an expiry date or to another number. Clocks, UUIDs, digests,
decimals, telephone numbers and IBANs are no card numbers, whatever digits they hold.

Numbers that begin with 1 (the airlines' own cards, Indonesia's GPN) look like every clock,
and are not looked for.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fraud_shared.contracts import iban

LEAST, MOST = 13, 19
# More digits without a letter between them than any field of a payment holds. Looking at
# every window of more would cost a caller nothing and us much: it counts as a number.
_LONGEST_CHAIN = 512
_ISSUED = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{18})  # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}  # Mastercard
    | 3[47]\d{13}  # American Express
    | 3(?:0[0-5]\d|095)\d{10}(?:\d\d)?  # Diners Club
    | 3[689]\d{12}(?:\d{2,5})?  # Diners Club
    | 35(?:2[89]|[3-8]\d)\d{12,15}  # JCB
    | 6(?:[0235]\d\d|4[4-9]\d|7\d\d|9\d\d)\d{12,15}  # Discover, UnionPay, Maestro
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,11}  # Maestro, the short ones
    | 5[0678]\d{14,17}  # Maestro
    | 220[0-5]\d{12,15}  # Mir, BORICA
    | 8[12]\d{14,17}  # UnionPay, RuPay
    | (?:9792|8600|9860)\d{12}  # Troy, Uzcard, Humo
    """,
    re.VERBOSE,
)
_MONTH, _YEAR = r"(?:0[1-9]|1[0-2])", r"[234]\d"
# What stands after a number in the same run of digits: zeros, or an expiry date and perhaps
# the card's security code.
_AFTER = re.compile(
    rf"0+|(?:{_MONTH}(?:20)?{_YEAR}|(?:20)?{_YEAR}{_MONTH})(?:\d{{3,4}})?"
)
_BEFORE = re.compile(
    rf"{_MONTH}{_YEAR}|{_YEAR}{_MONTH}|20{_YEAR}{_MONTH}(?:0[1-9]|[12]\d|3[01])"
)
_COMPACT_TIME = re.compile(
    r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d(?:[01]\d|2[0-3])(?:[0-5]\d){2}"
)
_PRINTED_SHORT = frozenset({(4, 6, 4), (4, 3, 3, 3), (4, 4, 5)})
# A digit, and at most four characters that are neither letter nor digit before the next.
_CHAIN = re.compile(r"[0-9](?:[\W_]{0,4}[0-9]){12,}")
_SEPARATOR = re.compile(r"[\W_]")
_GROUP = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"\s*[+-]?[0-9]{1,3}\.[0-9]+(?:[eE][+-]?[0-9]+)?\s*")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
# What is something else for certain.
_OTHER = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?=(?:[0-9]*[A-Fa-f]){4})(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{40}"
    r"|[0-9A-Fa-f]{32}|[0-9A-Fa-f]{24})(?![0-9A-Za-z])"
    r"|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}[T ,]{1,2}[0-9]{1,2}:[0-9]{2}"
    r"(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"|(?<![0-9.])0\.[0-9]{13,}"
    rf"|(?<![0-9.]){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9.])"
)
# Signs of other scripts that stand for one digit, and those that stand for two.
_SIGN = (
    r"\d²³¹⁰-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒〡-〩㈠-㈨㊀-㊈🄀-🄊🄋🄌〇零一二三四五六七八九"
    r"壱壹弐贰貳叁參肆伍陆陸柒漆捌玖"
)
_TWO = r"⑩-⑳⑽-⒇⒑-⒛⓫-⓴⓾❿➉➓㉈-㉏㉑-㉟㊱-㊿"
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_ANY_SIGN = re.compile(f"[{_SIGN}{_TWO}]")
_SIGNS = re.compile(rf'[{_SIGN}](?:(?:[^\w"]|_)*[{_SIGN}]){{12}}|[{_TWO}]')
_CLASSES = bytes(
    0x30 if chr(code).isdigit() and code < 128 else 0x78 for code in range(256)
)
_PUNCTUATION = bytes(code for code in range(128) if not chr(code).isalnum())
_HIGH = bytes(range(128, 256))
_RUN = b"0" * LEAST
# What parts texts that are looked at together.
_LINE_CLASSES = _CLASSES[:10] + b"\n" + _CLASSES[11:]
_LINE_PUNCTUATION = _PUNCTUATION.replace(b"\n", b"") + _HIGH


class Group(NamedTuple):
    """A run of digits without a separator, and where it stands."""

    start: int
    end: int
    digits: str


def luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit (ISO/IEC 7812-1)."""
    total = sum(map(int, digits[-1::-2]))
    for digit in digits[-2::-2]:
        total += int("0246813579"[int(digit)])
    return total % 10 == 0


def is_card_number(digits: str) -> bool:
    """Whether these 13 to 19 digits are a card number, and no clock in compact form."""
    return (
        _ISSUED.fullmatch(digits) is not None
        and luhn(digits)
        and len(set(digits)) > 1
        and _COMPACT_TIME.fullmatch(digits) is None
    )


def has_run(text: bytes) -> bool:
    """Whether ASCII text has 13 digits with nothing but punctuation between. Two passes in
    C, for what nearly always says no."""
    return len(text) >= LEAST and _RUN in text.translate(_CLASSES, _PUNCTUATION)


def may_hold(text: str) -> bool:
    """Whether there are digits enough, in any script, with only punctuation between and no
    quotation mark: no text without can hold a card number."""
    if text.isascii():
        return has_run(text.encode())
    if not _has_other_signs(text):
        # Only ASCII has digits here; letters of other scripts count as punctuation.
        plain = text.encode(errors="replace").translate(_CLASSES, _PUNCTUATION + _HIGH)
        return _RUN in plain
    return _SIGNS.search(text) is not None


def suspects(texts: Sequence[str]) -> list[str]:
    """Those of `texts`, without line breaks, that `may_hold` a card number: a few passes in
    C over all at once."""
    joined = "\n".join(texts)
    if _has_other_signs(joined):
        return [text for text in texts if may_hold(text)]
    rows = joined.encode(errors="replace").translate(_LINE_CLASSES, _LINE_PUNCTUATION)
    found: list[str] = []
    number = begin = 0
    # Counting the ends of lines up to a run of digits says in which text it stands.
    while (at := rows.find(_RUN, begin)) >= 0:
        number += rows.count(b"\n", begin, at)
        found.append(texts[number])
        begin = rows.find(b"\n", at)
        if begin < 0:
            break
    return found


def _has_other_signs(text: str) -> bool:
    """Whether digits of other scripts are in it."""
    if text.isascii():
        return False
    return _ANY_SIGN.search("".join(_BEYOND_ASCII.findall(text))) is not None


def contains(text: str) -> bool:
    """Whether `text` holds a card number."""
    return may_hold(text) and next(find(text), None) is not None


def masked(text: str) -> str:
    """`text` with every card number replaced by `[masked]`."""
    if not may_hold(text):
        return text
    parts, at = [], 0
    for start, end in find(text):
        if start >= at:
            parts += [text[at:start], "[masked]"]
            at = end
    return "".join((*parts, text[at:])) if parts else text


def digits_of(text: str) -> str | None:
    """The digits of a text of digits and separators, in ASCII; None for any other text."""
    if not text.isascii():
        text, _ = _folded(text)
    digits = _SEPARATOR.sub("", text)
    return digits if digits.isascii() and digits.isdigit() else None


def find(text: str) -> Iterator[tuple[int, int]]:
    """Where card numbers stand in `text`, in order: start and end of each."""
    origins: list[int] | None = None
    if not text.isascii():
        text, origins = _folded(text)
    if _CHAIN.search(text) is None or _DECIMAL.fullmatch(text):
        return
    plain = _OTHER.sub(_blank, text)
    for start, end in iban.spans(plain):
        plain = f"{plain[:start]}{'x' * (end - start)}{plain[end:]}"
    for chain in _CHAIN.finditer(plain):
        for start, end in _in_chain(plain, chain):
            if origins is None:
                yield start, end
            else:
                yield origins[start], origins[end - 1] + 1


def _blank(match: re.Match[str]) -> str:
    return "x" * len(match[0])


def _folded(text: str) -> tuple[str, list[int]]:
    """The text with ASCII for the digits of every script and without what has no width,
    and where each character of it came from."""
    found: list[str] = []
    origins: list[int] = []
    for at, char in enumerate(text):
        for part in char if char.isascii() else unicodedata.normalize("NFKC", char):
            figure = part if part.isascii() else _figure(part)
            if figure:
                found.append(figure)
                origins.append(at)
    return "".join(found), origins


def _figure(char: str) -> str:
    if unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return ""
    number = unicodedata.numeric(char, -1)
    return str(int(number)) if 0 <= number < 100 and number % 1 == 0 else char


def _in_chain(text: str, chain: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Card numbers in digits that only separators part."""
    groups = [
        Group(m.start(), m.end(), m[0])
        for m in _GROUP.finditer(text, chain.start(), chain.end())
    ]
    whole = "".join(group.digits for group in groups)
    if len(whole) > _LONGEST_CHAIN:
        if len(set(whole)) > 1:
            yield chain.start(), chain.end()
        return
    # A telephone number as ITU-T E.164 writes it has up to 15 digits, and a plus before.
    phone = chain.start() > 0 and text[chain.start() - 1] == "+"
    at = 0
    while at < len(groups):
        used = _from(groups, at, phone=phone and at == 0)
        if used is None:
            used = _glued_before(groups[at]) if len(groups[at].digits) > LEAST else None
            if used is None:
                at += 1
                continue
            last = at
        else:
            last = next(n for n in range(at, len(groups)) if used <= groups[n].end)
        yield groups[at].start, used
        rest = groups[last]
        if used < rest.end:  # another number may be glued to this one
            groups[last] = Group(used, rest.end, rest.digits[used - rest.end :])
            at = last
        else:
            at = last + 1


def _from(groups: list[Group], first: int, *, phone: bool) -> int | None:
    """Where a card number that begins with this group ends, or None."""
    digits = ""
    sizes: list[int] = []
    for group in groups[first:]:
        before = len(digits)
        digits = (digits + group.digits).lstrip("0")
        if not digits or digits[0] in "17":
            return None  # no issuer's; what follows zeros is looked at for itself
        sizes.append(len(digits) - before)
        if LEAST <= len(digits) <= MOST and _printed(digits, sizes, phone=phone):
            return group.end
        if len(digits) > LEAST and len(group.digits) > 1 and not phone:
            end = _glued_after(digits, before)
            if end is not None:
                return group.end - (len(digits) - end)
        if len(digits) > MOST:
            return None
    return None


def _printed(digits: str, sizes: list[int], *, phone: bool) -> bool:
    """Whether whole groups are a card number. One of fewer than 15 digits must also be
    printed as such: other numbers have such parts by chance."""
    if len(digits) < 15:
        even = len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0]
        if phone or not (even or tuple(sizes) in _PRINTED_SHORT):
            return False
    return not (phone and len(digits) == 15) and is_card_number(digits)


def _glued_after(digits: str, least: int) -> int | None:
    """The length of a card number at the begin of `digits` that an expiry date, zeros or
    another card number follows in its last group."""
    for length in (16, 15, 14, 19, 18, 17, 13):
        if least < length < len(digits) and is_card_number(digits[:length]):
            after = digits[length:]
            if _AFTER.fullmatch(after) or _begins_with_number(after):
                return length
    return None


def _begins_with_number(digits: str) -> bool:
    return any(
        is_card_number(digits[:length])
        for length in range(LEAST, min(MOST, len(digits)) + 1)
    )


def _glued_before(group: Group) -> int | None:
    """The end of a card number that a date stands before, in one run of digits."""
    for date in (4, 8):
        if _BEFORE.fullmatch(group.digits[:date]):
            rest = group.digits[date:]
            if LEAST < len(rest) <= MOST and is_card_number(rest):
                return group.end
    return None
