"""The base of every message, and the small bounded types they are made of."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WrapValidator,
)
from pydantic_core import PydanticCustomError


class Contract(BaseModel):
    """A frozen message: strict types, no unknown fields, no NaN or infinity.

    Errors never carry the offending input, so that a card number sent in the wrong field
    cannot come back in a log or a reply.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def absent(description: str, **extra: Any) -> Any:
    """An optional field that is written only where it has a value: a message without it
    reads, and is fingerprinted, as before the field existed."""
    return Field(default=None, exclude_if=_is_none, description=description, **extra)


def _is_none(value: object) -> bool:
    return value is None


# Visible ASCII without quotes or angle brackets: safe in a log line, a key and a URL.
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._:@/+=-]*$"
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=128, pattern=IDENTIFIER)
]
# Any script, but no control characters (C0, DEL, C1), which have no place in a name.
Text = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"
    ),
]


def _written_out(value: object) -> bool:
    # The parsers would also read a text of digits as seconds since 1970.
    return isinstance(value, str) and value[4:5] == "-"


def _instant(value: object, parse: Callable[[object], datetime]) -> datetime:
    if not _written_out(value) and not isinstance(value, datetime):
        raise PydanticCustomError("instant", "not an RFC 3339 time with offset")
    at = parse(value)
    if not 1970 <= at.year < 2200:
        raise PydanticCustomError("instant", "not between the years 1970 and 2200")
    # One instant, one form: whatever offset it came with.
    return at if at.tzinfo is UTC else at.astimezone(UTC)


def _day(value: object, parse: Callable[[object], date]) -> date:
    if not _written_out(value) and type(value) is not date:
        raise PydanticCustomError("day", "not a date as YYYY-MM-DD")
    return parse(value)


# When something happened: RFC 3339 with offset, in years that survive time arithmetic; kept
# in UTC.
Instant = Annotated[AwareDatetime, Field(strict=False), WrapValidator(_instant)]
Day = Annotated[date, Field(strict=False), WrapValidator(_day)]
Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Z][A-Z0-9_]*$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
# Money is an integer number of minor units (cents); the ceiling is far above any payment
# and far below what a 64-bit sum of a month's payments can hold.
AmountMinor = Annotated[int, Field(ge=0, le=10**13)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
