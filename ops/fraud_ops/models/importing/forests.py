"""scikit-learn's trees and forests as boosted trees: XGBoost's file and an ONNX graph.

A forest's probability is the mean of its leaves' shares of fraud, so each leaf gives its
share divided by the number of trees, and the sum needs no link. As XGBoost's trees they
have exact SHAP values, which here add up to the probability itself.
"""

import io
import json
from typing import Any

import numpy as np

from fraud_ops.models.importing.plain import NotImportable, Plain
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.trees import Forest, to_onnx

_NOBODY = 2**31 - 1
_CLASSES = {
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
}


def unpickle(data: bytes) -> Any:
    """Read a joblib or pickle file; only in a confined process.

    Raises `NotImportable` for another version of scikit-learn: its files are not made to
    be read by any but their own.
    """
    import warnings

    import joblib  # noqa: TID251 - confined
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(data))
        except InconsistentVersionWarning as error:
            raise NotImportable(
                f"made by scikit-learn {error.original_sklearn_version}, "
                f"{error.current_sklearn_version} is installed: convert it there"
            ) from error


def convert(model: Any, rows: Floats32) -> Plain:
    """A fitted classifier of two classes; the second one is fraud."""
    kind = type(model).__name__
    if kind not in _CLASSES:
        raise NotImportable(f"{kind} is neither a tree nor a forest")
    if model.n_outputs_ != 1 or len(model.classes_) != 2:
        raise NotImportable("not a classifier of two classes")
    width = int(model.n_features_in_)
    if rows.shape[1] != width:
        raise NotImportable(
            f"it takes {width} features, the sample has {rows.shape[1]}"
        )
    trees = [e.tree_ for e in getattr(model, "estimators_", [model])]
    if hasattr(model, "n_jobs"):
        model.n_jobs = 1
    scores: Floats64 = model.predict_proba(rows)[:, 1].astype(np.float64)
    return Plain(
        source="xgboost",
        algorithm=f"scikit-learn {kind}, {len(trees)} trees, imported",
        files={
            "model.onnx": clipped(to_onnx(_graph(trees), width)),
            "model.ubj": _booster(trees, width),
        },
        scores=scores,
        importance=tuple(float(v) for v in model.feature_importances_),
        parameters={"trees": len(trees), "fraud_class": str(model.classes_[1])},
        libraries=("scikit-learn", "numpy"),
    )


def _shares(tree: Any) -> Floats64:
    counts = tree.value[:, 0, :]
    found: Floats64 = counts[:, 1] / counts.sum(axis=1)
    return found


def _down(threshold: float) -> np.float32:
    """The largest float32 not above: `x <= t` is then the same for every float32 x."""
    nearest = np.float32(threshold)
    if float(nearest) > threshold:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return nearest


def _graph(trees: list[Any]) -> Forest:
    forest = Forest("BRANCH_LEQ", 0.0)
    for number, tree in enumerate(trees):
        leaves = _shares(tree) / len(trees)
        for i in range(tree.node_count):
            if tree.children_left[i] == -1:
                forest.end((number, i), float(leaves[i]))
                continue
            forest.split(
                (number, i),
                int(tree.feature[i]),
                float(_down(tree.threshold[i])),
                int(tree.children_left[i]),
                int(tree.children_right[i]),
                bool(tree.missing_go_to_left[i]),
            )
    return forest


def clipped(graph: bytes) -> bytes:
    """The same graph with the sum itself as probability, held between 0 and 1: rounding
    may carry it past an end."""
    import onnx
    from onnx import TensorProto, helper

    model = onnx.load_model_from_string(graph)
    link = model.graph.node[-1]
    link.op_type = "Clip"
    link.input.extend(["low", "high"])
    for name, value in (("low", 0.0), ("high", 1.0)):
        end = helper.make_tensor(name, TensorProto.FLOAT, [], [value])
        model.graph.initializer.append(end)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _booster(trees: list[Any], width: int) -> bytes:
    """XGBoost's own file, around trees it never grew: an empty model of this library's
    version says how such a file looks."""
    import xgboost

    nothing = xgboost.DMatrix(np.zeros((2, width), np.float32), np.zeros(2), nthread=1)
    form = xgboost.train(
        {"objective": "reg:squarederror", "base_score": 0.0, "nthread": 1}, nothing, 1
    )
    document = json.loads(bytes(form.save_raw("json")))
    model = document["learner"]["gradient_booster"]["model"]
    model["trees"] = [
        {**model["trees"][0], **_columns(tree, len(trees), number, width)}
        for number, tree in enumerate(trees)
    ]
    model["tree_info"] = [0] * len(trees)
    model["iteration_indptr"] = list(range(len(trees) + 1))
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    booster = xgboost.Booster(model_file=bytearray(json.dumps(document).encode()))
    return bytes(booster.save_raw("ubj"))


def _columns(tree: Any, count: int, number: int, width: int) -> dict[str, Any]:
    """The tree level by level: XGBoost finds a right child beside the left one."""
    order, left, parents = [0], [], [_NOBODY]
    for old in order:
        if tree.children_left[old] == -1:
            left.append(-1)
            continue
        left.append(len(order))
        parents += [len(left) - 1] * 2
        order += [int(tree.children_left[old]), int(tree.children_right[old])]
    shares = (_shares(tree) / count)[order].tolist()
    nodes = list(enumerate(order))
    return {
        "id": number,
        "left_children": left,
        "right_children": [-1 if child == -1 else child + 1 for child in left],
        "parents": parents,
        "split_indices": [max(int(tree.feature[old]), 0) for old in order],
        "split_conditions": [
            shares[new] if left[new] == -1 else _above(tree.threshold[old])
            for new, old in nodes
        ],
        "split_type": [0] * len(order),
        "default_left": [int(tree.missing_go_to_left[old]) for old in order],
        "base_weights": shares,
        "loss_changes": [0.0] * len(order),
        "sum_hessian": tree.weighted_n_node_samples[order].tolist(),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(width),
            "num_nodes": str(len(order)),
            "size_leaf_vector": "1",
        },
    }


def _above(threshold: float) -> float:
    """XGBoost asks x < t where scikit-learn asks x <= t. Infinity, which parts the known
    from the unknown, has no place in JSON."""
    next_ = np.nextafter(_down(threshold), np.float32(np.inf))
    return float(min(next_, np.finfo(np.float32).max))
