"""Rulesets that tests write themselves, and simulated payments as columns."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import yaml

from fraud_engines.rules.ruleset import DEFAULT_RULESET, Ruleset, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.month import DAYS, make
from fraud_ops.simulate import SimulationConfig, shipped_names

CONFIG = SimulationConfig(
    seed=4711, payments=4_000, days=DAYS, fraud_rate=0.05, listed_names=shipped_names()
)


@pytest.fixture(scope="session")
def config() -> SimulationConfig:
    """A small simulation with much fraud."""
    return CONFIG


@pytest.fixture(scope="session")
def simulated() -> pl.DataFrame:
    """Its judged payments as columns, without scores."""
    return make(CONFIG, None).frame


@pytest.fixture(scope="session")
def shipped() -> Ruleset:
    """The shipped ruleset."""
    return load(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)


@pytest.fixture(scope="session")
def write_rules() -> Callable[..., Ruleset]:
    """A ruleset of conditions; a condition may come as a dict with more of a row."""

    def write(*rows: Any, lists: dict[str, list[str]] | None = None) -> Ruleset:
        document = {
            "name": "trial",
            "version": 1,
            "lists": {
                name: {"description": "a list", "entries": entries}
                for name, entries in (lists or {}).items()
            },
            "rules": [
                {
                    "id": f"R-{number:03d}",
                    "version": 1,
                    "state": "live",
                    "effect": "FLAG",
                    "severity": "medium",
                    "reason": "because",
                    **(row if isinstance(row, dict) else {"when": row}),
                }
                for number, row in enumerate(rows, 1)
            ],
        }
        return load(yaml.safe_dump(document).encode(), PAYMENT_FEATURES)

    return write
