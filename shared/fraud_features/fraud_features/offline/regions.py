"""Many small sorted lists of (moment, number) pairs in one array.

Each entity has a region; a region that is full moves to a larger one at the end. When the
end of the array is reached, everything still needed moves to a new array.
"""

import numpy as np

from fraud_features.offline.arrays import Lists
from fraud_features.offline.jit import (
    AHEAD,
    NEVER,
    Codes,
    Ints,
    compiled,
    fetch,
    grown,
    inlined,
)

# Columns of `meta`: where an entity's events are, and what is known about them. Hints of
# where each window began follow from HINTS on.
BASE, HEAD, END, CAP, TOTAL, HOLE, HINTS = range(7)
_SMALLEST = 4


@inlined
def after(events: Ints, moment: int, low: int, high: int, hint: int) -> int:
    """The first place in [low, high) with an event after `moment`, sought from `hint`."""
    hint = min(max(hint, low), high)
    step = 1
    if hint < high and events[hint, 0] <= moment:
        low = hint + 1
        probe = low
        while probe < high and events[probe, 0] <= moment:
            low = probe + 1
            step *= 2
            probe += step
        high = min(probe, high)
    else:
        high = hint
        probe = hint - 1
        while probe >= low and events[probe, 0] > moment:
            high = probe
            step *= 2
            probe -= step
        low = max(low, probe + 1)
    while low < high:
        middle = (low + high) >> 1
        if events[middle, 0] <= moment:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def copy(old: Ints, here: int, new: Ints, there: int) -> None:
    """One event to another place."""
    new[there, 0] = old[here, 0]
    new[there, 1] = old[here, 1]


@inlined
def fetch_ahead(meta: Ints, events: Ints, keys: Codes, row: int, hints: int) -> None:
    """Begin to load what rows ahead of this one will touch: the end of the list, and so
    many hints."""
    far, near = row + AHEAD, row + AHEAD // 2
    if far < len(keys) and keys[far] >= 0:
        fetch(meta, keys[far])
    if near < len(keys) and keys[near] >= 0:
        e = keys[near]
        fetch(events, meta[e, END])
        for hint in range(HINTS, HINTS + hints):
            fetch(events, meta[e, hint])


@compiled
def _capacity(events: int) -> int:
    size = _SMALLEST
    while size < events:
        size *= 2
    return size


@compiled
def _move(
    meta: Ints, e: int, old: Ints, new: Ints, base: int, size: int, keep: int
) -> None:
    head, end = meta[e, HEAD], meta[e, END]
    if end > head:
        head = after(old, old[end - 1, 0] - keep, head, end, head)
    for i in range(end - head):
        copy(old, head + i, new, base + i)
    for hint in range(HINTS, meta.shape[1]):
        meta[e, hint] += base - head
    meta[e, BASE] = meta[e, HEAD] = base
    meta[e, END] = base + end - head
    meta[e, CAP] = size


@inlined
def room(meta: Ints, events: Ints, used: Ints, e: int, keep: int) -> bool:
    """Make room for one more event; False when the array is too short for that."""
    head, end = meta[e, HEAD], meta[e, END]
    if end < meta[e, BASE] + meta[e, CAP]:
        return True
    if end > head:
        head = after(events, events[end - 1, 0] - keep, head, end, head)
    live = end - head
    if live and 2 * live <= meta[e, CAP]:
        # Half of the region is past: the rest moves to its beginning.
        _move(meta, e, events, events, meta[e, BASE], meta[e, CAP], keep)
        return True
    size = _capacity(2 * live)
    if used[0] + size > len(events):
        return False
    _move(meta, e, events, events, used[0], size, keep)
    used[0] += size
    return True


@compiled
def _sizes(meta: Ints) -> int:
    total = 0
    for e in range(len(meta)):
        live = meta[e, END] - meta[e, HEAD]
        if live:
            total += _capacity(live + 1)
    return total


@compiled
def _compact(meta: Ints, old: Ints, new: Ints, keep: int) -> int:
    used = 0
    for e in range(len(meta)):
        live = meta[e, END] - meta[e, HEAD]
        size = _capacity(live + 1) if live else 0
        _move(meta, e, old, new, used, size, keep)
        used += size
    return used


@compiled
def _forget(meta: Ints, events: Ints, upto: int) -> None:
    for e in range(len(meta)):
        end = meta[e, END]
        if end > meta[e, HEAD] and events[end - 1, 0] <= upto:
            meta[e, HEAD] = end
            meta[e, TOTAL] = 0
            meta[e, HOLE] = NEVER


class Regions:
    """The lists of one kind of entity. `keep` is how far behind its newest event an
    entity's events still matter (microseconds); older ones go when a region moves."""

    def __init__(self, hints: int, keep: int) -> None:
        self.meta: Ints = np.empty((0, HINTS + hints), dtype=np.int64)
        self.events: Ints = np.empty((1 << 12, 2), dtype=np.int64)
        self._keep = keep
        self.used: Ints = np.zeros(1, dtype=np.int64)

    def admit(self, entities: int) -> None:
        """Codes are below `entities` from now on."""
        known = len(self.meta)
        if known < entities:
            self.meta = grown(self.meta, entities, 0)
            self.meta[known:, HOLE] = NEVER

    @property
    def lists(self) -> Lists:
        """The lists as a kernel takes them, until room is made again."""
        return Lists(self.meta, self.events, self.used)

    def enlarge(self) -> None:
        """Move everything that is still needed to an array with as much room again."""
        size = max(2 * _sizes(self.meta), len(self.events))
        events = np.empty((size, 2), dtype=np.int64)
        self.used[0] = _compact(self.meta, self.events, events, self._keep)
        self.events = events

    def forget(self, upto: int) -> None:
        """Forget entities whose newest event is not after this moment."""
        _forget(self.meta, self.events, upto)
