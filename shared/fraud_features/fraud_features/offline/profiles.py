"""What each account has done so far: the kernel of `profile.Profile`."""

import numpy as np

from fraud_features.offline.arrays import ProfileRows, ProfileState, Slots
from fraud_features.offline.jit import (
    AHEAD,
    Codes,
    Ints,
    compiled,
    fetch,
    grown,
    inlined,
)
from fraud_features.store.schema import PROFILE, SQUARES_BASE

# Columns of `state`, in the order of `schema.PROFILE`; MISSING stands for None.
N, TYPICAL, SUM, HIGH, LOW, FIRST, LAST, LOCATED, LAT, LON = range(10)
MISSING = -(1 << 62)
_HALF = 100_000


@inlined
def _add_amount(state: Ints, e: int, moved: int) -> None:
    # moved² as high * SQUARES_BASE + low, without a product beyond 64 bits.
    high, low = moved // _HALF, moved % _HALF
    rest = 2 * high * low * _HALF + low * low
    state[e, TYPICAL] += 1
    state[e, SUM] += moved
    state[e, HIGH] += high * high * 10 + rest // SQUARES_BASE
    state[e, LOW] += rest % SQUARES_BASE


@compiled
def observe_profile(rows: ProfileRows, profiles: ProfileState, slots: Slots) -> None:
    """The profile before each row, then the row added; missing moments stay NaN."""
    keys, t, moved, hour, lat, lon = rows
    state, hours = profiles
    out, slot = slots
    for i in range(len(keys)):
        if i + AHEAD < len(keys):
            fetch(state, keys[i + AHEAD])
            fetch(hours, keys[i + AHEAD])
        e, h = keys[i], hour[i]
        for k in range(LON + 1):
            if state[e, k] != MISSING:
                out[slot + k, i] = state[e, k]
        out[slot + 10, i] = hours[e, (h + 23) % 24]
        out[slot + 11, i] = hours[e, h]
        out[slot + 12, i] = hours[e, (h + 1) % 24]
        state[e, N] += 1
        hours[e, h] += 1
        if moved[i]:
            _add_amount(state, e, moved[i])
        if state[e, FIRST] == MISSING or t[i] < state[e, FIRST]:
            state[e, FIRST] = t[i]
        # MISSING is before every moment.
        state[e, LAST] = max(t[i], state[e, LAST])
        if lat[i] != MISSING and t[i] >= state[e, LOCATED]:
            state[e, LOCATED] = t[i]
            state[e, LAT] = lat[i]
            state[e, LON] = lon[i]


class Profiles:
    """Running integers of every account."""

    def __init__(self) -> None:
        assert PROFILE[-3:] == ("hour_before", "hour_same", "hour_after")
        self.state: Ints = np.empty((0, LON + 1), dtype=np.int64)
        self.hours: Codes = np.empty((0, 24), dtype=np.int32)

    def reserve(self, accounts: int) -> None:
        """Make room; accounts' codes are below `accounts`."""
        known = len(self.state)
        if known < accounts:
            self.state = grown(self.state, accounts, 0)
            self.hours = grown(self.hours, accounts, 0)
            self._clear(np.arange(known, len(self.state)))

    def forget(self, upto: int) -> None:
        """Forget accounts whose newest payment is not after this moment."""
        self._clear(np.flatnonzero(self.state[:, LAST] <= upto))

    def _clear(self, accounts: Ints) -> None:
        self.state[accounts] = 0
        self.state[accounts, FIRST:] = MISSING
        self.hours[accounts] = 0
