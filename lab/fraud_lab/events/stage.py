"""A whole mesh on servers of its own, paid through by an open-loop stream, while something
is done to its broker or to its consumer."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from fraud_lab.bench.load import live
from fraud_lab.events import records
from fraud_lab.events.broker import OwnBroker
from fraud_lab.events.records import Databases
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.supervisor import Supervisor, service_command
from fraud_ops.mesh.up import running_mesh
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.testing.links import Link

ANSWER_WITHIN_S = 1.0
WARM_UP_S = 5.0
LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Sent:
    """One payment: when it was due (monotonic seconds), how long its answer took from then
    (milliseconds), and why there was none."""

    transaction_id: str
    due: float
    took_ms: float
    failure: str | None


@dataclass
class Stream:
    """Payments on a clock, until told to end."""

    client: Client
    rps: float
    sent: list[Sent] = field(default_factory=list)

    async def run(self, bodies: list[bytes]) -> None:
        """Send one after the other; when cancelled, wait for the answers that are out."""
        start, under_way = time.monotonic(), set[asyncio.Task[None]]()
        try:
            for number, body in enumerate(bodies):
                due = start + number / self.rps
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                task = asyncio.create_task(self._one(body, due))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            await asyncio.gather(*under_way)

    async def _one(self, body: bytes, due: float) -> None:
        failure = None
        try:
            status, _ = await self.client.post(
                "/score", body, timeout_s=ANSWER_WITHIN_S
            )
            if status != 200:
                failure = f"status {status}"
        except DependencyError as error:
            failure = error.kind
        took_ms = (time.monotonic() - due) * 1000
        name = json.loads(body)["transaction_id"]
        self.sent.append(Sent(name, due, took_ms, failure))

    def between(self, begin: float, end: float) -> list[Sent]:
        """What was due then."""
        return [one for one in self.sent if begin <= one.due < end]


def p99_ms(sent: list[Sent]) -> float | None:
    """Over every answered payment."""
    took = [one.took_ms for one in sent if one.failure is None]
    return round(float(np.percentile(took, 99)), 1) if took else None


@dataclass
class Stage:
    """The mesh, its servers, and who pays. `relay_link` is the gateway's own way to the
    broker, `consumer_link` that of post_auth."""

    mesh: LocalMesh
    supervisor: Supervisor
    broker: OwnBroker
    databases: Databases
    stream: Stream
    relay_link: Link
    consumer_link: Link

    async def drained(self, within_s: float) -> float | None:
        """Seconds until nothing is unsent and post_auth has it all; None: not in time."""
        start = time.monotonic()
        while time.monotonic() - start < within_s:
            waiting = await self.behind()
            # Payments go on: what came in within the last second is no backlog.
            if waiting <= self.stream.rps:
                return round(time.monotonic() - start, 1)
            await asyncio.sleep(LOOK_S)
        return None

    async def behind(self) -> int:
        """How many events for post_auth it has not taken in."""
        return await records.expected(self.databases.gateway) - await records.received(
            self.databases.post_auth
        )


@asynccontextmanager
async def opened(
    mesh: LocalMesh, broker: OwnBroker, database_url: str, rps: float
) -> AsyncIterator[Stage]:
    """A fresh mesh on that database and broker, warm."""
    async with AsyncExitStack() as stack:
        links = {
            name: await stack.enter_async_context(Link(broker.url).open())
            for name in ("orchestrator", "post_auth")
        }

        def command(service: str) -> list[str]:
            url = links[service].url if service in links else broker.url
            # A broker's address for each service: `env` becomes the service.
            return ["env", f"AMQP_URL={url}", *service_command(service)]

        supervisor = await stack.enter_async_context(
            running_mesh(mesh, command, DATABASE_URL=database_url, AMQP_URL=broker.url)
        )
        client = Client(mesh.url, mesh.key(), connections=256)
        stack.push_async_callback(client.close)
        databases = Databases.at(database_url)
        stack.push_async_callback(databases.stop)
        yield Stage(
            mesh,
            supervisor,
            broker,
            databases,
            Stream(client, rps),
            links["orchestrator"],
            links["post_auth"],
        )


@asynccontextmanager
async def paying(stage: Stage, seconds: float, seed: int) -> AsyncIterator[None]:
    """Payments at the stage's rate while inside, for `seconds` at most."""
    # Made beforehand: a generator that is late would be taken for a slow answer.
    bodies = list(islice(live(seed, f"ev{seed}"), int(stage.stream.rps * seconds)))
    task = asyncio.create_task(stage.stream.run(bodies))
    try:
        await asyncio.sleep(WARM_UP_S)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


Span = tuple[float, float]
Harm = Callable[[Stage, float], Awaitable[Span]]
