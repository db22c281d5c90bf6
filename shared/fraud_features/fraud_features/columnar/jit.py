"""The one importer of numba: kernels that release the interpreter and are kept on disk."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -(1 << 62)
_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """The function as machine code, compiled when first called and then cached."""
    return cast(_F, numba.njit(nogil=True, cache=True)(function))


def grown(array: npt.NDArray[Any], rows: int, fill: int | None) -> npt.NDArray[Any]:
    """An array with at least so many rows: itself, or a copy of twice the size, whose new
    rows hold `fill`, or with None whatever is there."""
    if len(array) >= rows:
        return array
    shape = (max(rows, 2 * len(array)), *array.shape[1:])
    # Pages that are not written are not handed out, so nothing is filled needlessly.
    make = np.zeros if fill == 0 else np.empty
    more = make(shape, dtype=array.dtype)
    more[: len(array)] = array
    if fill:
        more[len(array) :] = fill
    return more
