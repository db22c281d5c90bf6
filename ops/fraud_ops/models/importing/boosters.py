"""Boosters that XGBoost and LightGBM saved themselves, and so plain data already."""

from typing import Any

import numpy as np

from fraud_ops.models.importing.plain import NotImportable, Plain
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.trees import from_lightgbm, from_xgboost, to_onnx


def convert_xgboost(data: bytes, rows: Floats32, *, stopped: bool) -> Plain:
    """A binary:logistic booster. With `stopped`, only as far as early stopping chose, as
    XGBoost's own classifier predicts."""
    import json

    import xgboost

    booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(data))
    best = booster.attributes().get("best_iteration")
    if stopped and best is not None:
        booster = booster[: int(best) + 1]
    text = bytes(booster.save_raw("json"))
    learner = json.loads(text)["learner"]
    objective = learner["objective"]["name"]
    if objective not in ("binary:logistic", "reg:logistic"):
        raise NotImportable(f"its objective is {objective}, not binary:logistic")
    if learner["gradient_booster"]["name"] != "gbtree":
        raise NotImportable(f"{learner['gradient_booster']['name']} is not plain trees")
    trees = learner["gradient_booster"]["model"]["trees"]
    if any(any(tree["split_type"]) for tree in trees):
        raise NotImportable("it splits on categories")
    width = _same(booster.num_features(), rows)
    scores: Floats64 = booster.predict(xgboost.DMatrix(rows, nthread=1))
    gain: dict[str, Any] = dict(booster.get_score(importance_type="gain"))
    names = booster.feature_names or [f"f{i}" for i in range(width)]
    return Plain(
        source="xgboost",
        algorithm=f"XGBoost, {len(trees)} trees, imported",
        files={
            "model.ubj": bytes(booster.save_raw("ubj")),
            "model.onnx": to_onnx(from_xgboost(text), width),
        },
        scores=scores.astype(np.float64),
        importance=_shares([float(gain.get(name, 0.0)) for name in names]),
        parameters={"trees": len(trees), "objective": objective},
        libraries=("xgboost", "numpy"),
    )


def convert_lightgbm(data: bytes, rows: Floats32) -> Plain:
    """A binary booster in LightGBM's text form."""
    import lightgbm

    booster = lightgbm.Booster(model_str=data.decode())
    dump = booster.dump_model(num_iteration=-1)
    if dump["objective"] != "binary sigmoid:1":
        raise NotImportable(
            f"its objective is {dump['objective']}, not binary sigmoid:1"
        )
    if dump["average_output"]:
        raise NotImportable("it averages its trees (boosting=rf)")
    for tree in dump["tree_info"]:
        _refuse_odd_splits(tree["tree_structure"])
    width = _same(booster.num_feature(), rows)
    scores: Floats64 = np.asarray(
        booster.predict(rows, num_iteration=-1, num_threads=1), dtype=np.float64
    )
    gain = booster.feature_importance("gain").tolist()
    return Plain(
        source="lightgbm",
        algorithm=f"LightGBM, {len(dump['tree_info'])} trees, imported",
        files={"model.txt": data, "model.onnx": to_onnx(from_lightgbm(dump), width)},
        scores=scores,
        importance=_shares(gain),
        parameters={"trees": len(dump["tree_info"]), "objective": "binary"},
        libraries=("lightgbm", "numpy"),
    )


def _refuse_odd_splits(root: dict[str, Any]) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "leaf_value" in node or "leaf_index" in node:
            if "leaf_coeff" in node:
                raise NotImportable("its leaves are linear models")
            continue
        if node["decision_type"] != "<=":
            raise NotImportable("it splits on categories")
        if node["missing_type"] == "Zero":
            raise NotImportable("it takes zero for missing")
        waiting += [node["left_child"], node["right_child"]]


def _same(width: int, rows: Floats32) -> int:
    if rows.shape[1] != width:
        raise NotImportable(
            f"it takes {width} features, the sample has {rows.shape[1]}"
        )
    return width


def _shares(gain: list[float]) -> tuple[float, ...]:
    total = sum(gain) or 1.0
    return tuple(value / total for value in gain)
