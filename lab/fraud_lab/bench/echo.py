"""The floor of the mesh: the same hops and bytes between ten processes, and no work.

Bare ASGI under uvicorn, and the mesh's HTTP client. The gateway makes the calls of an
ordinary payment, in its order: screening beside everything else; the rules; four models at
once; the policy. What the mesh does besides (validation, features, engines, the online
store, the record, logs, metrics) is work, and is left out. With `SHARED_HOPS` a service gets
the calls that came up while one was on the way to it in one request.
Run as `python -m fraud_lab.bench.echo NAME`.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn

from fraud_shared.mesh.addresses import PORTS, default_urls
from fraud_shared.mesh.transport import HttpTransport

GATEWAY = "orchestrator"
# Whether several calls travel as one: the floor does what the mesh does.
SHARED_HOPS = False
TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Hop:
    """A call: bytes of the question and of the answer, as an ordinary payment has them."""

    question: int
    answer: int


# Medians of the mesh; a test compares them with what a payment sends today.
HOPS: Mapping[str, Hop] = {
    "sanctions": Hop(420, 470),
    "rules": Hop(1760, 180),
    "isolation_forest": Hop(790, 370),
    "autoencoder": Hop(790, 360),
    "xgboost": Hop(790, 360),
    "lightgbm": Hop(770, 360),
    "decision": Hop(2600, 340),
}
BESIDE = "sanctions"
WAVES = (
    ("rules",),
    ("isolation_forest", "autoencoder", "xgboost", "lightgbm"),
    ("decision",),
)
REPLY_BYTES = 3300
_VERDICT = b'{"decision":"APPROVE","degraded":[],"filler":"'
REPLY = _VERDICT + b"x" * (REPLY_BYTES - len(_VERDICT) - 2) + b'"}'
# As long as those that the service client sends.
HEADERS = {
    "content-type": "application/json",
    "authorization": f"Bearer {'x' * 200}",
    "x-deadline-ms": "123.4",
    "x-request-id": "x" * 24,
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-00",
}
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Neighbour:
    """One service as the gateway calls it."""

    def __init__(self, transport: HttpTransport, service: str) -> None:
        self._transport = transport
        self._service = service
        self._question = b"q" * HOPS[service].question
        self._waiting: list[asyncio.Future[None]] = []
        self._sending: asyncio.Task[None] | None = None

    async def call(self) -> None:
        """One call, alone or with those that came up in the meantime."""
        if not SHARED_HOPS:
            await self._send(1)
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._drain())
        await mine

    async def _drain(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            await self._send(len(together))
            for one in together:
                one.set_result(None)

    async def _send(self, calls: int) -> None:
        status, answer = await self._transport.send(
            self._service, "/", self._question * calls, HEADERS, TIMEOUT_S
        )
        if status != 200 or len(answer) != calls * HOPS[self._service].answer:
            raise RuntimeError(f"{self._service}: {status}, {len(answer)} bytes")


class EchoGateway:
    """Makes the hops of a payment, then replies."""

    def __init__(self) -> None:
        transport = HttpTransport(default_urls())
        self._neighbours = {name: Neighbour(transport, name) for name in HOPS}

    async def answer(self, _: bytes) -> bytes:
        """The bytes of a reply, after every hop."""
        call = {name: one.call for name, one in self._neighbours.items()}
        beside = asyncio.create_task(call[BESIDE]())
        for wave in WAVES:
            await asyncio.gather(*(call[service]() for service in wave))
        await beside
        return REPLY


class EchoService:
    """Answers each question with as many bytes as the real service does."""

    def __init__(self, service: str) -> None:
        self._hop = HOPS.get(service, Hop(1, 1))
        self._answer = b"a" * self._hop.answer

    async def answer(self, question: bytes) -> bytes:
        """One answer for each question in the body."""
        return self._answer * (len(question) // self._hop.question)


def echo_app(service: str) -> Any:
    """The ASGI app of one process; any GET says that it is ready."""
    answering = EchoGateway() if service == GATEWAY else EchoService(service)

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        reply = b"ok" if scope["method"] == "GET" else await answering.answer(body)
        size = str(len(reply)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", size)]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": reply})

    return app


def main() -> None:
    """Serve one process of the echo mesh on its service's port."""
    service = sys.argv[1]
    port = os.environ.get(f"FRAUD_{service.upper()}_PORT", str(PORTS[service]))
    uvicorn.run(
        echo_app(service),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
