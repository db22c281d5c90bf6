"""The one importer of numba: kernels that release the interpreter and are kept on disk.

A kept kernel is known by the date of its own file: after a change to what another file's
kernel inlines (in `regions`, or here) or to the tuples in `arrays`, delete `__pycache__/*.nb*`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

NEVER = -(1 << 62)
# A kernel begins to load what a row needs this many rows before it gets there, and what
# that points to half as many before: entities come in no order, so nothing is in a cache.
AHEAD = 16
_F = TypeVar("_F", bound=Callable[..., Any])


# Kernels make no array, so nothing has to count references to one. Two threads that count
# on the same array spend a third of their time on it; without `_nrt` a kernel that would
# make one does not compile.
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "_nrt": False}


def compiled(function: _F) -> _F:
    """The function as machine code, compiled when first called and then cached."""
    return cast(_F, numba.njit(**_OPTIONS)(function))


def inlined(function: _F) -> _F:
    """As `compiled`, for what a kernel does with one row: a call would pass each array as
    nine numbers."""
    return cast(_F, numba.njit(**_OPTIONS, forceinline=True)(function))


def _fetch(_: Any, array: Any, row: Any) -> Any:
    """A typed `fetch`: its signature, and what writes its one instruction."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, values[0])
        start = builder.bitcast(view.data, cgutils.voidptr_t)
        stride = builder.extract_value(view.strides, 0)
        place = builder.gep(start, [builder.mul(stride, values[1])])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        name = "llvm.prefetch.p0"
        load: Any = cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]
        # For writing, kept in every cache, data.
        builder.call(load, [place, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), emit


# `fetch(array, row)` begins to load that row, in a kernel. It need not exist, and nothing
# is waited for.
fetch = cast(Callable[[npt.NDArray[Any], int], None], intrinsic(_fetch))


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
