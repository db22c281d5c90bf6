"""`fraud models import`: a stranger's model becomes a signed artefact of plain data."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from fraud_ops.models.context import RegistryContext
from fraud_ops.models.importing import assemble, isolate, sample, source
from fraud_ops.models.importing.assemble import Naming
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.registry.port import ModelRegistry


@dataclass(frozen=True)
class Imported:
    """The published artefact, and how far its scores are from the original's."""

    artifact: Artifact
    rows: int
    largest_difference: float


def import_command(
    place: RegistryContext,
    what: str,
    rows: Path,
    label: str,
    naming: Naming,
    console: Console,
) -> None:
    """Import a model; no alias is set."""
    now = datetime.now(UTC)
    with console.status("reading it in a confined process …"):
        made = import_model(what, rows, label, naming, place.registry, now=now)
    version = made.artifact.manifest.version
    console.print(
        f"{naming.name} {version}: {made.artifact.metadata.algorithm}\n"
        f"scores of {made.rows:,} rows equal the original's to "
        f"{made.largest_difference:.1e}\n"
        f"next: fraud models promote {naming.name} {version}",
        highlight=False,
    )


def import_model(
    what: str,
    rows: Path,
    label: str,
    naming: Naming,
    registry: ModelRegistry,
    *,
    now: datetime,
    bounds: isolate.Bounds | None = None,
) -> Imported:
    """Convert, prove, publish; no alias is set.

    Raises `NotImportable` for what has no equivalent, `ArtifactRefused` for what no scorer
    would serve, and what `ModelRegistry.publish` raises.
    """
    original = source.read(what, os.environ.get("MLFLOW_TRACKING_URI", ""))
    data = sample.read(rows, label)
    converted = isolate.convert(
        original.kind, original.data, data.rows, stopped=original.stopped, bounds=bounds
    )
    made = assemble.draft(converted, original, data, naming, now=now)
    worst = assemble.prove(made, converted.plain, data, now=now)
    return Imported(registry.publish(made, now=now), len(data.rows), worst)
