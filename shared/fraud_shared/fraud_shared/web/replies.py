"""Replies as ASGI messages."""

from collections.abc import Awaitable, Callable

from fraud_shared.web import problems
from fraud_shared.web.body import Message
from fraud_shared.web.context import RawResponse, RequestContext

Send = Callable[[Message], Awaitable[None]]


class Started:
    """Wraps `send` for cold routes: adds the request id and remembers the status."""

    __slots__ = ("_call", "_send", "status")

    def __init__(self, send: Send, context: RequestContext) -> None:
        self._send = send
        self._call = context
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self._call.request_id.encode()),
                *self._call.reply_headers,
            ]
        await self._send(message)


async def reply(send: Send, answer: RawResponse, context: RequestContext) -> None:
    """Send an answer with its request id."""
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.media_type),
                (b"content-length", str(len(answer.body)).encode()),
                (b"x-request-id", context.request_id.encode()),
                *context.reply_headers,
                *answer.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


async def refuse(
    send: Send, error: problems.FraudError, context: RequestContext
) -> int:
    """Send a problem; returns its status."""
    headers = tuple((k.encode(), v.encode()) for k, v in error.headers.items())
    document = problems.body(error, context.request_id)
    media = problems.MEDIA_TYPE.encode()
    await reply(send, RawResponse(document, error.status, headers, media), context)
    context.log(problem=error.type)
    return error.status
