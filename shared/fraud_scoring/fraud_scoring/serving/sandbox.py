"""A trial: a model is loaded and tested in a process of its own before it may serve.

The child has bounds on memory, CPU and time, no secrets in its environment, and is the
first that a short machine kills. A model that hangs, eats memory or crashes the parser of
its format ends the child, never the process that serves.

    parent -> child   length, order as JSON, then the bytes of each file
    child -> parent   {"code": null} or why not: {"code", "why"}
"""

import importlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.metadata import Manifest
from fraud_scoring.errors import REFUSALS, ArtifactRefused, SandboxFailed
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.serving.validation import validate_model

ModelCheck = Callable[[Artifact], None]
"""Raises `ArtifactRefused` when the model must not be loaded here."""

_REPLY_BYTES = 64 * 1024
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the child may use: private memory in MiB, seconds of wall time, and half as
    many of CPU."""

    memory_mb: int = 1024
    seconds: float = 60.0
    limit_ms: float = 10.0


class SandboxedCheck:
    """Tries artefacts of one engine; blocks while the child works. While something is
    `serving` beside it, the child only gets the time that is left over."""

    def __init__(
        self,
        engine: ScorerEngine,
        bounds: Bounds,
        serving: Callable[[], bool] = lambda: True,
    ) -> None:
        self._engine = engine
        self._bounds = bounds
        self._serving = serving

    def __call__(self, artifact: Artifact) -> None:
        """Raise `TrialFailed` when the child does not come back with a verdict, and what
        the gate says otherwise."""
        with _scratch() as order, _scratch() as reply:
            nice = 10 if self._serving() else 0
            _write(order, self._engine, artifact, self._bounds, nice)
            order.seek(0)
            status = self._run(order, reply)
            reply.seek(0)
            answer = reply.read(_REPLY_BYTES)
        if status != 0:
            raise SandboxFailed(_ended(status))
        _judge(answer)

    def _run(self, order: IO[bytes], reply: IO[bytes]) -> int:
        child = subprocess.Popen(
            [sys.executable, "-I", "-m", "fraud_scoring.serving.sandbox"],
            stdin=order,
            stdout=reply,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        try:
            return child.wait(self._bounds.seconds)
        except subprocess.TimeoutExpired:
            raise SandboxFailed(f"no verdict in {self._bounds.seconds:g} s") from None
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()


def _scratch() -> IO[bytes]:
    """A nameless file, in memory where the system has that: the disk may be read-only."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("trial"), "w+b")
    return tempfile.TemporaryFile()


def _environment() -> dict[str, str]:
    """Nothing of ours but where libraries are: a child needs no keys."""
    kept = {
        name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ
    }
    return {**kept, "PATH": os.defpath, "OMP_NUM_THREADS": "1"}


def _ended(status: int) -> str:
    if status < 0:
        return f"ended by signal {-status}"
    return f"ended with status {status}"


def _judge(answer: bytes) -> None:
    try:
        verdict = json.loads(answer)
        code, why = verdict["code"], str(verdict.get("why", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SandboxFailed("no readable verdict") from error
    if code is not None:
        raise REFUSALS.get(code, SandboxFailed)(why)


def _write(
    stream: IO[bytes],
    engine: ScorerEngine,
    artifact: Artifact,
    bounds: Bounds,
    nice: int,
) -> None:
    order = {
        "engine": engine.home,
        "memory_mb": bounds.memory_mb,
        "seconds": bounds.seconds,
        "limit_ms": bounds.limit_ms,
        "nice": nice,
        "manifest": artifact.manifest.model_dump(mode="json"),
        "hash": artifact.hash,
        "files": {name: len(data) for name, data in artifact.files.items()},
    }
    head = json.dumps(order).encode()
    stream.write(len(head).to_bytes(_LENGTH_BYTES, "big") + head)
    for data in artifact.files.values():
        stream.write(data)


def _read(stream: IO[bytes]) -> tuple[dict[str, Any], Artifact]:
    length = int.from_bytes(stream.read(_LENGTH_BYTES), "big")
    order: dict[str, Any] = json.loads(stream.read(length))
    files = {name: stream.read(size) for name, size in order["files"].items()}
    manifest = Manifest.model_validate_json(json.dumps(order["manifest"]))
    return order, Artifact(manifest, order["hash"], files)


def _bind(memory_mb: int, seconds: float, nice: int) -> None:
    """Bounds that the kernel keeps, from here on and in anything that is loaded."""
    cpu = max(1, int(seconds / 2))
    for what, most in (
        (resource.RLIMIT_DATA, memory_mb * 1024 * 1024),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, _REPLY_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    with suppress(OSError):
        os.nice(nice)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")


def _try(order: dict[str, Any], artifact: Artifact) -> dict[str, str | None]:
    try:
        module, _, name = order["engine"].partition(":")
        engine: ScorerEngine = getattr(importlib.import_module(module), name)
        validate_model(engine, artifact, limit_ms=order["limit_ms"])
    except ArtifactRefused as error:
        return {"code": error.code, "why": str(error)[:500]}
    except MemoryError:
        return {
            "code": SandboxFailed.code,
            "why": f"more than {order['memory_mb']} MiB",
        }
    except Exception as error:
        return {"code": SandboxFailed.code, "why": f"{type(error).__name__}"}
    return {"code": None}


def main() -> None:
    """The child: read the order, bind itself, try, answer."""
    order, artifact = _read(sys.stdin.buffer)
    # Libraries print; only the verdict may reach the parent.
    answer = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    sys.stdout = io.StringIO()
    _bind(order["memory_mb"], order["seconds"], order["nice"])
    os.write(answer, json.dumps(_try(order, artifact)).encode())
    # At once: what a library does at exit is no part of the verdict.
    os._exit(0)


if __name__ == "__main__":
    main()
