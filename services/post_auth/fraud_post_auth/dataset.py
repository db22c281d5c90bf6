"""Datasets for training: settled rows as Parquet, one folder a version, one a day.

    <root>/<version>/day=2026-03-02/part-00000.parquet
    <root>/<version>/manifest.json        written last: without it there is no version

Parts are written under `<root>/.writing/` and moved, so nobody reads half a file.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import fsspec
import polars as pl

from fraud_shared.contracts.datasets import DatasetVersion, Part

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Features:
    """The feature set a dataset is written for."""

    name: str
    version: str
    hash: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettledRow:
    """A row a model may learn from: columns of the decision, and features as served."""

    columns: dict[str, Any]
    features: Sequence[float | None]

    @property
    def day(self) -> str:
        """The UTC day of the payment."""
        occurred_at: datetime = self.columns["occurred_at"]
        return occurred_at.date().isoformat()


_SCHEMA: dict[str, Any] = {
    "decision_id": pl.String,
    "transaction_id": pl.String,
    "account_id": pl.String,
    "occurred_at": pl.Datetime("us", "UTC"),
    "decided_at": pl.Datetime("us", "UTC"),
    "decision": pl.String,
    "risk": pl.Float64,
    "if_score": pl.Float64,
    "ae_error": pl.Float64,
    "fraud_score": pl.Float64,
    "amount_ref_minor": pl.Int64,
    "label": pl.Int8,
    "label_state": pl.String,
    "label_source": pl.String,
    "labelled_at": pl.Datetime("us", "UTC"),
    "weight": pl.Float64,
    "versions": pl.String,
    "degraded": pl.String,
}
# A feature of the same name would silently replace a column, so it gets this before it.
FEATURE_PREFIX = "f_"


def frame(rows: Sequence[SettledRow], features: Features) -> pl.DataFrame:
    """The rows as a frame: the columns above, then `f_<feature>` in registry order."""
    known = pl.DataFrame([row.columns for row in rows], schema=_SCHEMA, orient="row")
    values = pl.DataFrame(
        [list(row.features) for row in rows],
        schema={FEATURE_PREFIX + name: pl.Float64 for name in features.names},
        orient="row",
    )
    return known.hstack(values)


class DatasetStore:
    """A folder of versions, on any file system fsspec knows."""

    def __init__(self, uri: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(uri)

    def versions(self) -> list[DatasetVersion]:
        """All complete versions, oldest first."""
        found = self._fs.glob(f"{self._root}/*/{MANIFEST}")
        manifests = [
            DatasetVersion.model_validate_json(self._fs.cat_file(path))
            for path in found
        ]
        return sorted(manifests, key=lambda m: (m.as_of, m.version))

    def part(self, version: DatasetVersion, part: Part) -> pl.DataFrame:
        """The rows of one file of a version."""
        data = self._fs.cat_file(f"{self._root}/{version.version}/{part.path}")
        return pl.read_parquet(BytesIO(data))

    def writer(self, features: Features) -> "Writer":
        """Begin a version."""
        return Writer(self._fs, self._root, features)


class Writer:
    """One version on its way: parts first, then the manifest that makes it real."""

    def __init__(self, fs: Any, root: str, features: Features) -> None:
        self._fs = fs
        self._root = root
        self._aside = f"{root}/.writing/{uuid4().hex}"
        self._features = features
        self._parts: list[Part] = []
        self._fraud = 0

    def add(self, rows: Sequence[SettledRow]) -> None:
        """Write rows, which come in order of time, to parts of their days."""
        for day, group in _by_day(rows):
            number = sum(part.path.startswith(f"day={day}/") for part in self._parts)
            path = f"day={day}/part-{number:05d}.parquet"
            data = _parquet(frame(group, self._features))
            self._fs.makedirs(f"{self._aside}/day={day}", exist_ok=True)
            self._fs.pipe_file(f"{self._aside}/{path}", data)
            digest = hashlib.sha256(data).hexdigest()
            self._parts.append(Part(path=path, rows=len(group), sha256=digest))
            self._fraud += sum(row.columns["label"] for row in group)

    def finish(
        self,
        *,
        as_of: datetime,
        maturity_days: float,
        other_features: dict[str, int],
        now: datetime,
    ) -> DatasetVersion:
        """Make the version visible. The same content is the same version, written once."""
        parts = tuple(self._parts)
        days = sorted({part.path[4:14] for part in parts})
        version = f"{as_of:%Y%m%dT%H%M%SZ}-{self._digest(maturity_days)}"
        manifest = DatasetVersion(
            version=version,
            as_of=as_of,
            maturity_days=maturity_days,
            rows=sum(part.rows for part in parts),
            fraud=self._fraud,
            feature_set=self._features.name,
            feature_version=self._features.version,
            feature_hash=self._features.hash,
            first_day=days[0] if days else None,
            last_day=days[-1] if days else None,
            parts=parts,
            other_features=other_features,
            written_at=now,
        )
        target = f"{self._root}/{version}"
        if self._fs.exists(f"{target}/{MANIFEST}"):
            self.abandon()
            known = self._fs.cat_file(f"{target}/{MANIFEST}")
            return DatasetVersion.model_validate_json(known)
        self._move(target, manifest)
        return manifest

    def abandon(self) -> None:
        """Remove what was written aside."""
        if self._fs.exists(self._aside):
            self._fs.rm(self._aside, recursive=True)

    def _move(self, target: str, manifest: DatasetVersion) -> None:
        # File by file, not the folder: another replica, or a run cut off before its
        # manifest, can only have left the same bytes under the same version.
        for part in manifest.parts:
            self._fs.makedirs(f"{target}/{part.path.split('/')[0]}", exist_ok=True)
            self._fs.mv(f"{self._aside}/{part.path}", f"{target}/{part.path}")
        self._fs.makedirs(self._aside, exist_ok=True)
        self._fs.makedirs(target, exist_ok=True)
        document = manifest.model_dump_json(indent=1).encode()
        self._fs.pipe_file(f"{self._aside}/{MANIFEST}", document)
        self._fs.mv(f"{self._aside}/{MANIFEST}", f"{target}/{MANIFEST}")
        self.abandon()

    def _digest(self, maturity_days: float) -> str:
        content = [self._features.hash, maturity_days, [p.sha256 for p in self._parts]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def _parquet(table: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _by_day(rows: Sequence[SettledRow]) -> Iterator[tuple[str, list[SettledRow]]]:
    days: dict[str, list[SettledRow]] = {}
    for row in rows:
        days.setdefault(row.day, []).append(row)
    yield from days.items()
