"""What the adapters share: reading a message's fields, and amounts without rounding."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from fraud_shared.contracts.iso import CURRENCY_EXPONENT
from fraud_shared.web.problems import InvalidInput

Body = dict[str, Any]
_LARGEST = 10**13


class MessageInvalid(InvalidInput):
    """A message cannot be read as a payment; the error names its element."""

    type = "message-invalid"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(errors=[(field, problem)])


def minor_units(text: Any, currency: str, field: str) -> int:
    """A decimal amount in minor units of its currency (ISO 4217: none for JPY, three digits
    for KWD, four for CLF). Raises MessageInvalid: nothing is rounded."""
    exponent = CURRENCY_EXPONENT.get(currency)
    if exponent is None:
        raise MessageInvalid(field, "not an ISO 4217 currency code")
    try:
        amount = Decimal(text if isinstance(text, Decimal) else str(text))
    except InvalidOperation:
        raise MessageInvalid(field, "not a decimal number") from None
    if not amount.is_finite() or amount < 0 or amount.adjusted() > 18:
        raise MessageInvalid(field, "not an amount")
    scaled = amount.scaleb(exponent)
    if scaled != scaled.to_integral_value():
        raise MessageInvalid(
            field, f"has more than the {exponent} decimals of {currency}"
        )
    if scaled > _LARGEST:
        raise MessageInvalid(field, "is larger than any payment")
    return int(scaled)


def instant(text: Any, field: str) -> str:
    """A date and time with its offset. One without could be any of 26 hours."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise MessageInvalid(field, "not a date and time") from None
    if at.tzinfo is None:
        raise MessageInvalid(field, "has no offset from UTC")
    return at.isoformat()


class Element:
    """A part of a message, which knows its place in it."""

    __slots__ = ("_content", "place")

    def __init__(self, content: Any, place: str) -> None:
        if not isinstance(content, Mapping):
            raise MessageInvalid(place, "is not an element with others inside")
        self._content = content
        self.place = place

    def under(self, name: str) -> str:
        """The place of an element inside this one."""
        return f"{self.place}.{name}" if self.place else name

    def find(self, *path: str) -> Any:
        """The value at a path, None where the message has none."""
        found: Any = self._content
        for name in path:
            if isinstance(found, list) and len(found) == 1:
                found = found[0]
            if not isinstance(found, Mapping):
                return None
            found = found.get(name)
        return found

    def text(self, *path: str) -> str | None:
        """The text at a path; None where there is none. Raises MessageInvalid."""
        found = self.find(*path)
        if found is None:
            return None
        if not isinstance(found, str):
            raise MessageInvalid(self.under(".".join(path)), "is not a text")
        return " ".join(found.split()) or None

    def part(self, *path: str) -> "Element | None":
        """The element at a path, None where the message has none."""
        found = self.find(*path)
        return None if found is None else Element(found, self.under(".".join(path)))

    def needed(self, *path: str) -> "Element":
        """The same for one that must be there. Raises MessageInvalid."""
        found = self.part(*path)
        if found is None:
            raise MessageInvalid(self.under(".".join(path)), "is missing")
        return found

    def each(self, name: str) -> Iterator["Element"]:
        """The elements of a name, one or many."""
        found = self.find(name)
        if found is None:
            raise MessageInvalid(self.under(name), "is missing")
        for number, one in enumerate(found if isinstance(found, list) else [found]):
            yield Element(one, f"{self.under(name)}[{number}]")


def without_gaps(body: Mapping[str, Any]) -> Body:
    """The body without what the message does not say."""
    found: Body = {}
    for name, value in body.items():
        given = without_gaps(value) if isinstance(value, Mapping) else value
        if given is not None and given != {}:
            found[name] = given
    return found
