"""Boosted trees as ONNX, so that one row is scored in tens of microseconds.

Written here and not by a converter because thresholds must be right to the last bit: the
library compares in float64 (LightGBM) or float32 (XGBoost), the graph always in float32.
Rounding a float64 threshold *down* to float32 keeps `x <= t` true for exactly the same
float32 values of x.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_OPSET, _ML_OPSET, _IR = 17, 3, 8


@dataclass(slots=True)
class Forest:
    """All nodes of all trees, column by column, as ONNX wants them."""

    mode: str
    base: float
    tree: list[int] = field(default_factory=list)
    node: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    yes: list[int] = field(default_factory=list)
    no: list[int] = field(default_factory=list)
    missing_yes: list[int] = field(default_factory=list)
    leaf: list[float | None] = field(default_factory=list)

    def split(
        self,
        at: tuple[int, int],
        feature: int,
        threshold: float,
        yes: int,
        no: int,
        missing_yes: bool,
    ) -> None:
        """Add an inner node: to `yes` when the comparison holds."""
        self._add(
            at, feature, threshold, yes, no, missing_yes=int(missing_yes), leaf=None
        )

    def end(self, at: tuple[int, int], value: float) -> None:
        """Add a leaf."""
        self._add(at, 0, 0.0, 0, 0, missing_yes=0, leaf=value)

    def _add(
        self,
        at: tuple[int, int],
        feature: int,
        threshold: float,
        yes: int,
        no: int,
        *,
        missing_yes: int,
        leaf: float | None,
    ) -> None:
        self.tree.append(at[0])
        self.node.append(at[1])
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.yes.append(yes)
        self.no.append(no)
        self.missing_yes.append(missing_yes)
        self.leaf.append(leaf)


def from_xgboost(model_json: bytes) -> Forest:
    """Read `Booster.save_raw("json")` of a binary:logistic model."""
    learner = json.loads(model_json)["learner"]
    base = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
    forest = Forest("BRANCH_LT", float(np.log(base / (1.0 - base))))
    trees = learner["gradient_booster"]["model"]["trees"]
    for number, tree in enumerate(trees):
        left, right = tree["left_children"], tree["right_children"]
        for i, condition in enumerate(tree["split_conditions"]):
            if left[i] == -1:
                forest.end((number, i), condition)
            else:
                feature = tree["split_indices"][i]
                missing = bool(tree["default_left"][i])
                forest.split(
                    (number, i), feature, condition, left[i], right[i], missing
                )
    return forest


def from_lightgbm(dump: dict[str, Any]) -> Forest:
    """Read `Booster.dump_model()` of a binary model."""
    forest = Forest("BRANCH_LEQ", 0.0)
    for number, tree in enumerate(dump["tree_info"]):
        for i, node, left, right in _numbered(tree["tree_structure"]):
            if "leaf_value" in node:
                forest.end((number, i), node["leaf_value"])
            else:
                threshold = _down(node["threshold"])
                # Without gaps in training LightGBM reads NaN as 0 and compares.
                missing = (
                    node["default_left"]
                    if node["missing_type"] == "NaN"
                    else node["threshold"] >= 0.0
                )
                feature = node["split_feature"]
                forest.split((number, i), feature, threshold, left, right, missing)
    return forest


def _numbered(root: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any], int, int]]:
    """Nodes with their own and their children's numbers, root first."""
    waiting, count = [(0, root)], 1
    while waiting:
        i, node = waiting.pop()
        if "leaf_value" in node:
            yield i, node, 0, 0
            continue
        left, right, count = count, count + 1, count + 2
        yield i, node, left, right
        waiting += [(left, node["left_child"]), (right, node["right_child"])]


def _down(threshold: float) -> float:
    """The largest float32 that is not above the threshold."""
    with np.errstate(over="ignore"):  # a split of known from unknown has a huge one
        nearest = np.float32(threshold)
    if float(nearest) > threshold:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return float(nearest)


def to_onnx(forest: Forest, width: int) -> bytes:
    """A graph `rows` (n x width) -> `probability` (n x 1)."""
    from onnx import TensorProto, checker, helper

    leaves = [i for i, value in enumerate(forest.leaf) if value is not None]
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["rows"],
        ["margin"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        base_values=[forest.base],
        nodes_treeids=forest.tree,
        nodes_nodeids=forest.node,
        nodes_featureids=forest.feature,
        nodes_values=forest.threshold,
        nodes_truenodeids=forest.yes,
        nodes_falsenodeids=forest.no,
        nodes_missing_value_tracks_true=forest.missing_yes,
        nodes_modes=[forest.mode if v is None else "LEAF" for v in forest.leaf],
        target_treeids=[forest.tree[i] for i in leaves],
        target_nodeids=[forest.node[i] for i in leaves],
        target_ids=[0] * len(leaves),
        target_weights=[forest.leaf[i] for i in leaves],
    )
    graph = helper.make_graph(
        [ensemble, helper.make_node("Sigmoid", ["margin"], ["probability"])],
        "boosted_trees",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[
            helper.make_opsetid("", _OPSET),
            helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ],
        ir_version=_IR,
    )
    checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
