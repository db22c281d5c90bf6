"""`fraud train`: simulate, compute features, train the models, publish them."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

import fraud_autoencoder.train
import fraud_isolation_forest.train
import fraud_lightgbm.train
import fraud_xgboost.train
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_ops.signing import signing_key
from fraud_ops.simulate import SimulationConfig
from fraud_ops.train import auto_loan, credit_card, ieee_cis, report
from fraud_ops.train.history import History, simulate
from fraud_ops.train.split import split
from fraud_ops.train.stages import Stages
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.aliases import AliasBook
from fraud_scoring.registry.file import open_registry
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.training.assemble import Published, Trainer, publish
from fraud_scoring.training.dataset import Dataset

# One thread each: threads of one trainer wait for each other, two trainers do not.
_SIDE_BY_SIDE = 2
_LONGEST_FIRST = (
    "lightgbm",
    "autoencoder",
    "xgboost",
    "isolation_forest",
    "ieee_cis",
    "auto_loan",
    "credit_card",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one model is trained (`kind` says how long that takes) and which alias it gets. Those without a `dataset` of their
    own share the simulated history, and so one bundle."""

    kind: str
    train: Trainer
    alias: str
    dataset: Callable[[int, datetime], Dataset] | None = None


# What shares one bundle: the models that see a payment's features as served.
PAYMENT_MODELS: Mapping[str, Plan] = {
    "isolation_forest": Plan(
        "isolation_forest", fraud_isolation_forest.train.train, "champion"
    ),
    "autoencoder": Plan("autoencoder", fraud_autoencoder.train.train, "champion"),
    "xgboost": Plan("xgboost", fraud_xgboost.train.train, "champion"),
    "lightgbm": Plan("lightgbm", fraud_lightgbm.train.train, "challenger"),
}
MODELS: Mapping[str, Plan] = {
    **PAYMENT_MODELS,
    "credit_card": Plan(
        "credit_card", fraud_xgboost.train.train, "champion", credit_card.dataset
    ),
    "ieee_cis": Plan("ieee_cis", ieee_cis.train, "champion", ieee_cis.dataset),
    "auto_loan": Plan("auto_loan", auto_loan.train, "champion", auto_loan.dataset),
}


def train_command(
    payments: int = 300_000,
    seed: int = 1,
    registry: str = "",
    *,
    days: int = 120,
    fraud_rate: float = 0.006,
    var_dir: Path = Path("var"),
    console: Console | None = None,
) -> dict[str, Any]:
    """Train and publish all models, the payment models from one simulated history;
    returns the figures.

    `registry` is a path or URL, `<var_dir>/registry` when empty. Raises
    `SigningKeyMissing`, and `TooShort` for a history that cannot be split.
    """
    console = console or Console()
    signer = signing_key(var_dir)
    verifier = Verifier(signer.public_pem)
    models = open_registry(registry or str(var_dir / "registry"), verifier, signer)
    config = SimulationConfig(
        seed=seed, payments=payments, days=days, fraud_rate=fraud_rate
    )
    now = datetime.now(UTC)
    with Stages(console) as stages:
        data = _data(config, stages, seed, now)
        datasets = {
            name: plan.dataset(seed, now) if plan.dataset else data
            for name, plan in MODELS.items()
        }
        published = train_all(MODELS, datasets, models, stages, now)
        set_aliases(MODELS, published, models, stages, now)
    tested = {name: len(own.test) for name, own in datasets.items()}
    report.show(console, published, tested, stages)
    made = {"payments": config.payments, "seed": config.seed}
    return made | figures(data, published, MODELS, stages)


def train_all(
    plans: Mapping[str, Plan],
    datasets: Mapping[str, Dataset],
    models: ModelRegistry,
    stages: Stages,
    now: datetime,
) -> dict[str, Published]:
    """Train and publish each model on its dataset, two at a time, the longest first."""
    order = sorted(plans, key=lambda name: _LONGEST_FIRST.index(plans[name].kind))
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        running = {
            name: pool.submit(
                _train, name, plans[name], datasets[name], models, stages, now
            )
            for name in order
        }
        return {name: running[name].result() for name in plans}


def set_aliases(
    plans: Mapping[str, Plan],
    published: Mapping[str, Published],
    models: ModelRegistry,
    stages: Stages,
    now: datetime,
) -> dict[str, AliasBook]:
    """Point each plan's alias at what was published. Last, and together: a run that fails
    half way changes nothing that serves."""
    with stages.stage("set aliases"):
        return {
            name: models.promote(
                name, published[name].artifact.manifest.version, plan.alias, now=now
            )
            for name, plan in plans.items()
        }


def _data(
    config: SimulationConfig, stages: Stages, seed: int, now: datetime
) -> Dataset:
    with stages.stage("simulate payments") as done:
        history = simulate(config, lambda n: done(n / config.payments))
    with stages.stage("compute features") as done:
        table = _features(history, done)
    with stages.stage("split by time"):
        return split(history, table, PAYMENT_FEATURES, seed=seed, now=now)


def _features(history: History, done: Callable[[float], None]) -> Any:
    return frame(
        history.rows, history.labels, progress=lambda n: done(n / len(history))
    )


def _train(
    name: str,
    plan: Plan,
    data: Dataset,
    models: ModelRegistry,
    stages: Stages,
    now: datetime,
) -> Published:
    with stages.stage(f"train {name}") as done:
        fitted = plan.train(data, progress=done)
    with stages.stage(f"publish {name}"):
        return publish(name, fitted, data, models, now=now)


def figures(
    data: Dataset,
    published: Mapping[str, Published],
    plans: Mapping[str, Plan],
    stages: Stages,
) -> dict[str, Any]:
    """What a training run made, as one JSON object."""
    return {
        "bundle": data.bundle,
        "data_version": data.data_version,
        "rows": {
            part: len(getattr(data, part))
            for part in ("train", "validate", "calibrate", "test")
        },
        "seconds": {**stages.seconds, "total": stages.total},
        "models": {
            name: {
                "version": made.artifact.manifest.version,
                "hash": made.artifact.hash,
                "alias": plans[name].alias,
                "metrics": made.metrics,
                "largest_difference": made.largest_difference,
            }
            for name, made in published.items()
        },
    }
