"""Anomaly detectors on the handbook's payments: few inputs, in which fraud stands out.

Inputs and sizes were chosen on the three validation folds before the one that is judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import fraud_autoencoder.train
import fraud_isolation_forest.train
from fraud_lab.evaluate.learners import Anomaly
from fraud_lab.handbook.inputs import Inputs


@dataclass(frozen=True)
class Plan:
    """A trainer, its settings, and its inputs with the largest value taken of each: an
    anomaly is to be seen, how far out it lies is not to drown the others."""

    train: Any
    settings: Mapping[str, Any]
    most: Mapping[str, float]


# Frauds of ordinary size tell of the terminal, unusual amounts of the card.
_TELLING = {
    "amount_over_typical": 20.0,
    "amount_zscore": 20.0,
    "terminal_ordinary_frauds_7d": 20.0,
    "terminal_ordinary_frauds_14d": 20.0,
}
# What differs between honest cards. The network's narrow waist goes to these, since they
# vary most, and nothing is left to rebuild a fraud with.
_ORDINARY = {
    "account_mean_7d": 30_000.0,
    "account_mean_30d": 30_000.0,
    "account_count_7d": 60.0,
    "account_count_30d": 200.0,
}
ISOLATION_FOREST = Plan(
    train=fraud_isolation_forest.train.train,
    settings={"size": fraud_isolation_forest.train.Forest(trees=100)},
    most={"amount_ref_minor": 30_000.0, **_TELLING},
)
AUTOENCODER = Plan(
    train=fraud_autoencoder.train.train,
    settings={"schedule": fraud_autoencoder.train.Schedule(epochs=4), "waist": 2},
    most={**_TELLING, **_ORDINARY},
)
SEEDS = (1, 2, 3)


def detector(plan: Plan, inputs: Inputs) -> Anomaly:
    """The plan for these inputs' columns."""
    return Anomaly(
        train=plan.train,
        columns=inputs.places(tuple(plan.most)),
        most=np.array(list(plan.most.values()), dtype=np.float32),
        seeds=SEEDS,
        settings=plan.settings,
    )
