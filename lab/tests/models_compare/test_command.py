"""`fraud models compare` on a decision log."""

import asyncio
import json
from pathlib import Path

import pytest
import typer

import fraud_orchestrator
from fraud_lab.models_compare.command import compare_command
from fraud_ops.mesh.environment import LocalMesh
from fraud_orchestrator import tables
from fraud_shared.state.database import Database, database_url

MIGRATIONS = Path(fraud_orchestrator.__path__[0]) / "migrations"


@pytest.fixture
def mesh(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return LocalMesh(tmp_path)


def record(mesh, records, reports):
    """Put decisions and labels into the mesh's own log."""
    url = database_url("", service="orchestrator", var_dir=mesh.var, production=False)

    async def write():
        db = Database(url, schema="orchestrator", migrations=MIGRATIONS)
        await db.start()
        async with db.begin() as conn:
            for made in records:
                transaction = made.transaction
                await conn.execute(
                    tables.decisions.insert().values(
                        decision_id=made.decision.decision_id,
                        client="shop",
                        transaction_id=transaction.transaction_id,
                        account_id=transaction.account_id,
                        fingerprint="0" * 64,
                        decision=made.decision.decision.value,
                        decided_at=made.decision.decided_at,
                        record=made.model_dump_json().encode(),
                    )
                )
            for (client, _), label in reports:
                await conn.execute(
                    tables.labels.insert().values(
                        client=client,
                        received_at=label.reported_at,
                        **label.model_dump() | {"tenant": client},
                    )
                )
        await db.stop()

    asyncio.run(write())


def compare(mesh, **options):
    compare_command(
        mesh,
        **{
            "since": None,
            "maturity_days": 0.0,
            "policy": None,
            "picture": None,
            "seed": 1,
            "as_json": True,
            **options,
        },
    )


def test_a_log_of_decisions_and_labels_is_compared(mesh, make_record, report, capsys):
    honest = [make_record(account=f"acc-{n}") for n in range(40)]
    frauds = [
        make_record(0.001, 0.9, account=f"victim-{n}", days_ago=n + 1) for n in range(5)
    ]
    record(mesh, [*honest, *frauds], [report(fraud) for fraud in frauds])
    compare(mesh)
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["n"] == 45
    assert found["frauds"] == 5
    assert found["figures"]["average precision"]["challenger"] == 1.0
    assert found["figures"]["cost of 1,000 payments"]["difference"] < 0
    assert found["agreement"]["fraud_stopped_by"]["challenger only"] == 5
    assert (mesh.var / "reports" / "models-compare.png").exists()


def test_nothing_settled_says_so_and_fails(mesh, make_record, capsys):
    record(mesh, [make_record(days_ago=1)], [])
    with pytest.raises(typer.Exit):
        compare(mesh, maturity_days=10_000.0)
    assert "too early to say" in capsys.readouterr().out
