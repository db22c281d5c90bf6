"""Datasets for training: labelled rows as Parquet, one folder a version, one a day.

    <root>/<version>/day=2026-03-02/part-00000.parquet
    <root>/<version>/manifest.json        written last: without it there is no version

Parts are written under `<root>/.writing/` and moved, so nobody reads half a file.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import uuid4

import fsspec
import polars as pl

from fraud_shared.contracts.datasets import DatasetVersion, Part

MANIFEST = "manifest.json"
# Of the files for training that `fraud datasets` cuts from a version.
CUT_MANIFEST = "parts/manifest.json"


class DatasetMissing(LookupError):
    """There is no such version, or it has no rows."""


class DatasetDamaged(ValueError):
    """A part is missing, or is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class Features:
    """The feature set a dataset is written for."""

    name: str
    version: str
    hash: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A row a model may learn from: columns of the decision, and features as served."""

    columns: dict[str, Any]
    features: Sequence[float | None]


SCHEMA: dict[str, Any] = {
    "decision_id": pl.String,
    "tenant": pl.String,
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
    "currency": pl.String,
    "kind": pl.String,
    "channel": pl.String,
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


def frame(rows: Sequence[DatasetRow], features: Features) -> pl.DataFrame:
    """The rows as a frame: the columns above, then `f_<feature>` in registry order."""
    known = pl.DataFrame([row.columns for row in rows], schema=SCHEMA, orient="row")
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

    def find(self, version: str = "newest") -> DatasetVersion:
        """One complete version, by its name or the newest. Raises DatasetMissing."""
        versions = self.versions()
        chosen = versions[-1:] if version == "newest" else versions
        for one in chosen:
            if version in ("newest", one.version):
                return one
        raise DatasetMissing(f"no dataset version {version} there")

    def read(
        self, version: DatasetVersion, *, since: datetime | None = None
    ) -> pl.DataFrame:
        """All rows of a version in the order of time, or those of the days since a moment,
        every part checked against its hash. Raises DatasetDamaged and DatasetMissing."""
        day = f"day={since:%Y-%m-%d}" if since is not None else ""
        parts = [
            pl.read_parquet(
                BytesIO(self.checked(f"{version.version}/{part.path}", part))
            )
            for part in version.parts
            if part.path >= day
        ]
        if not parts:
            raise DatasetMissing(f"dataset version {version.version} has no rows")
        return pl.concat(parts).sort("occurred_at", "decision_id")

    def problems(self, version: DatasetVersion) -> list[str]:
        """What is wrong with a version: parts that are missing, altered or miscounted."""
        found = self.damage((f"{version.version}/{p.path}", p) for p in version.parts)
        if sum(part.rows for part in version.parts) != version.rows:
            found.append("the manifest's rows are not the sum of its parts'")
        return found

    def damage(self, parts: Iterable[tuple[str, Part]]) -> list[str]:
        """What is missing or altered, of parts by their path."""
        found = []
        for path, part in parts:
            try:
                self.checked(path, part)
            except DatasetDamaged as damage:
                found.append(str(damage))
        return found

    def put(self, path: str, data: bytes) -> None:
        """Write a file beside the versions' own, whole or not at all."""
        aside = f"{self._root}/.writing/{uuid4().hex}"
        self._fs.makedirs(f"{self._root}/.writing", exist_ok=True)
        self._fs.pipe_file(aside, data)
        target = f"{self._root}/{path}"
        self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._fs.mv(aside, target)

    def get(self, path: str) -> bytes | None:
        """A file, or None where there is none."""
        target = f"{self._root}/{path}"
        if not self._fs.exists(target):
            return None
        data: bytes = self._fs.cat_file(target)
        return data

    def rename_account(
        self, version: str, account_id: str, *, tenants: Sequence[str], prefix: str
    ) -> int:
        """Let the rows of an account of these tenants, in the files of a version and in
        those cut from it for training, be of `prefix` and their decision; returns how many
        of the version's own rows.

        A changed file gets a new name before its manifest names it, so readers find what
        their manifest says; the old file goes last.
        """
        its = (pl.col("account_id") == account_id) & pl.col("tenant").is_in(tenants)
        nobody = pl.lit(prefix) + pl.col("decision_id")
        found = {
            manifest: self._rewrite(version, manifest, its, nobody)
            for manifest in (MANIFEST, CUT_MANIFEST)
        }
        return found[MANIFEST]

    def _rewrite(
        self, version: str, manifest: str, its: pl.Expr, account: pl.Expr
    ) -> int:
        data = self.get(f"{version}/{manifest}")
        if data is None:
            return 0
        document = json.loads(data)
        parts = document["parts"]
        rows, old = 0, []
        for part in parts.values() if isinstance(parts, dict) else parts:
            path = f"{version}/{part['path']}"
            raw = self.checked(path, Part.model_validate(part))
            keys = pl.read_parquet(BytesIO(raw), columns=["account_id", "tenant"])
            its_rows = int(keys.select(its.sum()).item())
            if not its_rows:
                continue
            table = pl.read_parquet(BytesIO(raw)).with_columns(
                pl.when(its).then(account).otherwise("account_id").alias("account_id")
            )
            changed = parquet(table)
            digest = hashlib.sha256(changed).hexdigest()
            name = f"{part['path'].split('.')[0]}.{digest[:12]}.parquet"
            self.put(f"{version}/{name}", changed)
            part |= {"path": name, "sha256": digest}
            rows += its_rows
            old.append(f"{self._root}/{path}")
        if old:
            self.put(f"{version}/{manifest}", json.dumps(document, indent=1).encode())
            for path in old:
                self._fs.rm(path)
        return rows

    def checked(self, path: str, part: Part) -> bytes:
        """A part's bytes. Raises DatasetDamaged."""
        data = self.get(path)
        if data is None:
            raise DatasetDamaged(f"{path} is missing")
        if hashlib.sha256(data).hexdigest() != part.sha256:
            raise DatasetDamaged(f"{path} is not what the manifest says")
        return data

    def part(self, version: DatasetVersion, part: Part) -> pl.DataFrame:
        """The rows of one file of a version. Raises DatasetDamaged."""
        data = self.checked(f"{version.version}/{part.path}", part)
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

    def add(self, rows: Sequence[DatasetRow]) -> None:
        """Write rows, which come in order of time, to parts of their days."""
        if rows:
            self.add_frame(frame(rows, self._features))

    def add_frame(self, rows: pl.DataFrame) -> None:
        """The same for rows that are a frame already (see `frame`)."""
        days = rows["occurred_at"].dt.date().cast(pl.String)
        for day in days.unique(maintain_order=True).to_list():
            group = rows.filter(days == day)
            number = sum(part.path.startswith(f"day={day}/") for part in self._parts)
            path = f"day={day}/part-{number:05d}.parquet"
            data = parquet(group)
            self._fs.makedirs(f"{self._aside}/day={day}", exist_ok=True)
            self._fs.pipe_file(f"{self._aside}/{path}", data)
            digest = hashlib.sha256(data).hexdigest()
            self._parts.append(Part(path=path, rows=group.height, sha256=digest))
            self._fraud += int(group["label"].sum())

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


def parquet(table: pl.DataFrame) -> bytes:
    """A table as a Parquet file."""
    buffer = BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
