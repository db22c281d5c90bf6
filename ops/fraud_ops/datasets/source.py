"""Where datasets are, and what post_auth recorded to make them of."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import fraud_post_auth
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError
from fraud_post_auth.dataset import DatasetStore, Features
from fraud_post_auth.exporter import Exporter
from fraud_shared.contracts.datasets import DatasetVersion
from fraud_shared.mesh.clock import SystemClock
from fraud_shared.state.database import Database, database_url

BANK = Features(
    PAYMENT_FEATURES.name,
    PAYMENT_FEATURES.version,
    PAYMENT_FEATURES.hash,
    PAYMENT_FEATURES.names,
)


class NothingRecorded(CommandError):
    """No database of post_auth is there, or it holds no payment."""


def dataset_uri(mesh: LocalMesh, given: str = "") -> str:
    """Where datasets are: what was given, `DATASET_URI`, or the mesh's own folder."""
    return given or os.environ.get("DATASET_URI", "") or str(mesh.var / "datasets")


@asynccontextmanager
async def recorded(records: Path | None, mesh: LocalMesh) -> AsyncIterator[Database]:
    """post_auth's database: of the folder `records`, of `DATABASE_URL`, of the mesh's
    folder, or what the last demo left there. Raises NothingRecorded."""
    url = "" if records else os.environ.get("DATABASE_URL", "")
    folders = [records] if records else [mesh.var, mesh.var / "demo"]
    if not url:
        found = [one for one in folders if one and (one / "post_auth.db").exists()]
        if not found:
            places = " or ".join(str(one) for one in folders)
            raise NothingRecorded(
                f"no payments are recorded in {places}: run the mesh or `fraud demo`, or "
                "set DATABASE_URL"
            )
        url = database_url("", service="post_auth", var_dir=found[0], production=False)
    migrations = Path(fraud_post_auth.__path__[0]) / "migrations"
    db = Database(url, schema="post_auth", migrations=migrations)
    await db.start()
    try:
        yield db
    finally:
        await db.stop()


async def export(
    db: Database,
    store: DatasetStore,
    *,
    maturity: timedelta,
    as_of: datetime | None = None,
) -> DatasetVersion:
    """Write a version of what is recorded. Raises NothingRecorded."""
    exporter = Exporter(db, store, BANK, maturity, SystemClock())
    version = await exporter.export(as_of)
    if version is None or not version.rows:
        raise NothingRecorded(
            "post_auth has recorded no payment that can be learned from"
        )
    return version
