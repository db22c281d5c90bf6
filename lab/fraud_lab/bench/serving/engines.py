"""One row and 64 rows inside one process: our engines against the training libraries.

Everything on one thread. The alternatives take turns within each round, so that what
disturbs one disturbs the others; a speed-up is the median of the rounds' own ratios. Every
call gets other rows, as it would in service.
"""

import itertools
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

import fraud_autoencoder.train
import fraud_isolation_forest.train
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_lightgbm.scorer import BOOSTER as LIGHTGBM_FILE
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.simulate import SimulationConfig
from fraud_ops.train.history import simulate
from fraud_ops.train.split import split
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.keys import Verifier, development_keys
from fraud_scoring.registry.file import open_registry
from fraud_scoring.serving.scorer import Floats32
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_scoring.training.dataset import Dataset
from fraud_xgboost.scorer import BOOSTER as XGBOOST_FILE

Predict = Callable[[Floats32], Any]
OURS = "ours"
PAYMENTS = 30_000
BATCH = 64
ROUNDS = 25
ROUND_S = 0.02
FEWEST = 3


@dataclass(frozen=True)
class Contest:
    """One model, ways to score with it by name; `OURS` is one of them."""

    model: str
    described: str
    ways: Mapping[str, Predict]


def history(seed: int) -> Dataset:
    """Simulated payments as features: what the fresh models are taught and all score."""
    config = SimulationConfig(seed=seed, payments=PAYMENTS, days=90, fraud_rate=0.006)
    made = simulate(config, lambda _: None)
    table = frame(made.rows, made.labels)
    return split(made, table, PAYMENT_FEATURES, seed=seed, now=datetime.now(UTC))


def contests(mesh: LocalMesh, data: Dataset) -> list[Contest]:
    """All four models. The boosters are those the mesh serves, each artefact with the
    library's own file in it; of forest and autoencoder only what serving needs is kept, so
    they are trained here."""
    return [_forest(data), _autoencoder(data), _xgboost(mesh), _lightgbm(mesh)]


def champion(mesh: LocalMesh, name: str, alias: str = "champion") -> Artifact:
    """The artefact that the mesh serves under this alias."""
    verifier = Verifier(development_keys(mesh.var).public_pem)
    registry = open_registry(mesh.registry, verifier)
    return registry.load(name, registry.aliases(name).target(alias).version)


def _forest(data: Dataset) -> Contest:
    return _fresh(
        "isolation_forest", fraud_isolation_forest.train, data, "score_samples"
    )


def _autoencoder(data: Dataset) -> Contest:
    return _fresh("autoencoder", fraud_autoencoder.train, data, "torch inference_mode")


def _fresh(name: str, module: Any, data: Dataset, theirs: str) -> Contest:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        fitted = module.train(data)
    made = publish(name, fitted, data, memory_registry(), now=datetime.now(UTC))
    scorer = fitted.engine.load(made.artifact)
    ways = {OURS: scorer.score, theirs: fitted.reference}
    return Contest(name, fitted.algorithm, ways)


def _xgboost(mesh: LocalMesh) -> Contest:
    import xgboost

    from fraud_xgboost.scorer import load

    artifact = champion(mesh, "xgboost")
    raw = bytearray(artifact.file(XGBOOST_FILE))
    booster = xgboost.Booster({"nthread": 1}, model_file=raw)
    booster.set_param({"nthread": 1})
    classifier = xgboost.XGBClassifier(n_jobs=1)
    classifier.load_model(bytearray(raw))
    ways: dict[str, Predict] = {
        OURS: load(artifact).score,
        "Booster.predict": lambda rows: booster.predict(
            xgboost.DMatrix(rows, nthread=1)
        ),
        "Booster.inplace_predict": booster.inplace_predict,
        "XGBClassifier.predict_proba": lambda rows: classifier.predict_proba(rows)[
            :, 1
        ],
    }
    return Contest("xgboost", artifact.metadata.algorithm, ways)


def _lightgbm(mesh: LocalMesh) -> Contest:
    import lightgbm

    from fraud_lightgbm.scorer import load

    artifact = champion(mesh, "lightgbm", "challenger")
    booster = lightgbm.Booster(model_str=artifact.file(LIGHTGBM_FILE).decode())
    ways: dict[str, Predict] = {
        OURS: load(artifact).score,
        "Booster.predict": lambda rows: booster.predict(rows, num_threads=1),
    }
    return Contest("lightgbm", artifact.metadata.algorithm, ways)


def measure(contest: Contest, x: Floats32) -> dict[str, Any]:
    """Microseconds and speed-ups for one row and for 64, and how far the scores are apart
    (relative above 1)."""
    ours = np.asarray(contest.ways[OURS](x), dtype=np.float64)
    apart = {
        name: _apart(ours, np.asarray(way(x), dtype=np.float64))
        for name, way in contest.ways.items()
        if name != OURS
    }
    return {
        "model": contest.described,
        "largest_difference": max(apart.values()),
        "one_row": _turns(contest.ways, x, 1),
        "batch_64": _turns(contest.ways, x, BATCH),
    }


def _apart(here: Any, there: Any) -> float:
    return float(np.max(np.abs(here - there) / np.maximum(1.0, np.abs(there))))


def _turns(ways: Mapping[str, Predict], x: Floats32, size: int) -> dict[str, Any]:
    """Rounds in which each way gets its turn."""
    places = range(0, len(x) - size + 1, size)
    pieces = [x[first : first + size].copy() for first in places]
    spent: dict[str, list[list[float]]] = {name: [] for name in ways}
    feeds = {name: itertools.cycle(pieces) for name in ways}
    for name, way in ways.items():
        _turn(way, feeds[name])  # warm
    for _ in range(ROUNDS):
        for name, way in ways.items():
            spent[name].append(_turn(way, feeds[name]))
    middle = {name: np.array([np.median(r) for r in spent[name]]) for name in ways}
    found: dict[str, Any] = {}
    for name, rounds in spent.items():
        us = np.percentile(np.concatenate(rounds), [50, 95, 99]) * 1e6
        found[name] = {
            **dict(
                zip(("p50_us", "p95_us", "p99_us"), us.round(2).tolist(), strict=True)
            ),
            "calls": sum(map(len, rounds)),
        }
        if name != OURS:
            ratio = float(np.median(middle[name] / middle[OURS]))
            found[name]["ours_faster_by"] = round(ratio, 2)
    return found


def _turn(way: Predict, feed: "itertools.cycle[Floats32]") -> list[float]:
    """Seconds of each call within one turn."""
    spent: list[float] = []
    end = time.perf_counter() + ROUND_S
    while len(spent) < FEWEST or time.perf_counter() < end:
        rows = next(feed)
        started = time.perf_counter()
        way(rows)
        spent.append(time.perf_counter() - started)
    return spent
