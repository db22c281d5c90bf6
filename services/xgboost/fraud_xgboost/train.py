"""Training: histogram trees with early stopping on average precision."""

from typing import Any

import numpy as np

from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.assemble import Fitted, Progress, silent
from fraud_scoring.training.boosting import Boosting
from fraud_scoring.training.dataset import Dataset
from fraud_scoring.training.trees import from_xgboost, to_onnx
from fraud_scoring.training.unknown import forget
from fraud_xgboost.scorer import BOOSTER, ENGINE, GRAPH

BOOSTING = Boosting(rounds=400, patience=40)
# The library and the graph add hundreds of float32 leaves in another order.
TOLERANCE = 4e-6


def train(
    data: Dataset,
    *,
    threads: int = 1,
    progress: Progress = silent,
    boosting: Boosting = BOOSTING,
) -> Fitted:
    """Boost trees on the training slice until the validation slice stops improving."""
    import xgboost

    parameters = {**_parameters(data.seed, threads), **boosting.parameters}
    booster = _boosted(data, parameters, boosting, threads, progress)

    def reference(rows: Floats32) -> Floats64:
        found: Floats64 = booster.predict(
            xgboost.DMatrix(rows, nthread=threads)
        ).astype(np.float64)
        return found

    forest = from_xgboost(bytes(booster.save_raw("json")))
    return Fitted(
        engine=ENGINE,
        algorithm=f"XGBoost, {booster.num_boosted_rounds()} trees",
        files={
            BOOSTER: bytes(booster.save_raw("ubj")),
            GRAPH: to_onnx(forest, data.width),
        },
        reference=reference,
        parameters={**parameters, "trees": booster.num_boosted_rounds()},
        importance=_importance(booster.get_score(importance_type="gain"), data),
        libraries=("xgboost", "onnxruntime", "onnx", "numpy"),
        supervised=True,
        tolerance=TOLERANCE,
    )


def _boosted(
    data: Dataset,
    parameters: dict[str, float | int | str | bool],
    boosting: Boosting,
    threads: int,
    progress: Progress,
) -> Any:
    import xgboost

    bins = int(parameters["max_bin"])
    fit, stop = data.train, data.validate
    x = forget(fit.x, data.sources, share=data.unknown_share, seed=data.seed)
    seen = xgboost.QuantileDMatrix(
        x, fit.fraud, weight=fit.weight, max_bin=bins, nthread=threads
    )
    later = []
    if boosting.patience is not None:
        unseen = xgboost.DMatrix(
            stop.x, stop.fraud, weight=stop.weight, nthread=threads
        )
        later = [(unseen, "later")]
    booster = xgboost.train(
        parameters,
        seen,
        boosting.rounds,
        evals=later,
        callbacks=[_progress_callback(progress, boosting.rounds)],
        early_stopping_rounds=boosting.patience,
        verbose_eval=False,
    )
    best = booster.num_boosted_rounds()
    if boosting.patience is not None:
        best = booster.best_iteration + 1
    return booster[:best]


def _parameters(seed: int, threads: int) -> dict[str, float | int | str | bool]:
    return {
        "objective": "binary:logistic",
        "eval_metric": "aucpr",
        "tree_method": "hist",
        "max_depth": 6,
        "eta": 0.08,
        "min_child_weight": 4.0,
        "subsample": 0.8,
        "colsample_bytree": 0.6,
        "lambda": 2.0,
        "max_bin": 128,
        "nthread": threads,
        "seed": seed,
    }


def _progress_callback(progress: Progress, rounds: int) -> Any:
    from xgboost.callback import TrainingCallback

    class ProgressCallback(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            progress((epoch + 1) / rounds)
            return False

    return ProgressCallback()


def _importance(gain: dict[str, Any], data: Dataset) -> dict[str, float]:
    """Share of the total gain; xgboost names unnamed features f0, f1, ..."""
    total = float(sum(gain.values())) or 1.0
    return {
        name: float(gain.get(f"f{i}", 0.0)) / total
        for i, name in enumerate(data.features)
    }
