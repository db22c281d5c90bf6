"""Figures, money and times as they are read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from fraud_shared.contracts.iso import CURRENCY_EXPONENT

NOTHING = "–"
_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def money(minor: float | None, currency: str | None = None) -> str:
    """`1234` and EUR: `12.34 EUR`, with the digits that the currency has."""
    if minor is None:
        return NOTHING
    digits = CURRENCY_EXPONENT.get(currency or "EUR", 2)
    text = f"{minor / 10**digits:,.{digits}f}"
    return f"{text} {currency}" if currency else text


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1; tiny ones say that they are."""
    if share is None:
        return NOTHING
    least = 10.0 ** -(digits + 2)
    if 0 < share < least:
        return f"< {least * 100:.{digits}f} %"
    return f"{share * 100:.{digits}f} %"


def number(value: Any, digits: int = 2) -> str:
    """A number with as many digits as say something; text as it is."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 10**-digits:
        return f"{value:.1e}"
    return f"{value:,.{digits}f}"


def milliseconds(value: float | None) -> str:
    """`12.3 ms`; seconds from a second on."""
    if value is None:
        return NOTHING
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def instant(value: Any) -> datetime | None:
    """A time out of what JSON holds; None when it is none."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str) and value[4:5] == "-":
        try:
            return instant(datetime.fromisoformat(value))
        except ValueError:
            return None
    return None


def when(value: Any, now: datetime) -> Markup | str:
    """A time in UTC, shorter the nearer it is, whole in its title."""
    at = instant(value)
    if at is None:
        return NOTHING
    at = at.astimezone(UTC)
    whole = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    if at.date() == now.astimezone(UTC).date():
        text = at.strftime("%H:%M:%S")
    else:
        text = at.strftime("%Y-%m-%d %H:%M")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), whole, text
    )


def span(length: timedelta | float | None) -> str:
    """A length of time in its largest unit: `2 h`, `5 min`."""
    if length is None:
        return NOTHING
    left = length.total_seconds() if isinstance(length, timedelta) else length
    for size, unit in _STEPS:
        if left >= size:
            return f"{int(left // size)} {unit}"
    return "under 1 s"


def ago(value: Any, now: datetime) -> Markup | str:
    """How long since a time; `in …` for one to come."""
    at = instant(value)
    if at is None:
        return NOTHING
    past = now - at
    text = f"{span(past)} ago" if past >= timedelta(0) else f"in {span(-past)}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"), text
    )


def short(name: str | None, keep: int = 14) -> Markup | str:
    """The beginning and end of a long identifier, whole in its title."""
    if not name:
        return NOTHING
    if len(name) <= keep:
        return Markup('<span class="id">{}</span>').format(name)
    head, tail = name[: keep - 5], name[-4:]
    return Markup('<span class="id" title="{}">{}…{}</span>').format(
        name, escape(head), escape(tail)
    )


def words(name: Any) -> str:
    """A name of code as words."""
    text = str(name).replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]
