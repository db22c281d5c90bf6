"""What `fraud dataset ...` does."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import typer
from rich.table import Table

from fraud_ops.datasets import parts, source
from fraud_ops.figures import print_json, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError
from fraud_post_auth.dataset import DatasetDamaged, DatasetMissing, DatasetStore
from fraud_shared.contracts.datasets import DatasetVersion

console = wide_console()


def opened(mesh: LocalMesh, data: str) -> DatasetStore:
    """The dataset store that was named, or the mesh's own."""
    return DatasetStore(source.dataset_uri(mesh, data))


def found(store: DatasetStore, version: str) -> DatasetVersion:
    """One version. Raises CommandError naming what is not there."""
    try:
        return store.find(version)
    except DatasetMissing as missing:
        raise CommandError(
            f"{missing}: `fraud dataset build` makes one of what was recorded"
        ) from missing


def build_command(
    mesh: LocalMesh,
    records: Path | None,
    as_of: datetime | None,
    maturity_days: float,
    data: str,
    *,
    as_json: bool,
) -> None:
    """Export what was recorded, and publish its parts."""
    store = opened(mesh, data)
    at = as_of.replace(tzinfo=UTC) if as_of else None

    async def run() -> DatasetVersion:
        async with source.recorded(records, mesh) as db:
            maturity = timedelta(days=maturity_days)
            return await source.export(db, store, maturity=maturity, as_of=at)

    version = asyncio.run(run())
    parts.publish(store, version)
    _show(store, version, as_json=as_json)


def show_command(mesh: LocalMesh, version: str, data: str, *, as_json: bool) -> None:
    """Describe one version."""
    store = opened(mesh, data)
    _show(store, found(store, version), as_json=as_json)


def verify_command(mesh: LocalMesh, version: str, data: str, *, as_json: bool) -> None:
    """Check one version, or all; exit status 1 when something is not as written."""
    store = opened(mesh, data)
    versions = [found(store, version)] if version else store.versions()
    wrong: list[str] = []
    for one in versions:
        wrong += store.problems(one)
        published = parts.read_manifest(store, one)
        if published is not None:
            wrong += parts.problems(store, published)
    if as_json:
        print_json({"versions": len(versions), "problems": wrong})
    else:
        for problem in wrong:
            console.print(f"[red]{problem}[/]", highlight=False)
        console.print(f"{len(versions)} version(s), {len(wrong)} problem(s)")
    if wrong:
        raise typer.Exit(1)


def described(store: DatasetStore, version: DatasetVersion) -> dict[str, Any]:
    """A version as JSON: its manifest, what its labels are of, its parts. Raises
    CommandError when it is damaged."""
    try:
        rows = store.read(version)
    except DatasetDamaged as damage:
        raise CommandError(str(damage)) from damage
    sources = (
        rows.group_by(pl.col("label_source").fill_null("none"))
        .agg(
            rows=pl.len(),
            fraud=pl.col("label").cast(pl.Int64).sum(),
            weight=pl.col("weight").sum(),
        )
        .sort("label_source")
    )
    published = parts.read_manifest(store, version)
    return {
        **version.model_dump(mode="json", exclude={"parts"}),
        "files": len(version.parts),
        "sources": {row.pop("label_source"): row for row in sources.to_dicts()},
        "parts": None if published is None else published.model_dump(mode="json"),
    }


def _show(store: DatasetStore, version: DatasetVersion, *, as_json: bool) -> None:
    shown = described(store, version)
    if as_json:
        print_json(shown)
        return
    console.print(
        f"data version {version.version}: {version.rows:,} payments, {version.fraud:,} "
        f"known frauds, {version.first_day} to {version.last_day}"
    )
    labels = Table("label source", "payments", "fraud", "weight")
    for name, row in shown["sources"].items():
        labels.add_row(
            name, f"{row['rows']:,}", f"{row['fraud']:,}", f"{row['weight']:,.1f}"
        )
    console.print(labels)
    published = shown["parts"]
    if published is None:
        console.print("its parts are not published")
        return
    cut = Table("part", "payments", "fraud", "sha256")
    for name, part in published["parts"].items():
        fraud = published["fraud"][name]
        cut.add_row(name, f"{part['rows']:,}", f"{fraud:,}", part["sha256"][:16])
    console.print(cut)
    console.print(
        f"the test begins at {published['test_from']}; training knows what was known at "
        f"{published['known_at']}"
    )
