import asyncio
import json
from datetime import timedelta
from pathlib import Path

from typer.testing import CliRunner

import fraud_post_auth
from fraud_ops.cli import app
from fraud_ops.datasets.source import BANK
from fraud_post_auth import tables
from fraud_post_auth.dataset import DatasetStore
from fraud_post_auth.decode import fact
from fraud_post_auth.ledger import Ledger
from fraud_shared.contracts.events import (
    DECISION_MADE,
    LABEL_REPORTED,
    CloudEvent,
    event_id,
)
from fraud_shared.mesh.clock import SystemClock
from fraud_shared.state.database import Database
from fraud_shared.state.parking import Parking
from fraud_shared.testing.factories import NOON, make_decision_made


def call(*arguments, code=0):
    result = CliRunner().invoke(app, ["dataset", *arguments])
    assert result.exit_code == code, result.output + repr(result.exception)
    return result


def as_json(*arguments, code=0):
    return json.loads(call(*arguments, "--json", code=code).output.splitlines()[-1])


def event(kind, subject, data):
    return CloudEvent(
        id=event_id(subject, kind, ""),
        source="/fraud/test",
        type=kind,
        subject=subject,
        time=NOON,
        data=data,
    )


def recorded_events(count):
    """A payment a quarter of a day; every third is reported as fraud a day later."""
    vector = {
        "feature_set": BANK.name,
        "version": BANK.version,
        "hash": BANK.hash,
        "values": [1.0] * len(BANK.names),
    }
    for n in range(count):
        paid = NOON + n * timedelta(hours=6)
        made = make_decision_made(
            f"d-{n}", f"tx-{n}", occurred_at=paid, account_id=f"acc-{n % 17}"
        )
        data = made.model_dump(mode="json") | {"features": vector}
        yield event(DECISION_MADE, f"d-{n}", data)
        if n % 3 == 0:
            report = {
                "transaction_id": f"tx-{n}",
                "label": "fraud",
                "source": "customer_report",
                "reported_at": (paid + timedelta(days=1)).isoformat(),
                "reversal": False,
                "label_id": f"label-{n}",
                "tenant": "shop",
            }
            yield event(LABEL_REPORTED, f"tx-{n}", report)


async def record(folder, count):
    migrations = Path(fraud_post_auth.__path__[0]) / "migrations"
    url = f"sqlite:///{folder / 'post_auth.db'}"
    db = Database(url, schema="post_auth", migrations=migrations)
    clock = SystemClock()
    await db.start()
    try:
        parking = Parking(db, tables.parked, clock, service="post_auth", check=fact)
        await Ledger(db, parking, clock).apply(list(recorded_events(count)))
    finally:
        await db.stop()


class TestBuild:
    def test_recorded_events_become_a_version_with_its_parts(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("DATASET_URI", raising=False)
        asyncio.run(record(tmp_path, 160))
        built = as_json("build", "--var", str(tmp_path))
        assert built["rows"] == 160
        # Payments of the last hours before the test said nothing yet when it began.
        learned = sum(part["rows"] for part in built["parts"]["parts"].values())
        assert 150 < learned <= 160
        assert set(built["sources"]) == {"customer_report", "maturity", "presumed"}
        again = as_json("build", "--var", str(tmp_path))
        assert again == built
        columns = DatasetStore(str(tmp_path / "datasets")).read(
            DatasetStore(str(tmp_path / "datasets")).find()
        )
        assert not {"name", "email", "phone", "card", "ip", "device"} & set(
            columns.columns
        )


class TestDatasetCommands:
    def test_show_and_verify_speak_of_what_was_written(
        self, make_rows, write_dataset, tmp_path
    ):
        data = ("--data", str(tmp_path / "datasets"))
        version = write_dataset(make_rows(600))
        shown = as_json("show", "newest", *data)
        assert (shown["version"], shown["rows"]) == (version.version, version.rows)
        assert shown["sources"]["customer_report"]["fraud"] == version.fraud
        assert as_json("verify", *data)["problems"] == []
        part = tmp_path / "datasets" / version.version / version.parts[0].path
        part.write_bytes(b"other")
        problems = as_json("verify", *data, code=1)["problems"]
        assert problems == [
            f"{version.version}/{version.parts[0].path} is not what the manifest says"
        ]

    def test_absent_version_says_what_makes_one(self, tmp_path):
        result = CliRunner().invoke(
            app, ["dataset", "show", "--data", str(tmp_path / "none")]
        )
        assert result.exit_code == 1
        assert "fraud dataset build" in str(result.exception)

    def test_build_without_records_says_where_it_looked(self, tmp_path, monkeypatch):
        monkeypatch.delenv("DATABASE_URL", raising=False)
        result = CliRunner().invoke(app, ["dataset", "build", "--var", str(tmp_path)])
        assert "no payments are recorded" in str(result.exception)
