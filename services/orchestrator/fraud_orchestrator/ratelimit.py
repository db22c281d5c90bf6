"""GCRA: an exact rolling rate limit with one number per client and no background work.

The generic cell rate algorithm (ITU-T I.371) keeps the *theoretical arrival time* (TAT) of
the next request; a request is early when that lies further ahead than the burst allows.
`take` is the algorithm; `redis_limiter.py` runs the same in Redis, for all gateways.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` units a second, and `burst` units at once."""

    per_s: float
    burst: int

    @property
    def interval_us(self) -> float:
        """Microseconds that one unit takes."""
        return 1e6 / self.per_s


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request for units: taken, or `wait_s` seconds too early. `remaining`
    units may follow at once; after `reset_s` seconds the whole burst may."""

    wait_s: float
    remaining: int
    reset_s: float


def take(rate: Rate, tat_us: float, now_us: float, units: int) -> tuple[float, Taken]:
    """The new TAT and the outcome. Too early leaves the TAT as it was.

    Raises nothing; more units than the burst are always too early.
    """
    tat = max(tat_us, now_us)
    span = rate.interval_us * rate.burst
    wait = tat + units * rate.interval_us - span - now_us
    if wait <= 1e-3:
        tat, wait = tat + units * rate.interval_us, 0.0
    spare = math.floor((span - (tat - now_us)) / rate.interval_us + 1e-6)
    return tat, Taken(wait / 1e6, max(spare, 0), (tat - now_us) / 1e6)


class Limiter(Protocol):
    """Holds each client to a rate."""

    async def take(self, client: str, units: int) -> Taken:
        """Take `units` for a client, or none of them. Never raises."""

    async def close(self) -> None:
        """End what it holds open."""


class MemoryLimiter:
    """For one process: with n gateways a client gets n times the rate."""

    _MOST_CLIENTS = 100_000

    def __init__(self, rate: Rate, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._tat: dict[str, float] = {}

    async def take(self, client: str, units: int) -> Taken:
        """See `Limiter`."""
        return self.take_now(client, units)

    def take_now(self, client: str, units: int) -> Taken:
        """The same without waiting."""
        now = self._monotonic() * 1e6
        tat, taken = take(self._rate, self._tat.get(client, now), now, units)
        if client not in self._tat and len(self._tat) >= self._MOST_CLIENTS:
            self._forget(now)
        self._tat[client] = tat
        return taken

    def peek(self, client: str) -> Taken:
        """What one unit would get, without taking it."""
        now = self._monotonic() * 1e6
        return take(self._rate, self._tat.get(client, now), now, 1)[1]

    def _forget(self, now: float) -> None:
        """Drop who has the whole burst again, else whoever came first."""
        self._tat = {c: tat for c, tat in self._tat.items() if tat > now}
        while len(self._tat) >= self._MOST_CLIENTS:
            del self._tat[next(iter(self._tat))]

    async def close(self) -> None:
        """Nothing is open."""
