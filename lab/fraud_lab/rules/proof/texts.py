"""The texts of a proof as whole numbers: constants and list entries first, then others.

Equal texts have equal numbers. Of texts that no rule names there are as many as there are
text fields, because more could not be told apart by comparing fields with each other.
Entries of lists are numbered so that each list is a few ranges, however long it is.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import count, groupby, islice
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import StringConstraints, TypeAdapter, ValidationError

from fraud_engines.rules.fields import PAYMENT_FIELDS
from fraud_lab.rules.month import PATHS
from fraud_shared.contracts.base import Identifier
from fraud_shared.contracts.countries import name_keys
from fraud_shared.contracts.iso import CURRENCY_EXPONENT
from fraud_shared.contracts.transaction import Transaction

TEXT_FIELDS = tuple(name for name, kind in PAYMENT_FIELDS.items() if kind == "string")
_OTHERS = len(TEXT_FIELDS) + 1
_SHORT = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
_LONG = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]


def _type_of(field: str) -> Any:
    """The type of a field in the contract of a payment; an identifier where the field is
    made of others."""
    if field in ("card_bin", "card_bin_8"):
        return _SHORT if field == "card_bin" else _LONG
    model: Any = Transaction
    for name in PATHS.get(field, ()):
        if not isinstance(model, type):
            model = next(part for part in get_args(model) if isinstance(part, type))
        info = model.model_fields[name]
        model = Annotated[info.annotation, *info.metadata] if info.metadata else None
        model = info.annotation if model is None else model
    return Identifier if model is Transaction else model


def _closed(field: str) -> tuple[str, ...]:
    """The values of a field that has a few; none of a field that can be anything."""
    kind = _type_of(field)
    literals = [kind] if get_origin(kind) is Literal else list(get_args(kind))
    return tuple(
        str(value)
        for part in literals
        if get_origin(part) is Literal
        for value in get_args(part)
    )


# Fields with a few values, all of which take part in a proof.
CLOSED: dict[str, tuple[str, ...]] = {
    name: values for name in TEXT_FIELDS if (values := _closed(name))
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
    return TypeAdapter(_type_of(field))


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
