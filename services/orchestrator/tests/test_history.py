"""The decision log, read from its beginning."""

import json
from pathlib import Path
from typing import Any

import fraud_orchestrator
from fraud_orchestrator.stores.history import History
from fraud_shared.state.database import Database
from fraud_shared.testing.factories import payment_body

MIGRATIONS = Path(fraud_orchestrator.__path__[0]) / "migrations"


class TestHistory:
    async def test_every_decision_comes_once_in_order_with_what_the_scorers_saw(
        self, start: Any, tmp_path: Path
    ) -> None:
        async with start() as run:
            bodies = [payment_body() for _ in range(7)]
            for body in bodies:
                await run.score(body)
            served = [
                tuple(message["features"]["values"])
                for message in map(json.loads, run.neighbours.raw)
                if "features" in message and "transaction" not in message
            ]
        db = Database(
            f"sqlite:///{tmp_path}/orchestrator.db",
            schema="orchestrator",
            migrations=MIGRATIONS,
        )
        history = History(db)
        assert await history.count() == 7
        read = [one async for page in history.pages(size=3) for one in page]
        since = read[4].decision.decided_at
        later = [one async for page in history.pages(since, size=2) for one in page]
        await db.stop()
        assert [d.transaction.transaction_id for d in read] == [
            body["transaction_id"] for body in bodies
        ]
        # Three models and the challenger were sent each vector.
        assert [d.features.values for d in read for _ in range(4)] == served
        assert later == read[4:]
        assert all(d.whole and not d.stand_in for d in read)
