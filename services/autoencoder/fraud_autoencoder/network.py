"""The network, twice: in torch to learn, in ONNX to serve. Never imported when serving."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fraud_scoring.serving.scorer import Floats32

if TYPE_CHECKING:
    from torch import Tensor, nn

# Standardised inputs are held within this many deviations: one absurd amount must not
# drown every other feature of its payment.
CLIP = 8.0
# For some hundred inputs; with few inputs a waist this wide would let everything through.
WAIST = 12
_OPSET, _IR = 17, 8


@dataclass(frozen=True, slots=True)
class Scaling:
    """Per feature: whether to take the signed logarithm first, then mean and deviation."""

    logarithmic: npt.NDArray[np.bool_]
    mean: Floats32
    std: Floats32

    @classmethod
    def of(cls, x: Floats32) -> "Scaling":
        """Fit to the known values. Features that reach beyond 30 (amounts, seconds, busy
        counts) have long tails and are taken by their logarithm."""
        with np.errstate(all="ignore"):
            top = np.nanmax(np.abs(x), axis=0, initial=0.0)
            logarithmic = top > 30.0
        scaled = squash(x, logarithmic)
        known = ~np.isnan(scaled)
        count = np.maximum(known.sum(axis=0), 1)
        filled = np.where(known, scaled, 0.0).astype(np.float64)
        mean = filled.sum(axis=0) / count
        spread = np.where(known, filled - mean, 0.0) ** 2
        std = np.sqrt(spread.sum(axis=0) / count)
        return cls(
            logarithmic,
            mean.astype(np.float32),
            # A feature that never varied in training still shows when it does.
            np.maximum(std, 0.05).astype(np.float32),
        )

    def apply(self, x: Floats32) -> Floats32:
        """Standardised and clipped; NaN stays NaN."""
        z = (squash(x, self.logarithmic) - self.mean) / self.std
        return np.asarray(np.clip(z, -CLIP, CLIP), dtype=np.float32)


def squash(x: Floats32, logarithmic: npt.NDArray[np.bool_]) -> Floats32:
    """sign(x) log(1 + |x|) where asked."""
    found = np.where(logarithmic, np.sign(x) * np.log1p(np.abs(x)), x)
    return np.asarray(found, dtype=np.float32)


def layers(width: int, waist: int = WAIST) -> "nn.Sequential":
    """width - 48 - waist - 48 - width: the narrow waist is why it must generalise."""
    from torch import nn

    return nn.Sequential(
        nn.Linear(width, 48),
        nn.ReLU(),
        nn.Linear(48, waist),
        nn.ReLU(),
        nn.Linear(waist, 48),
        nn.ReLU(),
        nn.Linear(48, width),
    )


def parts(network: "nn.Sequential", z: "Tensor") -> "Tensor":
    """Squared error per feature, divided by the number of known ones; 0 where unknown."""
    import torch

    unknown = torch.isnan(z)
    given = torch.where(unknown, torch.zeros_like(z), z)
    error = (network(given) - given) ** 2
    known = (~unknown).sum(dim=1, keepdim=True).clamp(min=1)
    return torch.where(unknown, torch.zeros_like(error), error) / known


def to_onnx(network: "nn.Sequential", scaling: Scaling) -> bytes:
    """`rows` (n x width) -> `error` (n x 1) and `parts` (n x width)."""
    graph = _Graph()
    graph.constant("zero", np.float32(0.0))
    graph.constant("one", np.float32(1.0))
    _standardise(graph, scaling)
    _errors(graph, _dense_layers(graph, network, "given"))
    return graph.model(len(scaling.mean))


class _Graph:
    """Collects nodes and constants by name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, op: str, inputs: str, output: str, **attributes: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs.split(), [output], **attributes))

    def constant(self, name: str, value: Any) -> None:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value), name))

    def model(self, width: int) -> bytes:
        """Checked and serialised, with `error` and `parts` as its outputs."""
        from onnx import TensorProto, checker, helper

        rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])
        outputs = [
            helper.make_tensor_value_info("error", TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info("parts", TensorProto.FLOAT, [None, width]),
        ]
        model = helper.make_model(
            helper.make_graph(
                self.nodes, "autoencoder", [rows], outputs, self.constants
            ),
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR,
        )
        checker.check_model(model)
        data: bytes = model.SerializeToString()
        return data


def _standardise(graph: _Graph, scaling: Scaling) -> None:
    """`rows` -> `given`: as `Scaling.apply`, with 0 for `unknown` values."""
    graph.constant("mean", scaling.mean[None, :])
    graph.constant("std", scaling.std[None, :])
    graph.constant("logarithmic", scaling.logarithmic[None, :])
    graph.constant("low", np.float32(-CLIP))
    graph.constant("high", np.float32(CLIP))
    for op, inputs, output in (
        ("IsNaN", "rows", "unknown"),
        ("Abs", "rows", "size"),
        ("Add", "size one", "size1"),
        ("Log", "size1", "log"),
        ("Sign", "rows", "sign"),
        ("Mul", "sign log", "signed"),
        ("Where", "logarithmic signed rows", "squashed"),
        ("Sub", "squashed mean", "centred"),
        ("Div", "centred std", "scaled"),
        ("Clip", "scaled low high", "clipped"),
        ("Where", "unknown zero clipped", "given"),
    ):
        graph.node(op, inputs, output)


def _errors(graph: _Graph, rebuilt: str) -> None:
    """`given` against what the network made of it -> `parts` and `error`."""
    graph.constant("columns", np.array([1], dtype=np.int64))
    for op, inputs, output in (
        ("Sub", f"{rebuilt} given", "difference"),
        ("Mul", "difference difference", "squared"),
        ("Where", "unknown zero squared", "counted"),
        ("Where", "unknown zero one", "known"),
        ("ReduceSum", "known columns", "known_sum"),
        ("Max", "known_sum one", "known_count"),
        ("Div", "counted known_count", "parts"),
        ("ReduceSum", "parts columns", "error"),
    ):
        graph.node(op, inputs, output)


def _dense_layers(graph: _Graph, network: "nn.Sequential", current: str) -> str:
    from torch import nn

    for i, layer in enumerate(network):
        if isinstance(layer, nn.Linear):
            graph.constant(f"weight{i}", layer.weight.detach().numpy())
            graph.constant(f"bias{i}", layer.bias.detach().numpy())
            graph.node("Gemm", f"{current} weight{i} bias{i}", f"layer{i}", transB=1)
        else:
            graph.node("Relu", current, f"layer{i}")
        current = f"layer{i}"
    return current
