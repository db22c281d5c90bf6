"""A recorded month through ten services: `fraud replay handbook` on a handful of payments."""

from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import polars as pl
import pytest

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_lab.handbook.payments import read
from fraud_lab.parity.parity import compare, served
from fraud_lab.parity.stages import in_process_stage
from fraud_lab.replay.plan import Plan, plan
from fraud_lab.replay.player import Replayer, load_past
from fraud_ops.mesh.environment import LocalMesh

SECONDS, A_DAY, DAYS = 86_400, 12, 30


@pytest.fixture
def script(tmp_path: Path) -> Plan:
    """Ten days to replay after twenty, few cards and terminals, many frauds."""
    chance = Random(5)
    seconds = sorted(chance.sample(range(DAYS * SECONDS), DAYS * A_DAY))
    first = datetime(2018, 4, 1, tzinfo=UTC).timestamp()
    table = pl.DataFrame(
        {
            "TRANSACTION_ID": range(len(seconds)),
            "TX_DATETIME": [int((first + s) * 1e6) for s in seconds],
            "CUSTOMER_ID": [str(chance.randrange(6)) for _ in seconds],
            "TERMINAL_ID": [str(chance.randrange(4)) for _ in seconds],
            "TX_AMOUNT": [round(chance.uniform(1, 300), 2) for _ in seconds],
            "TX_FRAUD": [int(chance.random() < 0.2) for _ in seconds],
        }
    ).with_columns(pl.col("TX_DATETIME").cast(pl.Datetime("us")))
    table.write_parquet(tmp_path / "transactions_2018.parquet")
    return plan(read(tmp_path), date(2018, 4, 21), 10, 20, datetime.now(UTC))


class TestReplay:
    async def test_served_vectors_are_those_of_training(
        self, script: Plan, trained: LocalMesh, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("REDIS_URL", "DATABASE_URL", "AMQP_URL"):
            monkeypatch.delenv(name, raising=False)
        async with in_process_stage(trained) as stage:
            await load_past(script, stage.store, lambda _: None)
            outcome = await Replayer(script, stage.client, stage.store).play(
                lambda _: None
            )
            ours = await served(stage)
        table = frame(script.rows, list(script.frame_labels()))
        rows = (
            table[script.past :]
            .select("transaction_id", *PAYMENT_FEATURES.names)
            .rows()
        )
        found = compare(ours, {row[0]: row[1:] for row in rows}, set())
        assert not outcome.failed
        assert outcome.labels > 0
        assert len(outcome.verdicts) == len(script.replayed) == found.compared
        assert (found.missing, dict(found.by_feature)) == (0, {})
        # The labels of the past and of the present made a difference to them.
        blind = frame(script.rows)[script.past :].select(
            "transaction_id", *PAYMENT_FEATURES.names
        )
        unlabelled = {row[0]: row[1:] for row in blind.rows()}
        assert compare(ours, unlabelled, set()).differing > 0
