"""Training: leaf-wise trees with early stopping on average precision."""

from typing import Any

import numpy as np

from fraud_lightgbm.scorer import BOOSTER, ENGINE, GRAPH
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.assemble import Fitted, Progress, silent
from fraud_scoring.training.boosting import Boosting
from fraud_scoring.training.dataset import Dataset
from fraud_scoring.training.trees import from_lightgbm, to_onnx
from fraud_scoring.training.unknown import forget

BOOSTING = Boosting(rounds=500, patience=40)


def train(
    data: Dataset,
    *,
    threads: int = 1,
    progress: Progress = silent,
    boosting: Boosting = BOOSTING,
) -> Fitted:
    """Boost trees on the training slice until the validation slice stops improving."""
    parameters = {**_parameters(data.seed, threads), **boosting.parameters}
    booster, trees = _boosted(data, parameters, boosting, progress)

    def reference(rows: Floats32) -> Floats64:
        found: Floats64 = np.asarray(
            booster.predict(rows, num_iteration=trees, num_threads=threads)
        )
        return found

    forest = from_lightgbm(booster.dump_model(num_iteration=trees))
    return Fitted(
        engine=ENGINE,
        algorithm=f"LightGBM, {trees} trees",
        files={
            BOOSTER: booster.model_to_string(num_iteration=trees).encode(),
            GRAPH: to_onnx(forest, data.width),
        },
        reference=reference,
        parameters={**parameters, "trees": trees},
        importance=_importance(booster.feature_importance("gain", trees), data),
        libraries=("lightgbm", "onnxruntime", "onnx", "numpy"),
        supervised=True,
    )


def _boosted(
    data: Dataset,
    parameters: dict[str, float | int | str | bool],
    boosting: Boosting,
    progress: Progress,
) -> tuple[Any, int]:
    """The booster, and how many of its trees to use."""
    import lightgbm

    fit, stop = data.train, data.validate
    x = forget(fit.x, data.sources, share=data.unknown_share, seed=data.seed)
    seen = lightgbm.Dataset(x, fit.fraud, weight=fit.weight)
    later, callbacks = [], [_progress_callback(progress, boosting.rounds)]
    if boosting.patience is not None:
        later = [seen.create_valid(stop.x, stop.fraud, weight=stop.weight)]
        callbacks += [lightgbm.early_stopping(boosting.patience, verbose=False)]
    booster = lightgbm.train(
        parameters, seen, boosting.rounds, valid_sets=later, callbacks=callbacks
    )
    return booster, booster.best_iteration or booster.num_trees()


def _progress_callback(progress: Progress, rounds: int) -> Any:
    return lambda state: progress((state.iteration + 1) / rounds)


def _parameters(seed: int, threads: int) -> dict[str, float | int | str | bool]:
    return {
        "objective": "binary",
        "metric": "average_precision",
        "num_leaves": 31,
        "learning_rate": 0.05,
        "min_data_in_leaf": 40,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "max_bin": 127,
        "num_threads": threads,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _importance(gain: Floats64, data: Dataset) -> dict[str, float]:
    """Share of the total gain."""
    total = float(gain.sum()) or 1.0
    return dict(zip(data.features, (gain / total).tolist(), strict=True))
