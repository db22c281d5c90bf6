"""One request as its handler sees it."""

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from fraud_shared.card_number_fields import in_part
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.tokens import Actor
from fraud_shared.mesh.trace import Trace

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(given: bytes) -> str:
    """The request id that a caller sent, or a new one where it cannot be used."""
    text = given.decode("latin-1")
    # A card number sent as a request id would travel the mesh and be logged everywhere.
    if _REQUEST_ID.fullmatch(text) and not in_part(text):
        return text
    return secrets.token_hex(12)


@dataclass(slots=True)
class RequestContext:
    """The request's context; `caller`, `tenant` and `actor` are set by the guard,
    `log_fields` go to the log line, `reply_headers` with every reply. `address` is the
    peer's."""

    request_id: str
    trace: Trace
    deadline: Deadline
    headers: dict[bytes, bytes]
    caller: str = ""
    # Whose payments the request is about: the caller's own, or one its key is declared for.
    tenant: str = ""
    principal: Any = None
    # Inside the mesh: the gateway's client on whose behalf the caller asks.
    actor: Actor | None = None
    log_fields: dict[str, Any] | None = None
    raw: bytes = b""
    address: str = ""
    reply_headers: tuple[tuple[bytes, bytes], ...] = ()
    # A service that was called for it was at its limit.
    overloaded: bool = False
    # It waited for the answer of an earlier request, and says nothing of how busy we are.
    replayed: bool = False
    # A poll of another process, every second or oftener: counted, and logged only when it
    # fails.
    is_poll: bool = False
    # When the last byte of the request was read, on the monotonic clock, in seconds.
    arrived: float = field(default_factory=time.monotonic)

    def wall(self, ms: float) -> Deadline:
        """Its deadline, or `ms` after it arrived if that is earlier."""
        return Deadline(min(self.deadline.at, self.arrived + ms / 1000))

    def header(self, name: str) -> str | None:
        """A request header by lower-case name, or None."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    def log(self, **fields: Any) -> None:
        """Add fields to this request's log line."""
        self.log_fields = {**(self.log_fields or {}), **fields}


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A reply that is more than a 200 with a body."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    media_type: bytes = b"application/json"
