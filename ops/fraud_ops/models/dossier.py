"""The governance dossier of a model: what a validator or supervisor asks, from the registry.

Every figure is copied from a signed artefact or from the record of a run, and says from
which, so that it can be recomputed. The headings follow SR 26-2 and SS1/23: purpose, data,
validation, limits, stability, changes and overrides, disparity by segment, sign-off.
"""

from collections.abc import Sequence
from datetime import datetime

from fraud_ops.retrain.runs import RunRecord
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.registry.aliases import AliasBook

_SIGN_OFF = (
    "## Sign-off",
    "",
    "| role | name | date | decision |",
    "|---|---|---|---|",
    "| model owner | | | |",
    "| independent validation | | | |",
    "| risk | | | |",
    "",
)
_SEGMENTS = "no segment is worse"
_LEAK, _LABELS = "no feature knows the label", "labels agree with the models"


def dossier(
    artifact: Artifact,
    book: AliasBook,
    runs: Sequence[RunRecord],
    data_problems: Sequence[str] | None,
    now: datetime,
) -> str:
    """The Markdown of one version. `data_problems`: what `fraud dataset verify` finds of
    the data version; None when it is no longer there."""
    manifest, metadata = artifact.manifest, artifact.metadata
    own = [run for run in runs if manifest.version in run.challenger.values()]
    run = own[-1] if own else None
    return "\n".join(
        [
            f"# Governance dossier: {manifest.name} {manifest.version}",
            "",
            (
                f"Generated {now:%Y-%m-%d %H:%M} UTC from the registry. Artefact "
                f"`{artifact.hash}`, signature verified; bundle `{manifest.bundle}`."
            ),
            "",
            "## Purpose and use",
            "",
            (
                f"{metadata.algorithm}. It gives `{metadata.raw_name}`, one signal among several "
                "that a written policy turns into approve, challenge or decline. It decides "
                "nothing alone, and no person's access to a service rests on it only."
            ),
            "",
            *_data(artifact, data_problems),
            *_validation(artifact, run),
            *_disparity(run),
            *_stability(runs),
            *_changes(manifest.version, book, runs),
            *_limits(metadata.ood_z),
            *_SIGN_OFF,
        ]
    )


def _limits(ood_z: float) -> list[str]:
    return [
        "## Limits",
        "",
        "- Taught on the period above only; habits and frauds change.",
        (
            "- Frauds that nobody had reported by then count as legitimate, weighted by how "
            "likely a report would have come."
        ),
        (
            f"- Values further than {ood_z:g} standard deviations from the training "
            "mean are named with each score."
        ),
        (
            "- Declined payments show no outcome of their own; what is known of them is what "
            "was reported."
        ),
        "",
    ]


def _data(artifact: Artifact, problems: Sequence[str] | None) -> list[str]:
    training = artifact.metadata.training
    if problems is None:
        integrity = (
            "The data version is not in the dataset store: it cannot be checked."
        )
    elif problems:
        integrity = f"**The data version does not verify**: {'; '.join(problems)}."
    else:
        integrity = "Every part of the data version has the hash of its manifest."
    return [
        "## Data",
        "",
        (
            f"- Data version `{training.data_version}`: {training.rows:,} payments, "
            f"{training.frauds:,} known frauds, {training.first_payment:%Y-%m-%d} to "
            f"{training.last_payment:%Y-%m-%d}."
        ),
        f"- {integrity}",
        (
            f"- Labels as known {training.label_delay_days:.1f} days before the data ends; "
            f"seed {training.seed}; {training.unknown_share:.0%} of rows taught without history."
        ),
        (
            f"- Features: {len(artifact.metadata.features)} of set "
            f"`{artifact.metadata.feature_set.name}` {artifact.metadata.feature_set.version}. "
            "No names, card numbers or free text."
        ),
        "",
    ]


def _validation(artifact: Artifact, run: RunRecord | None) -> list[str]:
    figures = [
        f"| {name} | {value:.4f} |"
        for name, value in sorted(artifact.metadata.metrics.items())
    ]
    lines = [
        "## Validation",
        "",
        "On later payments, never learned from (`metadata.json`):",
        "",
        "| figure | value |",
        "|---|---|",
        *figures,
        "",
    ]
    if run is None:
        return [*lines, "No record of a gate: it was published without one.", ""]
    checks = [
        f"| {check['name']} | {'yes' if check['holds'] else '**no**'} | {check['detail']} |"
        for check in run.checks
    ]
    return [
        *lines,
        (
            f"The gate (`retraining/{run.run}/record.json`, because: {run.trigger}) ended with "
            f"**{run.outcome}**:"
        ),
        "",
        "| check | holds | found |",
        "|---|---|---|",
        *checks,
        "",
    ]


def _disparity(run: RunRecord | None) -> list[str]:
    found = [c for c in run.checks if c["name"] == _SEGMENTS] if run else []
    parts = found[0]["detail"].split("; ") if found else []
    return [
        "## Disparity by segment",
        "",
        (
            "Average precision by kind, channel and amount, champion against this version, with "
            "the interval of the difference over draws of accounts:"
        ),
        "",
        *(f"- {part}" for part in parts or ["not judged"]),
        "",
    ]


def _stability(runs: Sequence[RunRecord]) -> list[str]:
    rows = [
        f"| {run.started_at:%Y-%m-%d} | {run.data_version} | {run.fraud:,} | "
        f"{_figure(run, _LEAK)} | {_figure(run, _LABELS)} |"
        for run in runs[-10:]
    ]
    return [
        "## Stability",
        "",
        (
            "The newest runs: known frauds, most frauds that one feature finds alone, and "
            "reported frauds that every model contradicts. `fraud drift report` has the rest."
        ),
        "",
        "| run | data version | frauds | one feature | contradicted |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def _changes(version: str, book: AliasBook, runs: Sequence[RunRecord]) -> list[str]:
    """Orders without a promoting run are overrides: a person gave them."""
    judged = {
        v for run in runs if run.outcome == "promoted" for v in run.challenger.values()
    }
    lines = ["## Changes and overrides", ""]
    for alias, there in sorted(book.aliases.items()):
        for target in (*there.history, there.target):
            how = "by the gate" if target.version in judged else "by hand"
            mark = " (this version)" if target.version == version else ""
            lines.append(f"- {alias}: {target.version} {how}{mark}")
    return [*lines, ""]


def _figure(run: RunRecord, name: str) -> str:
    values = [check["value"] for check in run.checks if check["name"] == name]
    return "-" if not values or values[0] is None else f"{values[0]:.1%}"
