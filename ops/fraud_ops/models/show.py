"""Tables of models."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table

from fraud_ops.models.context import Line
from fraud_scoring.artifacts.artifact import Artifact


def described(line: Line) -> dict[str, Any]:
    """One version as JSON."""
    found = line.artifact
    known = (
        {} if found is None else {**_facts(found), "metrics": found.metadata.metrics}
    )
    return {
        "name": line.name,
        "version": line.version,
        "aliases": list(line.aliases),
        "problem": line.problem,
        **known,
    }


def _facts(found: Artifact) -> dict[str, Any]:
    metadata = found.metadata
    return {
        "hash": found.hash,
        "bundle": found.manifest.bundle,
        "created_at": found.manifest.created_at.isoformat(),
        "algorithm": metadata.algorithm,
        "scorer": metadata.source,
        "features": len(metadata.features),
        "feature_set": f"{metadata.feature_set.name} {metadata.feature_set.version}",
        "data_version": metadata.training.data_version,
        "libraries": dict(sorted(metadata.libraries.items())),
        "bytes": sum(entry.size for entry in found.manifest.files.values()),
    }


def table(lines: Iterable[Line]) -> Table:
    """One line a version."""
    found = Table("model", "version", "aliases", "bundle", "algorithm", "AP", "genuine")
    for line in lines:
        made = line.artifact
        if made is None:
            found.add_row(line.name, line.version, *[""] * 4, f"[red]{line.problem}[/]")
            continue
        precision = made.metadata.metrics.get("average_precision")
        found.add_row(
            line.name,
            line.version,
            ", ".join(line.aliases),
            made.manifest.bundle,
            made.metadata.algorithm,
            "-" if precision is None else f"{precision:.4f}",
            "[green]yes[/]",
        )
    return found


def facts(line: Line) -> Table:
    """All that is known of one version."""
    found = Table("", line.name, show_header=True)
    for name, value in described(line).items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for part, shown in rows:
            text = f"{shown:.4f}" if isinstance(shown, float) else str(shown)
            found.add_row(f"{name} {part}".strip(), text)
    return found


def differences(one: Artifact, two: Artifact) -> list[tuple[str, str, str]]:
    """What differs between two versions: facts, figures, parameters, features."""
    changes = []
    for a, b in (
        (_facts(one), _facts(two)),
        (one.metadata.metrics, two.metadata.metrics),
        (one.metadata.parameters, two.metadata.parameters),
    ):
        changes += _changed(a, b)
    gone = set(one.metadata.features) - set(two.metadata.features)
    new = set(two.metadata.features) - set(one.metadata.features)
    if gone or new:
        changes.append(("features", ", ".join(sorted(gone)), ", ".join(sorted(new))))
    return changes


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    def text(value: Any) -> str:
        return f"{value:.4f}" if isinstance(value, float) else str(value)

    return [
        (name, text(a.get(name, "-")), text(b.get(name, "-")))
        for name in sorted({*a, *b})
        if a.get(name) != b.get(name)
    ]
