"""What the gateway answers for a page: a value, or what is missing and why.

A page loads whatever its parts do: each part is fetched on its own.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Generic, TypeVar

from fraud_client import (
    ApiError,
    ConnectionFailed,
    DeadlineExceeded,
    Forbidden,
    FraudClientError,
    NotFound,
    RateLimited,
    Unavailable,
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a part is not there, in words, and what may be done."""

    title: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Value]):
    """Exactly one of the two is there."""

    value: Value | None = None
    missing: Missing | None = None

    @property
    def there(self) -> bool:
        """Whether there is a value."""
        return self.missing is None


async def fetch(asked: Awaitable[Value], what: str) -> Fetched[Value]:
    """The answer, or why there is none. `what`: the part's name in a sentence."""
    try:
        return Fetched(await asked)
    except FraudClientError as error:
        return Fetched(missing=explain(error, what))


def explain(error: FraudClientError, what: str) -> Missing:
    """An error in the words of the page."""
    detail = error.detail if isinstance(error, ApiError) else ""
    match error:
        case ConnectionFailed():
            return Missing(
                f"{what}: the gateway cannot be reached",
                "It may be starting, or the network is down. Everything else on this page "
                "is shown as far as it is known.",
            )
        case DeadlineExceeded():
            return Missing(f"{what}: no answer in time", "Load the page again.")
        case Forbidden():
            return Missing(
                f"{what}: your role may not see this",
                "Ask an administrator for the role that may.",
            )
        case NotFound():
            return Missing(
                f"{what}: nothing here",
                "Nothing is stored under this name, or this gateway does not offer it.",
            )
        case RateLimited():
            return Missing(f"{what}: too many requests", "Wait a little and try again.")
        case Unavailable():
            return Missing(f"{what}: a service is down", detail, "unavailable")
        case ApiError():
            fields = "; ".join(f"{e.field}: {e.problem}" for e in error.errors)
            return Missing(f"{what}: refused ({error.status})", fields or detail)
    return Missing(f"{what}: the gateway's answer is not as documented", "")
