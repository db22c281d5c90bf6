"""Random numbers by purpose: each part draws from its own generator, so that a change in
one scenario leaves every other draw as it was."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """The generator of one purpose, e.g. `generator(7, "habits", day)`."""
    words = [crc32(p.encode()) if isinstance(p, str) else p for p in purpose]
    return np.random.Generator(np.random.PCG64([seed, *words]))


def pick(cumulative: Floats, u: Floats) -> Ints:
    """Indices drawn by weight: `cumulative` weights, uniforms `u` in [0, 1)."""
    found: Ints = np.searchsorted(cumulative, u * cumulative[-1], side="right")
    return found


def pick_rows(cumulative: Floats, u: Floats) -> Ints:
    """One index per row of a matrix of cumulative shares that end at 1."""
    found: Ints = (u[:, None] >= cumulative[:, :-1]).sum(axis=1)
    return found
