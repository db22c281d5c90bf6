"""An emptied online store is rebuilt by the gateways themselves."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import fraud_orchestrator
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.observation import of_client
from fraud_orchestrator.rebuild import RebuildLease
from fraud_orchestrator.self_rebuild import SelfRebuild
from fraud_orchestrator.stores.history import History
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.state.database import Database
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.factories import make_transaction, payment_body
from fraud_shared.testing.fakes import FakeTransport

MIGRATIONS = Path(fraud_orchestrator.__path__[0]) / "migrations"
HOLDER = "another-gateway"


class PostAuth:
    """Has two labels to tell, one less each time it is asked."""

    def __init__(self) -> None:
        self.waiting = 0

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/v1/labels/reproject":
            self.waiting = 2
        else:
            self.waiting = max(0, self.waiting - 1)
        return 200, b'{"labels": %d}' % self.waiting


@pytest.fixture
async def db(start: Any, tmp_path: Path) -> AsyncIterator[Database]:
    """A decision log with three payments of one account."""
    async with start(online_rebuild_per_s=0) as run:
        for _ in range(3):
            await run.score(payment_body())
    db = Database(
        f"sqlite:///{tmp_path}/orchestrator.db",
        schema="orchestrator",
        migrations=MIGRATIONS,
    )
    await db.start()
    yield db
    await db.stop()


def gateway(
    store: MemoryOnlineStore, db: Database, post_auth: Any = None, rate: float = 1e6
) -> SelfRebuild:
    transport = FakeTransport({"post_auth": post_auth or PostAuth()})
    if post_auth is False:
        transport = FakeTransport({})
    service_client = ServiceClient(
        transport, TokenIssuer("orchestrator", TEST_TOKEN_KEY)
    )
    return SelfRebuild(
        store,
        History(db),
        RebuildLease(db),
        service_client,
        per_second=rate,
        settle=timedelta(0),
    )


async def history(store: MemoryOnlineStore) -> int | None:
    probe = of_client(make_transaction(transaction_id="probe"), "shop")
    return (await store.peek(probe)).history_payments


async def test_cold_store_is_made_whole_again(db: Database) -> None:
    store = MemoryOnlineStore()
    await gateway(store, db).round()
    assert await store.is_warm()
    assert await history(store) == 3


async def test_warm_store_is_left_alone(db: Database) -> None:
    store = MemoryOnlineStore(warm=True)
    await gateway(store, db).round()
    assert await history(store) == 0


async def test_cold_store_that_another_rebuilds_is_left_to_it(db: Database) -> None:
    store = MemoryOnlineStore()
    assert await RebuildLease(db).take(HOLDER)
    await gateway(store, db).round()
    assert not await store.is_warm()
    await RebuildLease(db).give_back(HOLDER)
    await gateway(store, db).round()
    assert await store.is_warm()


async def test_work_of_a_gateway_that_died_is_taken_over_and_counts_once(
    db: Database,
) -> None:
    store = MemoryOnlineStore()
    now = [0.0]
    assert await RebuildLease(db, lambda: now[0]).take(HOLDER)
    async for page in History(db).pages():
        for decided in page[:2]:
            await store.observe(of_client(decided.transaction, decided.client))
    await gateway(store, db).round()  # by now the lease is long over
    assert await history(store) == 3
    assert await store.is_warm()


async def test_store_stays_cold_while_nobody_projects_labels(db: Database) -> None:
    store = MemoryOnlineStore()
    with pytest.raises(DependencyError):
        await gateway(store, db, post_auth=False).round()
    assert not await store.is_warm()
    await gateway(store, db).round()  # the lease was given back
    assert await store.is_warm()


async def test_store_emptied_meanwhile_stays_cold(db: Database) -> None:
    store = MemoryOnlineStore()

    class Emptier(PostAuth):
        async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
            await store.reset()
            return await super().__call__(path, body)

    await gateway(store, db, post_auth=Emptier()).round()
    assert not await store.is_warm()


async def test_rate_of_nothing_leaves_it_to_the_command(db: Database) -> None:
    store = MemoryOnlineStore()
    await gateway(store, db, rate=0).round()
    assert not await store.is_warm()
