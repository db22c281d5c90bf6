"""The few functions that feature expressions may call. None in means None out.

Both executors return the same integers, and these alone turn them into ratios and
distances, so a value cannot depend on where it was computed.
"""

from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt

from fraud_features.store.schema import SQUARES_BASE

# Part of every set's hash: raise it when a function here, a fact or a window changes its
# meaning while the expressions stay the same.
MATHS_VERSION = "1"
# Below this many amounts a deviation says nothing about the account.
MIN_AMOUNTS = 5
# Below this many payments an hour of the day cannot be unusual.
MIN_HOURS = 10
# A floor for the deviation (1 euro): regular customers pay the same amount every time.
MIN_DEVIATION = 100.0
EARTH_KM = 6371.0088


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole; unknown when either is, or when the whole is nothing."""
    if part is None or not whole:
        return None
    return part / whole


def share(part: int | None, upto: int | None, after: int | None) -> float | None:
    """part / (upto - after), at most 1: a share of the payments of a delayed window."""
    if part is None or upto is None or after is None or upto <= after:
        return None
    return min(1.0, part / (upto - after))


def minus(left: int | None, right: int | None) -> int | None:
    """left - right."""
    return None if left is None or right is None else left - right


def zscore(
    amount: int, n: int | None, total: int | None, hi: int | None, lo: int | None
) -> float | None:
    """Deviations of `amount` from the mean of n earlier amounts."""
    if n is None or total is None or hi is None or lo is None or n < MIN_AMOUNTS:
        return None
    spread = n * (hi * SQUARES_BASE + lo) - total * total
    return (amount - total / n) / max(sqrt(spread) / n, MIN_DEVIATION)


def seconds(later: int, earlier: int | None) -> float | None:
    """Seconds between two moments; unknown when the first is the later one."""
    if earlier is None or later < earlier:
        return None
    return (later - earlier) / 1_000_000


def at_most(value: float | None, most: float) -> float | None:
    """The value, or `most` when it is larger."""
    return None if value is None else min(value, most)


def distance_km(
    lat: int | None, lon: int | None, lat0: int | None, lon0: int | None
) -> float | None:
    """Great-circle distance (haversine) between two places in micro-degrees."""
    if lat is None or lon is None or lat0 is None or lon0 is None:
        return None
    if lat == lat0 and lon == lon0:
        return 0.0
    a, b = radians(lat0 / 1e6), radians(lat / 1e6)
    across = sin(radians((lon - lon0) / 1e6) / 2)
    along = sin((b - a) / 2)
    chord = along * along + cos(a) * cos(b) * across * across
    return 2 * EARTH_KM * asin(min(1.0, sqrt(chord)))


def speed(km: float | None, elapsed: float | None) -> float | None:
    """km per hour; under a second counts as a second."""
    if km is None or elapsed is None:
        return None
    return km / max(elapsed, 1.0) * 3600


def unusual_hour(
    n: int | None, before: int | None, same: int | None, after: int | None
) -> float | None:
    """Share of earlier payments made at another time of day than within an hour of now."""
    if n is None or n < MIN_HOURS:
        return None
    return 1.0 - ((before or 0) + (same or 0) + (after or 0)) / n


def first_seen(known: int | None, history: int | None) -> bool | None:
    """Not seen with this account before; unknown for an account without history."""
    if known is None or not history:
        return None
    return known == 0


def differs(one: str | None, other: str | None) -> bool | None:
    """Whether two codes differ; unknown when either is missing."""
    return None if one is None or other is None else one != other


def given(values: Mapping[str, float | str | None], name: str) -> float | None:
    """A number that the caller computed; text and missing are unknown."""
    value = values.get(name)
    return None if value is None or isinstance(value, str) else value


def code(
    values: Mapping[str, float | str | None], name: str, categories: tuple[str, ...]
) -> float | None:
    """The position of a text that the caller sent; unknown when it is not listed."""
    value = values.get(name)
    return float(categories.index(value)) if value in categories else None
