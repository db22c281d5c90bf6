"""The texts of a proof as whole numbers: constants and list entries first, then others.

Equal texts have equal numbers. Of texts that no rule names there are as many as there are
text fields, because more could not be told apart by comparing fields with each other.
Entries of lists are numbered so that each list is a few ranges, however long it is.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import count, groupby, islice
from typing import Annotated, Any, get_args

from pydantic import StringConstraints, TypeAdapter, ValidationError

from fraud_engines.rules.fields import TEXT_FIELDS
from fraud_shared.contracts.base import Identifier
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.countries import name_keys
from fraud_shared.contracts.iso import CURRENCY_EXPONENT, CountryCode, CurrencyCode
from fraud_shared.contracts.transaction import Channel, Device, Digits4, EntryMode, Kind

_OTHERS = len(TEXT_FIELDS) + 1
_SHORT = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
_LONG = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
_TYPES: dict[str, Any] = {
    **dict.fromkeys(TEXT_FIELDS, Identifier),
    "account_id": AccountId,
    "counterparty_account": AccountId,
    "currency": CurrencyCode,
    "kind": Kind,
    "channel": Channel,
    "mcc": Digits4,
    "card_bin": _SHORT,
    "card_bin_8": _LONG,
    "entry_mode": EntryMode,
    "ip": Device.model_fields["ip"].annotation,
    "os": Device.model_fields["os"].annotation,
    **dict.fromkeys(
        ("merchant_country", "location_country", "customer_country", "counterparty_country"),
        CountryCode,
    ),
}  # fmt: skip
# Fields with a few values, all of which take part in a proof.
CLOSED: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "channel": get_args(Channel),
    "entry_mode": get_args(EntryMode),
}


@lru_cache(maxsize=65_536)
def can_be(field: str, text: str) -> bool:
    """Whether a payment could bring this text in this field, as it stands."""
    try:
        found: object = _adapter(field).validate_python(text)
    except ValidationError:
        return False
    return found == text


@cache
def _adapter(field: str) -> TypeAdapter[Any]:
    return TypeAdapter(_TYPES[field])


class Texts:
    """Numbers of all texts that a proof is about."""

    def __init__(
        self, constants: Iterable[str], lists: Mapping[str, frozenset[str]]
    ) -> None:
        words = set(constants) | {w for values in CLOSED.values() for w in values}
        # Whoever names eight digits of a card also names its first six.
        entries = {entry for row in lists.values() for entry in row}
        words |= entries
        words |= {word[:6] for word in words if can_be("card_bin_8", word)}
        names = sorted(lists)
        signature = {w: tuple(w in lists[n] for n in names) for w in words}
        self.words = sorted(words, key=lambda w: (signature[w], w))
        self.code = {word: number for number, word in enumerate(self.words)}
        self.ranges = {
            name: _ranges(self.code[entry] for entry in lists[name]) for name in names
        }

    def possible(self, field: str) -> list[tuple[int, int]]:
        """Ranges `[from, to)` of numbers that the field can have."""
        if field in CLOSED:
            return _ranges(self.code[word] for word in CLOSED[field])
        codes = [n for n, word in enumerate(self.words) if can_be(field, word)]
        for place, form in enumerate(_FORMS):
            start = len(self.words) + place * _OTHERS
            if can_be(field, _made_up(form, 0, ())):
                codes += range(start, start + _OTHERS)
        return _ranges(codes)

    def word(self, code: int) -> str:
        """The text of a number; made up where no rule names it."""
        if code < len(self.words):
            return self.words[code]
        form, place = divmod(code - len(self.words), _OTHERS)
        return _made_up(_FORMS[form], place, self.code)


# The forms of texts that no rule names. A text of any form can be an identifier.
_FORMS = ("identifier", "country", "currency", "4", "6", "8")


@cache
def _countries() -> tuple[str, ...]:
    return tuple(sorted(set(name_keys().values())))


def _made_up(form: str, place: int, taken: Container[str]) -> str:
    """The text of this form and number, beside those that are taken."""
    free: Iterator[str]
    if form == "identifier":
        free = (f"other-{n}" for n in count())
    elif form == "country":
        free = iter(_countries())
    elif form == "currency":
        free = iter(sorted(CURRENCY_EXPONENT))
    else:
        free = (f"{n:0{form}d}" for n in range(10 ** (int(form) - 1), 10 ** int(form)))
    return next(islice((word for word in free if word not in taken), place, None))


def _ranges(codes: Iterable[int]) -> list[tuple[int, int]]:
    ordered = sorted(codes)
    runs = groupby(enumerate(ordered), lambda pair: pair[1] - pair[0])
    found = [[code for _, code in run] for _, run in runs]
    return [(run[0], run[-1] + 1) for run in found]
