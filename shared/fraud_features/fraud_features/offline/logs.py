"""Counts, sums and maxima of sliding windows: the kernels of `windows.Log` and `Peaks`."""

from fraud_features.offline.arrays import (
    UNLIMITED,
    FraudRows,
    Lists,
    LogRows,
    PeakRows,
    Readers,
    Slots,
    Windows,
)
from fraud_features.offline.jit import (
    NEVER,
    Flags,
    Floats,
    Ints,
    compiled,
    inlined,
)
from fraud_features.offline.regions import (
    END,
    HEAD,
    HINTS,
    HOLE,
    TOTAL,
    after,
    copy,
    fetch_ahead,
    room,
)


@inlined
def _add(
    meta: Ints, events: Ints, e: int, t: int, amount: int, keep: int, cap: int
) -> bool:
    """Put an event in its place, (moment, sum before it); says whether it was late."""
    head, end = meta[e, HEAD], meta[e, END]
    late = False
    if end == head or t >= events[end - 1, 0]:
        events[end, 0] = t
        events[end, 1] = meta[e, TOTAL]
    else:
        late = True
        if t <= events[end - 1, 0] - keep:
            return late
        place = after(events, t, head, end, end)
        for i in range(end, place, -1):
            events[i, 0] = events[i - 1, 0]
            events[i, 1] = events[i - 1, 1] + amount
        # The event that was there has moved on, with the amount in its sum.
        events[place, 0] = t
        events[place, 1] = events[place + 1, 1] - amount
    meta[e, TOTAL] += amount
    meta[e, END] = end + 1
    if end + 1 - head > cap:
        _drop(meta, events, e, keep, cap)
    return late


@compiled
def _drop(meta: Ints, events: Ints, e: int, keep: int, cap: int) -> None:
    end = meta[e, END]
    head = after(events, events[end - 1, 0] - keep, meta[e, HEAD], end, meta[e, HEAD])
    if end - head > cap:
        head = end - cap
        meta[e, HOLE] = max(meta[e, HOLE], events[head - 1, 0])
    meta[e, HEAD] = head


@inlined
def _read(
    meta: Ints,
    events: Ints,
    e: int,
    t: int,
    lengths: Ints,
    keep: int,
    hinted: bool,
    out: Floats,
    slot: int,
    i: int,
) -> None:
    """Counts and sums of the windows that end at t, longest first; NaN is unknown."""
    head, size = meta[e, HEAD], meta[e, END]
    if size == head:
        for k in range(2 * len(lengths)):
            out[slot + k, i] = 0.0
        return
    newest = events[size - 1, 0]
    end, upto = size, meta[e, TOTAL]
    if newest > t:
        end = after(events, t, head, size, size)
        upto = events[end, 1]
    known_from = max(newest - keep, meta[e, HOLE])
    start = head
    for k in range(len(lengths)):
        begin = t - lengths[k]
        if begin < known_from:
            continue
        hint = meta[e, HINTS + k] if hinted else end
        start = after(events, begin, start, end, hint)
        if hinted:
            meta[e, HINTS + k] = start
        out[slot + 2 * k, i] = end - start
        out[slot + 2 * k + 1, i] = upto - events[start, 1] if start < end else 0


@compiled
def observe_log(
    rows: LogRows,
    lists: Lists,
    windows: Windows,
    others: Readers,
    slots: Slots,
    start: int,
) -> int:
    """One store: each row from `start` on added and read in turn, then read under the
    readers' keys.

    Writes counts and sums, and `rows.late`. An event's number is the sum before it. Returns
    the row reached: where it is not the end, `lists.events` has to be enlarged first.
    """
    keys, t, moved, admitted, late = rows
    meta, events, used = lists
    lengths, keep, cap, _ = windows
    readers, reader_lengths, reader_windows, reader_slots = others
    out, slot = slots
    for i in range(start, len(keys)):
        fetch_ahead(meta, events, keys, i, len(lengths))
        for r in range(len(readers)):
            fetch_ahead(meta, events, readers[r], i, 0)
        e = keys[i]
        if e >= 0:
            if admitted[i]:
                if not room(meta, events, used, e, keep):
                    return i
                late[i] = _add(meta, events, e, t[i], moved[i], keep, cap)
            _read(meta, events, e, t[i], lengths, keep, True, out, slot, i)
        for r in range(len(readers)):
            e = readers[r, i]
            if e >= 0:
                own = reader_lengths[r, : reader_windows[r]]
                at = reader_slots[r]
                _read(meta, events, e, t[i], own, keep, False, out, at, i)
    return len(keys)


@inlined
def _add_peak(meta: Ints, events: Ints, e: int, t: int, amount: int) -> None:
    head, end = meta[e, HEAD], meta[e, END]
    place = end
    if end > head and events[end - 1, 0] > t:
        place = after(events, t, head, end, end)
        if events[place, 1] >= amount:
            return
    first = place
    while first > head and events[first - 1, 1] <= amount:
        first -= 1
    # [first, place) gives way to the one new event.
    shift = 1 - (place - first)
    if shift > 0:
        for i in range(end - 1, place - 1, -1):
            copy(events, i, events, i + 1)
    elif shift < 0:
        for i in range(place, end):
            copy(events, i, events, i + shift)
    events[first, 0] = t
    events[first, 1] = amount
    meta[e, END] = end + shift


@compiled
def observe_peaks(
    rows: PeakRows, lists: Lists, windows: Windows, slots: Slots, start: int
) -> int:
    """Largest amounts of the windows; unknown (left NaN) for a late row.
    An event's number is its amount. Returns the row reached, as `observe_log` does."""
    keys, t, moved, late = rows
    meta, events, used = lists
    lengths, keep, _, _ = windows
    out, slot = slots
    for i in range(start, len(keys)):
        fetch_ahead(meta, events, keys, i, len(lengths))
        e = keys[i]
        if e < 0:
            continue
        if not room(meta, events, used, e, keep):
            return i
        _add_peak(meta, events, e, t[i], moved[i])
        if late[i]:
            continue
        head, end = meta[e, HEAD], meta[e, END]
        for k in range(len(lengths)):
            hint = meta[e, HINTS + k]
            place = after(events, t[i] - lengths[k], head, end, hint)
            meta[e, HINTS + k] = place
            out[slot + k, i] = events[place, 1] if place < end else 0
    return len(keys)


@compiled
def observe_frauds(
    rows: FraudRows,
    lists: Lists,
    windows: Windows,
    slots: Slots,
    start: int,
    k: int,
) -> tuple[int, int]:
    """Labelled frauds in windows that end one delay ago, from row `start` and effect `k`
    on. An event's number is its labelled payment. Returns the row and effect reached, as
    `observe_log` does."""
    keys, t, effects, counted = rows
    meta, events, used = lists
    lengths, keep, _, delay = windows
    out, slot = slots
    for i in range(start, len(keys)):
        fetch_ahead(meta, events, keys, i, 0)
        while k < len(effects) and effects[k, 0] <= i:
            e = effects[k, 2]
            # Frauds leave by their own rule, not when a list moves.
            if e >= 0 and not room(meta, events, used, e, UNLIMITED):
                return i, k
            _label(meta, events, effects[k], counted, keep)
            k += 1
        e = keys[i]
        if e < 0:
            continue
        end = t[i] - delay
        head, size = meta[e, HEAD], meta[e, END]
        upto = after(events, end, head, size, size)
        for w in range(len(lengths)):
            if end - lengths[w] >= meta[e, HOLE]:
                begin = after(events, end - lengths[w], head, size, head)
                out[slot + w, i] = upto - begin
    return len(keys), k


@compiled
def _label(meta: Ints, events: Ints, effect: Ints, counted: Flags, keep: int) -> None:
    payment, e, t = effect[1], effect[2], effect[3]
    if e < 0:
        return
    head, end = meta[e, HEAD], meta[e, END]
    if counted[payment]:
        place = after(events, t - 1, head, end, head)
        while events[place, 1] != payment:
            place += 1
        for i in range(place, end - 1):
            copy(events, i + 1, events, i)
        end -= 1
        counted[payment] = False
    if effect[4]:
        place = after(events, t, head, end, end)
        for i in range(end, place, -1):
            copy(events, i - 1, events, i)
        events[place, 0] = t
        events[place, 1] = payment
        end += 1
        counted[payment] = True
        newest = events[end - 1, 0]
        while events[head, 0] <= newest - keep:
            counted[events[head, 1]] = False
            meta[e, HOLE] = max(meta[e, HOLE], events[head, 0])
            head += 1
    meta[e, HEAD] = head
    meta[e, END] = end


@compiled
def forget_frauds(meta: Ints, events: Ints, counted: Flags, upto: int) -> None:
    """Forget entities without a fraud after this moment."""
    for e in range(len(meta)):
        head, end = meta[e, HEAD], meta[e, END]
        newest = events[end - 1, 0] if end > head else NEVER
        if newest <= upto:
            for i in range(head, end):
                counted[events[i, 1]] = False
            meta[e, HEAD] = end
            meta[e, HOLE] = NEVER
