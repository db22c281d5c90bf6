"""What can go wrong, by type: the gateway's problems (RFC 9457), and failures on the way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_URN = "urn:fraud:problem:"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the request and what is wrong with it."""

    field: str
    problem: str


class FraudClientError(Exception):
    """The base of every error that this package raises."""


class ConnectionFailed(FraudClientError):
    """No answer came: the gateway cannot be reached, or the connection broke."""


class DeadlineExceeded(FraudClientError):
    """The time that the caller allowed is over. What was asked may have been done."""


class UnexpectedReply(FraudClientError):
    """The gateway answered with something that is not as documented."""


class ApiError(FraudClientError):
    """The gateway refused. `type` is the problem type without its URN prefix."""

    def __init__(
        self,
        status: int,
        problem: Mapping[str, Any],
        *,
        request_id: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.type = str(problem.get("type", "")).removeprefix(_URN)
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.request_id = request_id or str(problem.get("instance", ""))
        self.retry_after_s = retry_after_s
        self.errors = tuple(
            FieldError(str(one.get("field", "")), str(one.get("problem", "")))
            for one in problem.get("errors") or ()
            if isinstance(one, Mapping)
        )
        super().__init__(f"{status} {self.type}: {self.detail}")

    @property
    def nothing_done(self) -> bool:
        """Whether it was refused at once, for want of room."""
        return self.type in ("overloaded", "rate-limited")


class BadRequest(ApiError):
    """400: the request cannot be understood."""


class NotAuthenticated(ApiError):
    """401: no credential, or not a good one."""


class Forbidden(ApiError):
    """403: the key is missing, wrong, or may not do this."""


class NotFound(ApiError):
    """404: nothing is stored under this identifier, or there is no such route."""


class Conflict(ApiError):
    """409: the current state does not allow this."""


class InvalidInput(ApiError):
    """422: `errors` names the fields that are not as documented."""


class RateLimited(ApiError):
    """429: slow down; `retry_after_s` says for how long."""


class Unavailable(ApiError):
    """503: something this answer needs is not available."""


class ServerError(ApiError):
    """Any other 5xx."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: NotAuthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    422: InvalidInput,
    429: RateLimited,
    503: Unavailable,
}


def from_reply(status: int, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error of a reply with a status of 400 or more."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ApiError)
    return kind(
        status,
        problem,
        request_id=headers.get("x-request-id", ""),
        retry_after_s=retry_after(headers),
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After` header; None without one, or for a date."""
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
