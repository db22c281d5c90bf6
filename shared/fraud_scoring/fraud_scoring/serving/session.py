"""ONNX graphs under ONNX Runtime: one thread, no spinning, one input of rows."""

from typing import cast

import numpy as np
import onnxruntime

from fraud_scoring.errors import FeatureMismatch, MalformedArtifact
from fraud_scoring.serving.scorer import Floats32, Floats64


class OnnxGraph:
    """A graph that takes `rows` (n x width, float32) and gives named outputs."""

    def __init__(self, data: bytes, width: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime raises its own unrelated classes
            raise MalformedArtifact(f"not a usable ONNX graph: {error}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].name != "rows" or inputs[0].shape[1] != width:
            raise FeatureMismatch("the graph does not take rows of this width")
        self._run = self._session.run

    def column(self, output: str, rows: Floats32) -> Floats64:
        """One figure per row."""
        found = self._run([output], {"rows": rows})[0]
        return cast(Floats64, found.reshape(len(rows)).astype(np.float64))

    def matrix(self, output: str, rows: Floats32) -> Floats64:
        """One figure per row and feature."""
        return cast(Floats64, self._run([output], {"rows": rows})[0].astype(np.float64))
