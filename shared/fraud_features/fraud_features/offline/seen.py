"""Who was seen with whom, and when last: the kernel of `windows.SeenSet`.

The values of an owner form a list in order of last sighting. For each window a cursor
marks where it begins and how many values follow, so that a row costs O(1) amortised.
"""

import numpy as np

from fraud_features.offline.arrays import Distinct, SeenRows, Sets, Slots
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

# Columns of `owners`; per window a cursor and a count follow from CURSORS on.
FIRST, LAST, SIZE, HOLE, READ_AT, CURSORS = range(6)
# Columns of `links`.
OWNER, VALUE, PREVIOUS, NEXT, CHAIN = range(5)  # a free one has no owner: -1
FREE, USED = range(2)


@inlined
def _bucket(owner: int, value: int, buckets: Codes) -> int:
    mixed = (owner * 0x9E3779B1 + value) * 0x85EBCA6B
    return int((mixed ^ (mixed >> 29)) & (len(buckets) - 1))


@inlined
def _find(owner: int, value: int, links: Codes, buckets: Codes) -> int:
    node = buckets[_bucket(owner, value, buckets)]
    while node >= 0 and (links[node, OWNER] != owner or links[node, VALUE] != value):
        node = links[node, CHAIN]
    return int(node)


@inlined
def _take_out(
    owners: Ints, o: int, links: Codes, times: Ints, node: int, lengths: Ints
) -> None:
    before, behind = links[node, PREVIOUS], links[node, NEXT]
    if before >= 0:
        links[before, NEXT] = behind
    else:
        owners[o, FIRST] = behind
    if behind >= 0:
        links[behind, PREVIOUS] = before
    else:
        owners[o, LAST] = before
    for k in range(len(lengths)):
        if times[node] > owners[o, READ_AT] - lengths[k]:
            owners[o, CURSORS + 2 * k + 1] -= 1
            if owners[o, CURSORS + 2 * k] == node:
                owners[o, CURSORS + 2 * k] = behind


@inlined
def _put_in(
    owners: Ints, o: int, links: Codes, times: Ints, node: int, lengths: Ints
) -> None:
    t = times[node]
    before, behind = owners[o, LAST], -1
    while before >= 0 and times[before] > t:
        before, behind = links[before, PREVIOUS], before
    links[node, PREVIOUS] = before
    links[node, NEXT] = behind
    if before >= 0:
        links[before, NEXT] = node
    else:
        owners[o, FIRST] = node
    if behind >= 0:
        links[behind, PREVIOUS] = node
    else:
        owners[o, LAST] = node
    for k in range(len(lengths)):
        if t > owners[o, READ_AT] - lengths[k]:
            owners[o, CURSORS + 2 * k + 1] += 1
            if owners[o, CURSORS + 2 * k] == behind:
                owners[o, CURSORS + 2 * k] = node


@inlined
def _release(node: int, links: Codes, buckets: Codes, pool: Ints) -> None:
    place = _bucket(links[node, OWNER], links[node, VALUE], buckets)
    if buckets[place] == node:
        buckets[place] = links[node, CHAIN]
    else:
        other = buckets[place]
        while links[other, CHAIN] != node:
            other = links[other, CHAIN]
        links[other, CHAIN] = links[node, CHAIN]
    links[node, OWNER] = -1
    links[node, NEXT] = pool[FREE]
    pool[FREE] = node


@inlined
def _new(owner: int, value: int, links: Codes, buckets: Codes, pool: Ints) -> int:
    node = pool[FREE]
    if node >= 0:
        pool[FREE] = links[node, NEXT]
    else:
        node = pool[USED]
        pool[USED] += 1
    place = _bucket(owner, value, buckets)
    links[node, OWNER] = owner
    links[node, VALUE] = value
    links[node, CHAIN] = buckets[place]
    buckets[place] = node
    return int(node)


@inlined
def _tie(owners: Ints, o: int, links: Codes, times: Ints, t: int) -> bool:
    """Whether a value more, seen at t, could leave two that are equally long unseen."""
    first = owners[o, FIRST]
    second = links[first, NEXT]
    return bool(t <= times[first] or (second >= 0 and times[second] == times[first]))


@compiled
def _oldest(owners: Ints, o: int, links: Codes, times: Ints, ranks: Ints) -> int:
    """The value that a full set drops: the longest unseen, the first by text on a tie."""
    node = owners[o, FIRST]
    other = links[node, NEXT]
    while other >= 0 and times[other] == times[owners[o, FIRST]]:
        if ranks[links[other, VALUE]] < ranks[links[node, VALUE]]:
            node = other
        other = links[other, NEXT]
    return int(node)


@inlined
def _distinct(
    owners: Ints, o: int, links: Codes, times: Ints, t: int, length: int, k: int
) -> int:
    """Values seen in (t - length, t]; the cursor moves to where that begins."""
    cursor, count = owners[o, CURSORS + 2 * k], owners[o, CURSORS + 2 * k + 1]
    if t < owners[o, READ_AT]:
        # Only after the owner's log was swept: begin again from the first value.
        cursor, count = owners[o, FIRST], owners[o, SIZE]
    while cursor >= 0 and times[cursor] <= t - length:
        cursor = links[cursor, NEXT]
        count -= 1
    owners[o, CURSORS + 2 * k] = cursor
    owners[o, CURSORS + 2 * k + 1] = count
    return int(count)


@inlined
def _fetch_ahead(
    keys: Codes,
    values: Codes,
    owners: Ints,
    links: Codes,
    times: Ints,
    buckets: Codes,
    row: int,
) -> None:
    """Begin to load what rows ahead of this one will touch: the owner and where the pair
    may be found, then that pair and the owner's newest, then its neighbours."""
    at = row + 3 * AHEAD // 2
    if at < len(keys) and keys[at] >= 0:
        fetch(owners, keys[at])
        if values[at] >= 0:
            fetch(buckets, _bucket(keys[at], values[at], buckets))
    at = row + AHEAD
    if at < len(keys) and keys[at] >= 0:
        last = owners[keys[at], LAST]
        fetch(links, last)
        fetch(times, last)
        if values[at] >= 0:
            node = buckets[_bucket(keys[at], values[at], buckets)]
            fetch(links, node)
            fetch(times, node)
    at = row + AHEAD // 2
    if at < len(keys) and keys[at] >= 0 and values[at] >= 0:
        node = buckets[_bucket(keys[at], values[at], buckets)]
        if node >= 0:
            fetch(links, links[node, PREVIOUS])
            fetch(links, links[node, NEXT])


@compiled
def observe_seen(
    rows: SeenRows, sets: Sets, distinct: Distinct, slots: Slots, start: int
) -> int:
    """Whether each value was known to its owner, and distinct counts, from row `start` on;
    returns the row reached, which is short of the last one only where `ranks` are needed."""
    keys, values, t, late = rows
    owners, links, times, buckets, pool = sets
    lengths, cap, ranks = distinct
    out, slot = slots
    for i in range(start, len(keys)):
        _fetch_ahead(keys, values, owners, links, times, buckets, i)
        o = keys[i]
        if o < 0:
            continue
        if values[i] >= 0:
            node = _find(o, values[i], links, buckets)
            out[slot, i] = 1.0 if node >= 0 else 0.0
            if node < 0:
                full = owners[o, SIZE] >= cap
                if full and len(ranks) == 0 and _tie(owners, o, links, times, t[i]):
                    return i
                node = _new(o, values[i], links, buckets, pool)
                times[node] = t[i]
                _put_in(owners, o, links, times, node, lengths)
                owners[o, SIZE] += 1
                if owners[o, SIZE] > cap:
                    gone = _oldest(owners, o, links, times, ranks)
                    owners[o, HOLE] = max(owners[o, HOLE], times[gone])
                    _take_out(owners, o, links, times, gone, lengths)
                    _release(gone, links, buckets, pool)
                    owners[o, SIZE] -= 1
            elif times[node] < t[i]:
                _take_out(owners, o, links, times, node, lengths)
                times[node] = t[i]
                _put_in(owners, o, links, times, node, lengths)
        if late[i]:
            continue
        for k in range(len(lengths)):
            count = _distinct(owners, o, links, times, t[i], lengths[k], k)
            if t[i] - lengths[k] >= owners[o, HOLE]:
                out[slot + 1 + k, i] = count
        owners[o, READ_AT] = t[i]
    return len(keys)


@compiled
def _rechain(links: Codes, used: int, buckets: Codes) -> None:
    for node in range(used):
        ahead = min(node + AHEAD, used - 1)
        fetch(buckets, _bucket(links[ahead, OWNER], links[ahead, VALUE], buckets))
        if links[node, OWNER] >= 0:
            place = _bucket(links[node, OWNER], links[node, VALUE], buckets)
            links[node, CHAIN] = buckets[place]
            buckets[place] = node


@compiled
def _forget(
    owners: Ints, links: Codes, times: Ints, buckets: Codes, pool: Ints, upto: int
) -> None:
    for o in range(len(owners)):
        node = owners[o, FIRST]
        if node < 0 or times[owners[o, LAST]] > upto:
            continue
        while node >= 0:
            behind = links[node, NEXT]
            _release(node, links, buckets, pool)
            node = behind
        for column in range(owners.shape[1]):
            owners[o, column] = -1
        owners[o, SIZE] = 0
        owners[o, HOLE] = owners[o, READ_AT] = NEVER
        for k in range(CURSORS + 1, owners.shape[1], 2):
            owners[o, k] = 0


@compiled
def _drop_past(
    owners: Ints,
    links: Codes,
    times: Ints,
    buckets: Codes,
    pool: Ints,
    lengths: Ints,
    span: int,
) -> None:
    for o in range(len(owners)):
        node = owners[o, FIRST]
        while node >= 0 and times[node] <= times[owners[o, LAST]] - span:
            behind = links[node, NEXT]
            _take_out(owners, o, links, times, node, lengths)
            _release(node, links, buckets, pool)
            owners[o, SIZE] -= 1
            node = behind


class SeenSets:
    """The seen sets of one kind of owner; room is made before each chunk."""

    def __init__(self, windows: int) -> None:
        self.owners: Ints = np.empty((0, CURSORS + 2 * windows), dtype=np.int64)
        self.links: Codes = np.empty((1 << 10, 5), dtype=np.int32)
        self.times: Ints = np.empty(1 << 10, dtype=np.int64)
        self.buckets: Codes = np.full(1 << 10, -1, dtype=np.int32)
        self.pool: Ints = np.array([-1, 0], dtype=np.int64)

    def reserve(self, rows: int, owners: int) -> None:
        """Make room for so many new pairs; owners' codes are below `owners`."""
        known = len(self.owners)
        if known < owners:
            self.owners = grown(self.owners, owners, -1)
            self.owners[known:, SIZE] = 0
            self.owners[known:, HOLE] = self.owners[known:, READ_AT] = NEVER
            self.owners[known:, CURSORS + 1 :: 2] = 0
        nodes = int(self.pool[USED]) + rows
        self.links = grown(self.links, nodes, None)
        self.times = grown(self.times, nodes, None)
        if len(self.buckets) < self.pool[USED]:
            size = 1 << int(self.pool[USED]).bit_length()
            self.buckets = np.full(size, -1, dtype=np.int32)
            _rechain(self.links, int(self.pool[USED]), self.buckets)

    @property
    def arrays(self) -> Sets:
        """The sets as a kernel takes them, until room is made again."""
        return Sets(self.owners, self.links, self.times, self.buckets, self.pool)

    def forget(self, upto: int) -> None:
        """Forget owners whose newest sighting is not after this moment."""
        _forget(self.owners, self.links, self.times, self.buckets, self.pool, upto)

    def drop_past(self, lengths: Ints) -> None:
        """Forget values that are in no window of any later payment in order. Those that a
        full set would drop are the same before and after; a late payment is answered no
        count, and whether a value was known is then not to be asked."""
        _drop_past(
            self.owners,
            self.links,
            self.times,
            self.buckets,
            self.pool,
            lengths,
            int(lengths.max()),
        )
