"""Engines whose models hang, eat memory or crash: for a trial in another process only."""

import ctypes
import os
import signal
from typing import NoReturn

import numpy as np

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.testing import LinearScorer


def _hang(_: Artifact) -> NoReturn:
    while True:
        signal.pause()


def _spin(_: Artifact) -> NoReturn:
    while True:
        pass


def _eat(_: Artifact) -> NoReturn:
    eaten = []
    while True:  # written to, so that the memory is really taken
        eaten.append(np.ones(4 * 1024 * 1024))


def _crash(_: Artifact) -> NoReturn:
    ctypes.string_at(0)
    raise AssertionError("unreachable")


def _leave(_: Artifact) -> NoReturn:
    os._exit(7)


def _shout(_: Artifact) -> NoReturn:
    while True:
        os.write(1, b'{"code": null}' * 1000)


def _spy(_: Artifact) -> LinearScorer:
    """Fails when anything of the parent's environment can be seen."""
    if os.environ.get("FRAUD_SIGNING_KEY"):
        raise SystemExit(9)
    return LinearScorer(np.array([0.5, 1.0, -0.25]))


def _engine(name: str) -> ScorerEngine:
    return ScorerEngine(
        source="xgboost",
        raw_name="fraud_score",
        load=globals()[f"_{name.lower()}"],
        home=f"{__name__}:{name}",
    )


HANG = _engine("HANG")
SPIN = _engine("SPIN")
EAT = _engine("EAT")
CRASH = _engine("CRASH")
LEAVE = _engine("LEAVE")
SHOUT = _engine("SHOUT")
SPY = _engine("SPY")
