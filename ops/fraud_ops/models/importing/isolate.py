"""The parent's side of an import: start the confined process, and believe nothing it says
that cannot be checked."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fraud_ops.models.importing.child import LENGTH_BYTES
from fraud_ops.models.importing.plain import Kind, NotImportable, Plain, Source
from fraud_scoring.artifacts.artifact import MAX_BYTES
from fraud_scoring.artifacts.metadata import FileName
from fraud_scoring.serving.scorer import Floats32


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process may use: private memory in MiB, and seconds."""

    memory_mb: int = 4096
    seconds: int = 120


class Reply(BaseModel):
    """What the process says of the model. The sizes of what follows are bounded."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    source: Source
    algorithm: str = Field(max_length=128)
    importance: tuple[float, ...] = Field(max_length=512)
    parameters: dict[str, float | int | str | bool] = Field(max_length=32)
    libraries: dict[str, str] = Field(max_length=16)
    files: dict[FileName, int] = Field(min_length=1, max_length=8)
    scores: int = Field(ge=0)


@dataclass(frozen=True)
class Converted:
    """A converted model and the versions of the libraries that read the original."""

    plain: Plain
    libraries: dict[str, str]


def convert(
    kind: Kind,
    model: bytes,
    rows: Floats32,
    *,
    stopped: bool = False,
    bounds: Bounds | None = None,
) -> Converted:
    """Convert a model in a process of its own; raises `NotImportable`."""
    bounds = bounds or Bounds()
    if len(model) > MAX_BYTES:
        raise NotImportable(f"it is larger than {MAX_BYTES} bytes")
    order = {
        "kind": kind,
        "stopped": stopped,
        "memory_mb": bounds.memory_mb,
        "seconds": bounds.seconds,
        "model_bytes": len(model),
        "width": rows.shape[1],
    }
    with _scratch() as asked, _scratch() as answered:
        head = json.dumps(order).encode()
        asked.write(len(head).to_bytes(LENGTH_BYTES, "big") + head + model)
        asked.write(np.ascontiguousarray(rows, dtype=np.float32).tobytes())
        asked.seek(0)
        _run(asked, answered, bounds)
        answered.seek(0)
        return _judge(answered, len(rows))


def _run(asked: IO[bytes], answered: IO[bytes], bounds: Bounds) -> None:
    with tempfile.TemporaryDirectory() as nowhere:
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "fraud_ops.models.importing.child"],
            stdin=asked,
            stdout=answered,
            stderr=subprocess.DEVNULL,
            cwd=nowhere,
            # No key, no address, no home: nothing of ours but a path and one thread.
            env={
                "PATH": os.defpath,
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
            start_new_session=True,
        )
        try:
            status = child.wait(bounds.seconds)
        except subprocess.TimeoutExpired:
            raise NotImportable(f"not converted in {bounds.seconds} s") from None
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    if status != 0:
        raise NotImportable(f"reading it ended the process (status {status})")


def _judge(answered: IO[bytes], expected: int) -> Converted:
    length = int.from_bytes(answered.read(LENGTH_BYTES), "big")
    if length > 1024 * 1024:
        raise NotImportable("no readable answer")
    try:
        document: Any = json.loads(answered.read(length))
        if "refused" in document:
            raise NotImportable(str(document["refused"])[:500])
        reply = Reply.model_validate(document)
    except (ValueError, TypeError, ValidationError) as error:
        raise NotImportable("no readable answer") from error
    if reply.scores != expected or sum(reply.files.values()) > MAX_BYTES:
        raise NotImportable("no readable answer")
    files = {name: answered.read(size) for name, size in reply.files.items()}
    scores = np.frombuffer(answered.read(8 * expected), dtype=np.float64)
    if len(scores) != expected or not np.isfinite(scores).all():
        raise NotImportable("it does not give a finite probability for every row")
    plain = Plain(
        source=reply.source,
        algorithm=reply.algorithm,
        files=files,
        scores=scores,
        importance=reply.importance,
        parameters=reply.parameters,
    )
    return Converted(plain, reply.libraries)


def _scratch() -> IO[bytes]:
    """A nameless file, in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("import"), "w+b")
    return tempfile.TemporaryFile()
