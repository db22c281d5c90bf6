"""A bundle trained on the past of a replay, by the code behind `fraud train`."""

from datetime import UTC, datetime

import polars as pl
from rich.console import Console

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.signing import signing_key
from fraud_ops.train.command import MODELS
from fraud_ops.train.history import History
from fraud_ops.train.report import figures_table
from fraud_ops.train.split import split
from fraud_ops.train.stages import Stages
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.file import open_registry
from fraud_scoring.training.assemble import publish


def train_on_past(
    mesh: LocalMesh, history: History, table: pl.DataFrame, seed: int, console: Console
) -> str:
    """Train and publish the payment models, give them their aliases; returns the bundle.

    Their slices are those of `fraud train`: what is judged is never trained on, and labels
    count only from when they were reported. Raises TooShort.
    """
    signer = signing_key(mesh.var)
    models = open_registry(mesh.registry, Verifier(signer.public_pem), signer)
    now = datetime.now(UTC)
    data = split(history, table, PAYMENT_FEATURES, seed=seed, now=now)
    published = {}
    with Stages(console) as stages:
        for name, plan in MODELS.items():
            if plan.dataset is not None:
                continue
            with stages.stage(f"train {name}") as done:
                fitted = plan.train(data, progress=done)
            with stages.stage(f"publish {name}"):
                published[name] = publish(name, fitted, data, models, now=now)
    for name, made in published.items():
        version = made.artifact.manifest.version
        models.promote(name, version, MODELS[name].alias, now=now)
    console.print(figures_table(published, dict.fromkeys(published, len(data.test))))
    return data.bundle
