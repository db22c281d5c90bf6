"""Watches how often live rules hit, and says when one leaves the band it is expected in.

A rule that is edited, or whose world changes, shows first in its share of hits. The guard
counts hits in the last 100 and the last 1,000 payments: beyond what the band explains with
all but one in a million, the rule has left it. So a rule that was expected to hit 1 % and
hits every payment is found within nine payments, one that hits 5 % within 1,000; that a rule
hits less than expected shows where the band's lower end is at least 1.4 %.
"""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from fraud_engines.rules.ruleset_schema import HitRate

WINDOW, SHORT = 1000, 100
# How unlikely a count must be inside the band.
UNLIKELY = 1e-6


@dataclass(frozen=True, slots=True)
class Departure:
    """A rule that left its band: `above` or `below`, and what was counted."""

    rule: str
    direction: Literal["above", "below"]
    hits: int
    payments: int

    @property
    def why(self) -> str:
        """One sentence for the history."""
        return (
            f"{self.hits} hits in {self.payments} payments: {self.direction} the "
            "expected band"
        )


@dataclass(slots=True)
class _Watched:
    upper: int
    upper_short: int
    lower: int
    # The numbers of the payments that were hit, not older than WINDOW.
    hits: deque[int] = field(default_factory=deque)


class HitRateGuard:
    """Counts for the rules that have a band. One payment after another, in one thread."""

    def __init__(self, bands: Mapping[str, HitRate]) -> None:
        self._watched = {
            rule: _Watched(
                at_least(WINDOW, band.upper),
                at_least(SHORT, band.upper),
                at_most(WINDOW, band.lower),
            )
            for rule, band in bands.items()
        }
        self._payments = 0

    def seen(self, hits: Iterable[str]) -> list[Departure]:
        """Count a payment, and the rules that hit it: those that left their band by it,
        each once."""
        if not self._watched:
            return []
        self._payments += 1
        left = [
            found
            for rule in hits
            if rule in self._watched and (found := self._above(rule)) is not None
        ]
        if self._payments % WINDOW == 0:
            left += self._below()
        for found in left:
            self._watched.pop(found.rule, None)
        return left

    def _above(self, rule: str) -> Departure | None:
        watched, now = self._watched[rule], self._payments
        watched.hits.append(now)
        self._forget(watched)
        for count, payments in (
            (watched.upper_short, SHORT),
            (watched.upper, WINDOW),
        ):
            recent = (
                len(watched.hits) >= count and watched.hits[-count] > now - payments
            )
            if recent:
                return Departure(rule, "above", count, min(payments, now))
        return None

    def _below(self) -> list[Departure]:
        found = []
        for rule, watched in self._watched.items():
            self._forget(watched)
            if len(watched.hits) <= watched.lower:
                found.append(Departure(rule, "below", len(watched.hits), WINDOW))
        return found

    def _forget(self, watched: _Watched) -> None:
        while watched.hits and watched.hits[0] <= self._payments - WINDOW:
            watched.hits.popleft()


@cache
def at_least(count: int, share: float) -> int:
    """The fewest hits in `count` payments that a rule of this share reaches with a
    probability below `UNLIKELY`; more than `count` where none is."""
    tail = 0.0
    for hits in range(count, -1, -1):
        tail += _binomial(hits, count, share)
        if tail >= UNLIKELY:
            return hits + 1
    return 0


@cache
def at_most(count: int, share: float) -> int:
    """The most hits that a rule of this share stays at with a probability below
    `UNLIKELY`; -1 where none is."""
    tail = 0.0
    for hits in range(count + 1):
        tail += _binomial(hits, count, share)
        if tail >= UNLIKELY:
            return hits - 1
    return count


def _binomial(hits: int, count: int, share: float) -> float:
    if share in (0.0, 1.0):
        return float(hits == count * share)
    log = (
        math.lgamma(count + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(count - hits + 1)
        + hits * math.log(share)
        + (count - hits) * math.log1p(-share)
    )
    return math.exp(log)
