"""Many small sorted lists of (moment, number) pairs in one array.

Each entity has a region; a region that is full moves to a larger one at the end. When the
end of the array is reached, everything still needed moves to a new array.
"""

import numpy as np

from fraud_features.columnar.jit import NEVER, Codes, Flags, Ints, compiled, grown

# Columns of `meta`: where an entity's events are, and what is known about them. Hints of
# where each window began follow from HINTS on.
BASE, HEAD, END, CAP, TOTAL, HOLE, HINTS = range(7)
_SMALLEST = 4


@compiled
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
        middle = (low + high) // 2
        if events[middle, 0] <= moment:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _capacity(events: int) -> int:
    size = _SMALLEST
    while size < events:
        size *= 2
    return size


@compiled
def _count(keys: Codes, admitted: Flags, need: Ints) -> None:
    for i in range(len(keys)):
        if keys[i] >= 0 and admitted[i]:
            need[keys[i]] += 1


@compiled
def _move(
    meta: Ints, e: int, old: Ints, new: Ints, base: int, size: int, keep: int
) -> None:
    head, end = meta[e, HEAD], meta[e, END]
    if end > head:
        head = after(old, old[end - 1, 0] - keep, head, end, head)
    for i in range(end - head):
        new[base + i, 0] = old[head + i, 0]
        new[base + i, 1] = old[head + i, 1]
    for hint in range(HINTS, meta.shape[1]):
        meta[e, hint] += base - head
    meta[e, BASE] = meta[e, HEAD] = base
    meta[e, END] = base + end - head
    meta[e, CAP] = size


@compiled
def _grow(
    meta: Ints, events: Ints, need: Ints, keys: Codes, used: int, keep: int
) -> tuple[int, bool]:
    """Give every key room for what it needs; False when the array is too short."""
    for i in range(len(keys)):
        e = keys[i]
        if e < 0 or need[e] == 0:
            continue
        room = meta[e, BASE] + meta[e, CAP] - meta[e, END]
        if room < need[e]:
            size = _capacity(meta[e, END] - meta[e, HEAD] + need[e])
            if used + size > len(events):
                return used, False
            _move(meta, e, events, events, used, size, keep)
            used += size
    for i in range(len(keys)):
        if keys[i] >= 0:
            need[keys[i]] = 0
    return used, True


@compiled
def _sizes(meta: Ints, need: Ints) -> int:
    total = 0
    for e in range(len(meta)):
        live = meta[e, END] - meta[e, HEAD] + need[e]
        if live:
            total += _capacity(live)
    return total


@compiled
def _compact(meta: Ints, old: Ints, new: Ints, need: Ints, keep: int) -> int:
    used = 0
    for e in range(len(meta)):
        live = meta[e, END] - meta[e, HEAD] + need[e]
        size = _capacity(live) if live else 0
        _move(meta, e, old, new, used, size, keep)
        used += size
        need[e] = 0
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
        self._used = 0
        self._need: Ints = np.empty(0, dtype=np.int64)

    def reserve(self, keys: Codes, admitted: Flags, entities: int) -> None:
        """Make room for one event per admitted row; codes are below `entities`."""
        if len(self.meta) < entities:
            known = len(self.meta)
            self.meta = grown(self.meta, entities, 0)
            self.meta[known:, HOLE] = NEVER
            self._need = grown(self._need, entities, 0)
        _count(keys, admitted, self._need)
        self._used, fits = _grow(
            self.meta, self.events, self._need, keys, self._used, self._keep
        )
        if not fits:
            size = 2 * _sizes(self.meta, self._need)
            events = np.empty((max(size, len(self.events) // 2), 2), dtype=np.int64)
            self._used = _compact(
                self.meta, self.events, events, self._need, self._keep
            )
            self.events = events

    def forget(self, upto: int) -> None:
        """Forget entities whose newest event is not after this moment."""
        _forget(self.meta, self.events, upto)
