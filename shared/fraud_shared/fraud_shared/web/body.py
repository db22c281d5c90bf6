"""Reading a request's body: never more than its route takes, and not before the key."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from fraud_shared.card_number_fields import UNREAD
from fraud_shared.web import number_guard, problems, strict_json

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class ClientLeft(Exception):
    """The client closed the connection before its request was complete."""


def check_length(value: bytes, limit: int) -> None:
    """Refuse a declared length beyond `limit`, or that is no number."""
    if not value.isdigit():
        raise problems.MalformedBody
    if len(value) > 18 or int(value) > limit:
        raise problems.BodyTooLarge


def is_json(media: bytes) -> bool:
    """Whether a content type is JSON."""
    kind = media.partition(b";")[0].strip()
    return kind == b"application/json" or (
        kind.startswith(b"application/") and kind.endswith(b"+json")
    )


def is_announced(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a body follows the head."""
    return (
        headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    )


async def read(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge while it comes, ClientLeft when it ends early."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise problems.BodyTooLarge
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body"):
        if size > limit:
            raise problems.BodyTooLarge
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if size > limit:
        raise problems.BodyTooLarge
    return b"".join(parts)


class GuardedBody:
    """Wraps `receive` for cold routes. FastAPI reads the body before it asks who calls, so
    the first read asks (`before`), then takes the whole body, then a place among what is
    under way (`after`). JSON is held to the strictness of hot routes."""

    __slots__ = ("_after", "_before", "_is_json", "_limit", "_receive", "_started")

    def __init__(
        self,
        receive: Receive,
        limit: int,
        *,
        json: bool,
        before: Callable[[], object],
        after: Callable[[], object],
    ) -> None:
        self._receive = receive
        self._limit = limit
        self._is_json = json
        self._before = before
        self._after = after
        self._started = False

    async def __call__(self) -> Message:
        """The whole body as one message; later what the server says of the connection."""
        if self._started:
            return await self._receive()
        self._started = True
        self._before()
        try:
            body = await read(self._receive, self._limit)
        except ClientLeft:
            return {"type": "http.disconnect"}
        if body:
            # What does not say that it is JSON may be read as such all the same.
            document = strict_json.read(body) if self._is_json else UNREAD
            number_guard.refuse_in_body(body, document)
        self._after()
        return {"type": "http.request", "body": body, "more_body": False}
