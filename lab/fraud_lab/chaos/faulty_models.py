"""Two versions that pass every gate and fail in use, because their golden rows were chosen
badly: small amounts only, while what is broken needs a large one.

`blind` gives no number above the largest golden amount: the square root of what is left
until there. `slow` counts in circles before it answers.
"""

import math
import time

import numpy as np
import onnx
import onnx.checker
import onnx.parser
import orjson

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.metadata import Golden
from fraud_scoring.registry.port import UnpublishedModel
from fraud_scoring.serving.session import OnnxGraph
from fraud_xgboost.scorer import GRAPH

FEATURE = "amount_ref_minor"
# Twice what a row may take before it counts as late: more would starve the service.
SLOW_MS = 20.0
_SIDE = 256


def faulty_models(champion: Artifact, feature: str = FEATURE) -> list[UnpublishedModel]:
    """The champion as it is, then `blind`, then `slow`."""
    width = len(champion.metadata.features)
    graph = champion.file(GRAPH)
    column = champion.metadata.features.index(feature)
    golden, limit = _small_amounts(champion, column)
    turns = 1
    one = OnnxGraph(_graph(graph, _slow(column, limit, turns)), width)
    turns = max(1, math.ceil(SLOW_MS / _milliseconds(one, width, column, limit)))
    return [
        UnpublishedModel(
            champion.manifest.name, champion.manifest.bundle, champion.files
        ),
        _draft(champion, golden, _graph(graph, _blind(column, limit))),
        _draft(champion, golden, _graph(graph, _slow(column, limit, turns))),
    ]


def _small_amounts(champion: Artifact, column: int) -> tuple[Golden, float]:
    """The golden rows up to their median amount, and that amount."""
    golden = champion.golden
    amounts = [row[column] or 0.0 for row in golden.rows]
    limit = float(np.float32(np.median(amounts)))
    kept = [i for i, amount in enumerate(amounts) if amount <= limit]
    chosen = Golden(
        rows=tuple(golden.rows[i] for i in kept),
        raw=tuple(golden.raw[i] for i in kept),
        score=tuple(golden.score[i] for i in kept),
        labels=tuple(golden.labels[i] for i in kept),
        tolerance=golden.tolerance,
    )
    return chosen, limit


def _draft(champion: Artifact, golden: Golden, graph: bytes) -> UnpublishedModel:
    changed = {
        GRAPH: graph,
        "golden.json": orjson.dumps(golden.model_dump(mode="json")),
    }
    manifest = champion.manifest
    return UnpublishedModel(
        manifest.name, manifest.bundle, {**champion.files, **changed}
    )


def _graph(data: bytes, after: str) -> bytes:
    """The graph, whose result is called `sound` now, and what comes `after` it."""
    model = onnx.load_from_string(data)
    for node in model.graph.node:
        if "probability" in node.output:
            node.output[:] = ["sound"]
    head = "after (float[N, W] rows, float[N, 1] sound) => (float[N, 1] probability)"
    more = onnx.parser.parse_graph(f"{head} {{ {after} }}")
    model.graph.node.extend(more.node)
    onnx.checker.check_model(model)
    made: bytes = model.SerializeToString()
    return made


def _blind(column: int, limit: float) -> str:
    """sound + 0 x sqrt(limit - amount); an unknown amount is let through, or the gate
    would notice."""
    return f"""
        column = Constant <value_ints = [{column}]> ()
        limit = Constant <value_float = {limit:.1f}> ()
        nought = Constant <value_float = 0.0> ()
        amount = Gather <axis = 1> (rows, column)
        unknown = IsNaN (amount)
        left = Sub (limit, amount)
        known = Where (unknown, nought, left)
        root = Sqrt (known)
        nothing = Mul (root, nought)
        probability = Add (sound, nothing)
    """


def _slow(column: int, limit: float, turns: int) -> str:
    """sound + a sum of zeros, which takes `turns` matrix products when an amount is
    large."""
    square = f"float[{_SIDE}, {_SIDE}]"
    return f"""
        column = Constant <value_ints = [{column}]> ()
        limit = Constant <value_float = {limit:.1f}> ()
        nought = Constant <value_float = 0.0> ()
        amount = Gather <axis = 1> (rows, column)
        largest = ReduceMax (amount)
        large = Greater (largest, limit)
        nothing = If (large) <
            then_branch = work () => (float[1, 1] total) {{
                side = Constant <value_ints = [{_SIDE}, {_SIDE}]> ()
                turns = Constant <value_int = {turns}> ()
                zero = Mul (largest, nought)
                zeros = Expand (zero, side)
                product = Loop (turns, , zeros) <
                    body = turn (int64 number, bool go, {square} busy)
                        => (bool on, {square} busier) {{
                        on = Identity (go)
                        busier = MatMul (busy, busy)
                    }}
                >
                total = ReduceMax (product)
            }},
            else_branch = rest () => (float[1, 1] none) {{
                flat = Constant <value_ints = [1, 1]> ()
                none = Reshape (nought, flat)
            }}
        >
        probability = Add (sound, nothing)
    """


def _milliseconds(graph: OnnxGraph, width: int, column: int, limit: float) -> float:
    """How long one row with a large amount takes, the quickest of several."""
    row = np.zeros((1, width), dtype=np.float32)
    row[0, column] = 2 * limit + 1
    took = []
    for _ in range(20):
        started = time.perf_counter()
        graph.column("probability", row)
        took.append(time.perf_counter() - started)
    return min(took) * 1000
