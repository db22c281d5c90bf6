"""Ids as small integers that stay the same from chunk to chunk.

An id is known by 128 bits of hash; its text is kept once, because a full seen set breaks
ties by it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_features.offline.jit import AHEAD, Codes, Flags, Ints, compiled, fetch

_SEEDS = (0x5EED, 0xC0DE)
_FIRST_SLOTS = 1 << 12


@compiled
def _encode(
    one: Ints,
    two: Ints,
    valid: Flags,
    table: Ints,
    size: int,
    insert: bool,
    start: int,
    out: Codes,
    firsts: Ints,
) -> tuple[int, int]:
    """Fill `out` from row `start`; stops where the table is half full. Returns the row
    reached and the number of codes; `firsts[code]` is the row that brought a new one."""
    mask = len(table) - 1
    known = size
    for i in range(start, len(one)):
        if i + AHEAD < len(one):
            fetch(table, one[i + AHEAD] & mask)
        if not valid[i]:
            out[i] = -1
            continue
        if insert and 2 * size >= len(table):
            return i, size
        slot = one[i] & mask
        while table[slot, 2] >= 0 and (
            table[slot, 0] != one[i] or table[slot, 1] != two[i]
        ):
            slot = (slot + 1) & mask
        if table[slot, 2] < 0 and insert:
            table[slot, 0] = one[i]
            table[slot, 1] = two[i]
            table[slot, 2] = size
            firsts[size - known] = i
            size += 1
        out[i] = table[slot, 2]
    return len(one), size


@compiled
def _rehash(old: Ints, new: Ints) -> None:
    mask = len(new) - 1
    for i in range(len(old)):
        if old[i, 2] >= 0:
            slot = old[i, 0] & mask
            while new[slot, 2] >= 0:
                slot = (slot + 1) & mask
            for column in range(3):
                new[slot, column] = old[i, column]


class Hashes(NamedTuple):
    """Ids as the kernel takes them: two hashes of 64 bits, and which are not null."""

    one: Ints
    two: Ints
    valid: Flags

    @classmethod
    def of(cls, ids: pl.Series) -> "Hashes":
        """Of texts."""
        one, two = (ids.hash(seed).to_numpy().view(np.int64) for seed in _SEEDS)
        return cls(one, two, ids.is_not_null().to_numpy())


class CodeBook:
    """Codes 0, 1, 2 … in order of first appearance."""

    def __init__(self, *, keep_text: bool) -> None:
        self.size = 0
        self._keep_text = keep_text
        self._table: Ints = _empty(_FIRST_SLOTS)
        self._texts: list[pl.Series] = []
        self._ranks: Ints = np.empty(0, dtype=np.int64)

    def encode(self, ids: pl.Series, *, insert: bool = True) -> Codes:
        """The code of each id; -1 for null, and for an unknown one without `insert`."""
        return self.place(ids, Hashes.of(ids), insert=insert)

    def place(self, ids: pl.Series, hashes: Hashes, *, insert: bool = True) -> Codes:
        """`encode` for ids that are hashed already."""
        out: Codes = np.empty(len(ids), dtype=np.int32)
        firsts: Ints = np.empty(len(ids) if insert else 0, dtype=np.int64)
        row = 0
        while True:
            before = self.size
            row, self.size = _encode(
                *hashes, self._table, before, insert, row, out, firsts
            )
            if self._keep_text and self.size > before:
                self._texts.append(ids.gather(firsts[: self.size - before]))
            if row == len(ids):
                return out
            table = _empty(4 * len(self._table))
            _rehash(self._table, table)
            self._table = table

    def clear(self) -> None:
        """Begin again, in the room that is there."""
        self.size = 0
        self._texts.clear()
        self._table[:, 2] = -1

    def ranks(self) -> Ints:
        """For each code the place of its id among all ids in order of text (UTF-8)."""
        if len(self._ranks) != self.size:
            texts = pl.concat(self._texts)
            self._ranks = texts.rank("ordinal").cast(pl.Int64).to_numpy()
        return self._ranks


def _empty(slots: int) -> Ints:
    table = np.empty((slots, 4), dtype=np.int64)
    table[:, 2] = -1
    return table


class RecentIds:
    """Which transaction ids came before.

    With a `memory` (microseconds of event time) an id is known for at least so long, and
    forgotten after twice as long; without one it is known for good.
    """

    def __init__(self, memory: int | None) -> None:
        self._memory = memory
        self._old = CodeBook(keep_text=False)
        self._young = CodeBook(keep_text=False)
        self._since: int | None = None

    def is_new(self, ids: pl.Series, clock: int) -> npt.NDArray[np.bool_]:
        """Marks the rows whose id was never seen, and remembers all of them; `clock` is
        the newest event time of these rows."""
        hashes, known = Hashes.of(ids), self._young.size
        codes = self._young.place(ids, hashes)
        # Codes count up: a row brought one when it is above all before it.
        before = np.maximum.accumulate(np.concatenate(([known - 1], codes)))[:-1]
        new: npt.NDArray[np.bool_] = codes > before
        if self._old.size:
            new &= self._old.place(ids, hashes, insert=False) < 0
        if self._since is None:
            self._since = clock
        elif self._memory is not None and clock - self._since >= self._memory:
            self._old, self._young = self._young, self._old
            self._young.clear()
            self._since = clock
        return new
