"""`fraud train --data`: the models of a recorded data version, or of an owner's own file."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_ops.datasets import parts
from fraud_ops.datasets.command import found
from fraud_ops.running import CommandError
from fraud_ops.signing import signing_key
from fraud_ops.train import report
from fraud_ops.train.command import (
    PAYMENT_MODELS,
    Plan,
    figures,
    set_aliases,
    train_all,
)
from fraud_ops.train.mapping import load, read_mapping
from fraud_ops.train.recorded import Recorded, recorded
from fraud_ops.train.stages import Stages
from fraud_post_auth.dataset import DatasetDamaged, DatasetStore
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.file import open_registry
from fraud_scoring.training.dataset import Dataset


def train_recorded_command(
    uri: str,
    version: str,
    mapping: Path | None,
    seed: int,
    registry: str,
    *,
    var_dir: Path,
    console: Console,
) -> dict[str, Any]:
    """Train on a data version, or with a mapping on a file; publish, and set the aliases
    unasked: `fraud retrain` is what judges first. Returns the figures."""
    now = datetime.now(UTC)
    signer = signing_key(var_dir)
    models = open_registry(registry, Verifier(signer.public_pem), signer)
    with Stages(console) as stages:
        with stages.stage("read data"):
            if mapping is not None:
                plans, data = _own(uri, mapping, seed, now)
            else:
                plans = dict(PAYMENT_MODELS)
                data = open_recorded(DatasetStore(uri), version, seed, now).data
        datasets = dict.fromkeys(plans, data)
        published = train_all(plans, datasets, models, stages, now)
        set_aliases(plans, published, models, stages, now)
    report.show(console, published, dict.fromkeys(plans, len(data.test)), stages)
    return figures(data, published, plans, stages)


def open_recorded(
    store: DatasetStore, version: str, seed: int, now: datetime
) -> Recorded:
    """A data version, its parts published if they were not. Raises CommandError."""
    chosen = found(store, version)
    try:
        manifest = parts.publish(store, chosen)
        tables = parts.read(store, manifest)
    except DatasetDamaged as damage:
        raise CommandError(f"dataset {chosen.version}: {damage}") from damage
    return recorded(tables, manifest, chosen, PAYMENT_FEATURES, seed=seed, now=now)


def _own(
    uri: str, mapping: Path, seed: int, now: datetime
) -> tuple[dict[str, Plan], Dataset]:
    meaning = read_mapping(mapping)
    plans = {
        name: replace(PAYMENT_MODELS[kind], alias="champion")
        for kind, name in meaning.models.items()
    }
    return plans, load(uri, meaning, seed=seed, now=now)
