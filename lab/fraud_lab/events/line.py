"""The way of an event without a mesh: the gateway's outbox and relay, a broker, post_auth's
consumer and ledger, all in this process, on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from fraud_features.store.open_store import open_online_store
from fraud_lab.events import records
from fraud_lab.events.records import Databases
from fraud_orchestrator import tables as gateway
from fraud_post_auth import tables as post_auth
from fraud_post_auth.dataset import Features
from fraud_post_auth.service import PostAuthService
from fraud_post_auth.settings import Settings
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import DECISION_MADE, CloudEvent, event_id
from fraud_shared.mesh.clock import SystemClock
from fraud_shared.state.bus import Bus, Envelope, EventHandler, envelope
from fraud_shared.state.outbox import Outbox, Relay
from fraud_shared.state.rabbit import RabbitBus
from fraud_shared.state.rabbit_consumer import PREFETCH, RabbitConsumer
from fraud_shared.testing.factories import make_decision_made

# About what a decision brings along.
FEATURES = 120
ACCOUNTS = 50
PART = 500
HASH = sha256(b"features").hexdigest()
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NONE = Features("none", "1", "0" * 64, ())


def decided(number: int, run: str = "line") -> CloudEvent:
    """`fraud.decision.made.v1` about payment `number` of a run."""
    made = make_decision_made(
        f"d-{run}-{number}",
        f"tx-{run}-{number}",
        account_id=f"acc-{run}-{number % ACCOUNTS}",
        amount_minor=100 + number,
        values=tuple(float(n) for n in range(FEATURES)),
    )
    data = made.model_dump(mode="json")
    # As real ones are: a factory's runs of zeros would be looked at as card numbers.
    data["features"]["hash"] = HASH
    data["decision"]["trace_id"] = TRACE.split("-")[1]
    return CloudEvent(
        id=event_id(made.transaction.transaction_id, DECISION_MADE, made.client),
        source="urn:fraud:orchestrator",
        type=DECISION_MADE,
        subject=made.transaction.transaction_id,
        time=made.decision.decided_at,
        traceparent=TRACE,
        data=data,
    )


@dataclass
class Line:
    """Both ends, and what lies between."""

    databases: Databases
    outbox: Outbox
    service: PostAuthService

    async def write(self, events: Sequence[CloudEvent]) -> None:
        """Put events into the outbox, as a decision's transaction does."""
        for start in range(0, len(events), PART):
            part = [envelope(event) for event in events[start : start + PART]]
            await self.databases.gateway.run(partial(self._insert, part))
        self.outbox.written.set()

    def _insert(self, part: Sequence[Envelope], conn: sa.Connection) -> None:
        self.outbox.insert(conn, part)

    def relay(self, bus: Bus) -> Relay:
        """The gateway's relay."""
        return Relay(self.databases.gateway, gateway.outbox, bus, outbox=self.outbox)

    def consumer(
        self,
        url: str,
        prefix: str,
        *,
        prefetch: int = PREFETCH,
        handler: EventHandler | None = None,
    ) -> RabbitConsumer:
        """post_auth's consumer; `handler` stands in for its ledger."""
        return RabbitConsumer(
            url,
            service="post_auth",
            handler=handler or self.service.handle,
            park=self.service.parking.keep_bytes,
            prefix=prefix,
            prefetch=prefetch,
            reconnect_s=0.1,
        )

    async def taken(self, count: int, within_s: float) -> bool:
        """Wait until post_auth has taken in so many; whether it has."""
        give_up = time.monotonic() + within_s
        while await records.received(self.databases.post_auth) < count:
            if time.monotonic() > give_up:
                return False
            await asyncio.sleep(0.05)
        return True

    async def made(self) -> list[DecisionMade]:
        """What the decision log would hold: the data of every event of the outbox."""
        async with self.databases.gateway.read(patient=True) as conn:
            rows = await conn.execute(sa.select(gateway.outbox.c.body))
            bodies = [bytes(row.body) for row in rows]
        data = (CloudEvent.model_validate_json(body).data for body in bodies)
        return [DecisionMade.model_validate(one, strict=False) for one in data]

    async def empty(self) -> None:
        """Forget everything, for the next measurement."""
        async with self.databases.gateway.begin(patient=True) as conn:
            await conn.execute(sa.delete(gateway.outbox))
        async with self.databases.post_auth.begin(patient=True) as conn:
            for table in post_auth.metadata.sorted_tables:
                await conn.execute(sa.delete(table))


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Line]:
    """A line with its tables made in that database."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="fraud-line-"))
        databases = Databases.at(database_url)
        stack.push_async_callback(databases.stop)
        await databases.gateway.start()
        store = open_online_store("memory://")
        stack.push_async_callback(store.close)
        service = PostAuthService(
            Settings(DATABASE_URL=database_url, var_dir=Path(folder)),
            clock=SystemClock(),
            online=store,
            features=NONE,
        )
        stack.push_async_callback(service.db.stop)
        await service.db.start()
        yield Line(databases, Outbox(databases.gateway, gateway.outbox), service)


async def publish(
    url: str, prefix: str, envelopes: Sequence[Envelope], part: int = 200
) -> None:
    """Publish, confirmed, in parts."""
    bus = RabbitBus(url, prefix=prefix, confirm_timeout_s=30.0)
    try:
        for start in range(0, len(envelopes), part):
            await bus.publish(envelopes[start : start + part])
    finally:
        await bus.close()
