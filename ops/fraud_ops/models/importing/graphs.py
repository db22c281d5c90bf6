"""A foreign ONNX classifier: the same graph, with one input `rows` and one output
`probability`, the only names a scorer knows."""

from typing import Any

import numpy as np

from fraud_ops.models.importing.plain import NotImportable, Plain
from fraud_scoring.serving.scorer import Floats32, Floats64

_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_MOST_NODES = 10_000


def convert(data: bytes, rows: Floats32) -> Plain:
    """A classifier of two classes over one float32 matrix; the second class is fraud."""
    import onnx
    from onnx import compose

    try:
        model = onnx.load_model_from_string(data)
        onnx.checker.check_model(model)
    except Exception as error:
        raise NotImportable(f"not an ONNX model: {type(error).__name__}") from error
    _refuse_oddities(model)
    entrance = _entrance(model, rows.shape[1])
    place, scores = _probabilities(data, rows)
    output = model.graph.output[place].name
    blind = not _takes_gaps(data, rows.shape[1])
    graph = _rewired(
        compose.add_prefix(model, "original/"),
        f"original/{entrance}",
        f"original/{output}",
        two=not _single(data, rows, place),
        fill=_medians(rows) if blind else None,
        width=rows.shape[1],
    )
    return Plain(
        source="xgboost",
        algorithm=f"ONNX classifier of {len(model.graph.node)} nodes, imported",
        files={"model.onnx": graph},
        scores=scores,
        importance=(),
        parameters={
            "producer": str(model.producer_name)[:64],
            "unknown": "median of the sample" if blind else "taken by the graph",
            "explained_by": "leaving out one feature at a time",
        },
        libraries=("onnx", "onnxruntime", "numpy"),
    )


def _refuse_oddities(model: Any) -> None:
    import onnx

    foreign = {node.domain for node in model.graph.node} - _DOMAINS
    if foreign or model.functions:
        raise NotImportable(f"it needs operators of {sorted(foreign) or 'its own'}")
    if len(model.graph.node) > _MOST_NODES:
        raise NotImportable(f"it has more than {_MOST_NODES} nodes")
    if any(
        tensor.data_location == onnx.TensorProto.EXTERNAL
        for tensor in model.graph.initializer
    ):
        raise NotImportable("its weights are in other files")


def _entrance(model: Any, width: int) -> str:
    import onnx

    known = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in known]
    if len(inputs) != 1:
        raise NotImportable(f"it has {len(inputs)} inputs, a scorer gives one")
    kind = inputs[0].type.tensor_type
    if kind.elem_type != onnx.TensorProto.FLOAT:
        raise NotImportable("its input is not float32")
    sides = kind.shape.dim
    if len(sides) != 2 or sides[1].dim_value not in (0, width):
        raise NotImportable(f"its input is not a matrix of {width} columns")
    return str(inputs[0].name)


def _run(data: bytes, rows: Floats32) -> list[Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"]
        )
        found: list[Any] = session.run(None, {session.get_inputs()[0].name: rows})
    except Exception as error:
        raise NotImportable(f"it cannot be run: {type(error).__name__}") from error
    return found


def _probabilities(data: bytes, rows: Floats32) -> tuple[int, Floats64]:
    """Which output holds the probabilities, and the second class's."""
    for place, found in enumerate(_run(data, rows)):
        if isinstance(found, list) and found and isinstance(found[0], dict):
            if len(found[0]) == 2:
                second = list(found[0])[1]
                return place, np.array([float(row[second]) for row in found])
        elif (
            isinstance(found, np.ndarray)
            and found.dtype == np.float32
            and found.ndim == 2
            and found.shape[1] in (1, 2)
        ):
            return place, found[:, -1].astype(np.float64)
    raise NotImportable("none of its outputs is a probability of two classes")


def _single(data: bytes, rows: Floats32, place: int) -> bool:
    found = _run(data, rows[:1])[place]
    return isinstance(found, np.ndarray) and found.shape[1] == 1


def _takes_gaps(data: bytes, width: int) -> bool:
    """Whether a row of which nothing is known has a probability."""
    try:
        _, scores = _probabilities(data, np.full((1, width), np.nan, np.float32))
    except NotImportable:
        return False
    return bool(np.isfinite(scores).all())


def _medians(rows: Floats32) -> Floats32:
    known = [column[~np.isnan(column)] for column in rows.T]
    return np.array([np.median(c) if len(c) else 0.0 for c in known], np.float32)


def _rewired(
    model: Any,
    entrance: str,
    exit_: str,
    *,
    two: bool,
    fill: Floats32 | None,
    width: int,
) -> bytes:
    """`rows` -> the old graph -> the second column, named `probability`; with `fill`,
    unknown values are replaced on the way in."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes = []
    for node in model.graph.node:
        if node.op_type == "ZipMap":
            if node.output[0] == exit_:
                exit_ = node.input[0]
            continue
        nodes.append(node)
    initial = list(model.graph.initializer)
    first = [helper.make_node("Identity", ["rows"], [entrance])]
    if fill is not None:
        initial.append(numpy_helper.from_array(fill, "fill"))
        first = [
            helper.make_node("IsNaN", ["rows"], ["unknown"]),
            helper.make_node("Where", ["unknown", "fill", "rows"], [entrance]),
        ]
    last = helper.make_node("Identity", [exit_], ["probability"])
    if two:
        initial.append(numpy_helper.from_array(np.array([1], np.int64), "second"))
        last = helper.make_node("Gather", [exit_, "second"], ["probability"], axis=1)
    graph = helper.make_graph(
        [*first, *nodes, last],
        "imported",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        initializer=initial,
    )
    made = helper.make_model(
        graph, opset_imports=list(model.opset_import), ir_version=model.ir_version
    )
    checker.check_model(made)
    found: bytes = made.SerializeToString()
    return found
