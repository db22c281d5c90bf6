"""The process that reads a stranger's model: it confines itself, converts, and answers.

parent -> child   length, order as JSON, the model's bytes, the sample rows (float32)
child -> parent   length, reply as JSON, the bytes of each file, the scores (float64)
"""

import io
import json
import os
import sys
from typing import IO, Any

from fraud_ops.models.importing import confine

LENGTH_BYTES = 8


def main() -> None:
    """Run once, as `python -I -m fraud_ops.models.importing.child`."""
    # First: a process with threads cannot leave the network.
    alone = confine.without_network()
    order, model, rows = _read(sys.stdin.buffer)
    answer = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    sys.stdout = io.StringIO()
    confine.bound(order["memory_mb"], order["seconds"])
    _answer(answer, *_convert(order, model, rows, alone))
    # At once: what the model left for the exit is not run.
    os._exit(0)


def _read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes, Any]:
    import numpy as np

    length = int.from_bytes(stream.read(LENGTH_BYTES), "big")
    order: dict[str, Any] = json.loads(stream.read(length))
    model = stream.read(order["model_bytes"])
    rows = np.frombuffer(stream.read(), dtype=np.float32)
    return order, model, rows.reshape(-1, order["width"])


def _convert(
    order: dict[str, Any], model: bytes, rows: Any, alone: bool
) -> tuple[dict[str, Any], list[bytes]]:
    from fraud_ops.models.importing.plain import NotImportable

    try:
        plain = _plain(order, model, rows, alone)
    except (NotImportable, confine.Forbidden) as error:
        return {"refused": str(error)}, []
    except MemoryError:
        return {"refused": f"it needs more than {order['memory_mb']} MiB"}, []
    except Exception as error:
        hidden = _forbidden(error)
        why = str(hidden) if hidden else f"it cannot be read: {type(error).__name__}"
        return {"refused": why}, []
    from fraud_scoring.artifacts import libraries

    reply = {
        "source": plain.source,
        "algorithm": plain.algorithm,
        "importance": plain.importance,
        "parameters": plain.parameters,
        "libraries": libraries.installed(plain.libraries),
        "files": {name: len(data) for name, data in plain.files.items()},
        "scores": len(plain.scores),
    }
    return reply, [*plain.files.values(), plain.scores.astype("float64").tobytes()]


def _plain(order: dict[str, Any], model: bytes, rows: Any, alone: bool) -> Any:
    from fraud_ops.models.importing import boosters, forests, graphs
    from fraud_ops.models.importing.plain import NotImportable

    kind = order["kind"]
    if kind == "onnx":
        return graphs.convert(model, rows)
    if kind == "xgboost":
        return boosters.convert_xgboost(model, rows, stopped=order["stopped"])
    if kind == "lightgbm":
        return boosters.convert_lightgbm(model, rows)
    if not alone:
        raise NotImportable(
            "it is a pickle, and this machine does not let a process leave the network: "
            "import it where user namespaces are allowed"
        )
    _load_everything()
    with confine.watched():
        found = forests.unpickle(model)
    return forests.convert(found, rows)


def _load_everything() -> None:
    """What unpickling may need, before the hook makes importing more than reading."""
    import joblib.numpy_pickle  # noqa: TID251 - confined
    import onnx.checker
    import sklearn.ensemble
    import sklearn.tree
    import xgboost

    del joblib, onnx, sklearn, xgboost


def _forbidden(error: BaseException | None) -> BaseException | None:
    while error is not None:
        if isinstance(error, confine.Forbidden):
            return error
        error = error.__cause__ or error.__context__
    return None


def _answer(handle: int, reply: dict[str, Any], parts: list[bytes]) -> None:
    head = json.dumps(reply).encode()
    with os.fdopen(handle, "wb") as stream:
        stream.write(len(head).to_bytes(LENGTH_BYTES, "big") + head)
        for part in parts:
            stream.write(part)


if __name__ == "__main__":
    main()
