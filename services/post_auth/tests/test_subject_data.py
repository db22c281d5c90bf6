"""Erasing a person in post_auth: on each database, and in datasets."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from fraud_post_auth import tables
from fraud_post_auth.dataset import (
    CUT_MANIFEST,
    SCHEMA,
    DatasetRow,
    DatasetStore,
    Features,
    parquet,
)
from fraud_post_auth.subject_data import PostAuthSubjects, erase_in_datasets
from fraud_shared.contracts.privacy import Subject
from fraud_shared.testing.factories import NOON

PERSON = "zqxwv_account"
SUBJECT = Subject(account_id=PERSON, tenant="shop")
FEATURES = Features("test", "1", "0" * 64, ("first",))
ROW = {**dict.fromkeys(SCHEMA), "tenant": "shop", "label": 0, "account_id": "other"}


def dataset(folder: Path) -> DatasetStore:
    """A version of two days, only the first with the person, and a file cut from it."""
    store = DatasetStore(str(folder))
    writer = store.writer(FEATURES)
    for n, account in enumerate((PERSON, "other", "other")):
        row = {
            **ROW,
            "account_id": account,
            "decision_id": f"d-{n}",
            "occurred_at": NOON + timedelta(days=n // 2),
        }
        writer.add([DatasetRow(row, (1.0,))])
    version = writer.finish(as_of=NOON, maturity_days=7.0, other_features={}, now=NOON)
    data = parquet(store.read(version))
    store.put(f"{version.version}/parts/train.parquet", data)
    cut = {"path": "parts/train.parquet", "rows": 3, "sha256": sha256(data).hexdigest()}
    document = json.dumps({"version": version.version, "parts": {"train": cut}})
    store.put(f"{version.version}/{CUT_MANIFEST}", document.encode())
    return store


def test_rows_of_a_dataset_become_nobodys_and_its_manifest_still_holds(tmp_path: Path):
    store = dataset(tmp_path)
    [before] = store.versions()
    assert erase_in_datasets(store, SUBJECT) == 1
    [after] = store.versions()
    assert after.version == before.version
    assert store.problems(after) == []
    accounts = store.read(after)["account_id"].to_list()
    assert accounts == ["erased-d-0", "other", "other"]
    # What the person is not in, is not touched.
    assert after.parts[2] == before.parts[2]
    files = [pl.read_parquet(file).write_json() for file in tmp_path.rglob("*.parquet")]
    assert len(files) == 4
    assert "zqxwv" not in "".join(files)
    assert erase_in_datasets(store, SUBJECT) == 0


async def test_rows_of_tables_become_nobodys_and_profiles_go(world, decided):
    async with world.service() as service:
        await service.handle([
            decided(1, account_id=PERSON, location={"city": "zqxwv"}),
            decided(2, account_id="other", counterparty={"account": PERSON}),
            decided(3, account_id="other"),
        ])  # fmt: skip
        subjects = PostAuthSubjects(service.db, service.exporter.store)
        exported = (await subjects.export(SUBJECT)).tables
        assert set(exported) >= {"training_rows", "profiles", "profile_values"}
        received = SUBJECT.model_copy(update={"transactions": ["tx-2"]})
        done = await subjects.erase(received)
        assert not done.more
        assert (await subjects.erase(received)).rows == 0
        async with service.db.read() as conn:
            kept = {
                table.name: [tuple(row) for row in await conn.execute(sa.select(table))]
                for table in tables.metadata.sorted_tables
            }
    assert "zqxwv" not in repr(kept)
    assert len(kept["training_rows"]) == 3
    assert len(kept["profiles"]) == 1
