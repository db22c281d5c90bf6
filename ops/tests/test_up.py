"""What `fraud up` does about an online store that is new to a mesh."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore
from fraud_features.testing import payment
from fraud_ops.features.logs import decision_log
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.redis_server import EmbeddedRedis, RedisNotFound
from fraud_ops.mesh.up import warm_if_new
from fraud_orchestrator.stores.history import Decided, Outline
from fraud_orchestrator.tables import decisions
from fraud_shared.contracts.decision import PolicyContext, Verdict
from fraud_shared.testing.factories import make_vector

OWN_FILES = {"DATABASE_URL": ""}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis")
    try:
        server.start()
    except RedisNotFound as missing:
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture
async def store(redis: EmbeddedRedis) -> AsyncIterator[OnlineStore]:
    opened = open_online_store(redis.url, timeout_ms=2000)
    yield opened
    await opened.close()


async def decide(mesh: LocalMesh, second: float) -> None:
    """A decision on record."""
    made = Decided(
        client="shop",
        decision=Outline(
            decision_id=f"d-{second}",
            decision=Verdict.APPROVE,
            risk=0.01,
            reasons=(),
            degraded=(),
            decided_at=datetime.now(UTC) - timedelta(minutes=1),
        ),
        transaction=payment(second),
        features=make_vector(),
        context=PolicyContext(
            amount_ref_minor=1000,
            velocity_known=True,
            history_payments=0,
            stand_in_count=0,
            stand_in_sum_minor=0,
        ),
    )
    row = {
        "decision_id": made.decision.decision_id,
        "client": "shop",
        "transaction_id": made.transaction.transaction_id,
        "account_id": made.transaction.account_id,
        "fingerprint": "f",
        "decision": made.decision.decision.value,
        "decided_at": made.decision.decided_at,
        "record": made.model_dump_json().encode(),
    }
    async with decision_log(mesh, OWN_FILES) as log, log._db.begin() as conn:
        await conn.execute(decisions.insert(), row)


class TestFirstStart:
    async def test_without_decisions_the_empty_store_is_complete(
        self, tmp_path: Path, redis: EmbeddedRedis, store: OnlineStore
    ) -> None:
        await warm_if_new(LocalMesh(tmp_path, 8000), redis.url, OWN_FILES)
        assert await store.is_warm()
        assert (await store.peek(payment(9))).history_payments == 0

    async def test_with_decisions_it_is_filled_before_it_is_complete(
        self, tmp_path: Path, redis: EmbeddedRedis, store: OnlineStore
    ) -> None:
        mesh = LocalMesh(tmp_path, 8000)
        for second in (1, 2, 3):
            await decide(mesh, second)
        await warm_if_new(mesh, redis.url, OWN_FILES)
        assert await store.is_warm()
        assert (await store.peek(payment(9))).history_payments == 3

    async def test_a_store_that_lost_its_memory_later_stays_cold(
        self, tmp_path: Path, redis: EmbeddedRedis, store: OnlineStore
    ) -> None:
        mesh = LocalMesh(tmp_path, 8000)
        await warm_if_new(mesh, redis.url, OWN_FILES)
        await store.reset()
        await warm_if_new(mesh, redis.url, OWN_FILES)
        assert not await store.is_warm()
