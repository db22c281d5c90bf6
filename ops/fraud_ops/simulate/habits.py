"""Who pays when, where, and how: the ordinary rhythm of days, weeks and the year."""

from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from fraud_ops.simulate.config import DAY_MS, HOUR_MS, MINUTE_MS
from fraud_ops.simulate.people import BRANCH, BUSINESS, CASH_OUT, MOBILE, SHOP, STORE
from fraud_ops.simulate.randomness import Flags, Floats, Ints, pick, pick_rows
from fraud_ops.simulate.world import OFFSET_HOURS, World

_WEEK = (0.93, 0.94, 0.97, 1.0, 1.16, 1.2, 0.8)
# Local hours 0-23 for the personas everyday, young, elderly, business.
_HOURS = np.array(
    [
        [2, 1, 1, 1, 1, 2, 8, 20, 30, 34, 38, 46, 56, 48, 42, 42, 50, 66, 70, 58, 42, 28, 14, 6],
        [14, 8, 4, 3, 2, 1, 3, 10, 18, 24, 30, 40, 52, 46, 42, 42, 46, 54, 62, 64, 60, 54, 42, 26],
        [1, 1, 1, 1, 1, 3, 10, 26, 50, 74, 86, 80, 56, 38, 42, 48, 44, 34, 24, 14, 8, 4, 2, 1],
        [1, 1, 1, 1, 1, 2, 8, 30, 74, 96, 96, 84, 56, 72, 90, 84, 66, 40, 18, 10, 6, 4, 2, 1],
    ],
    dtype=np.float64,
)  # fmt: skip
_HOUR_SHARES: Floats = np.cumsum(_HOURS / _HOURS.sum(axis=1, keepdims=True), axis=1)


class Visits(NamedTuple):
    """A day's payments in outline, one row each, unordered in time.

    `leader` is the row an outing began with; `at` is milliseconds since the start;
    `under_way` marks travellers in transit.
    """

    account: Ints
    at: Ints
    mode: Ints
    leader: Ints
    city: Ints
    under_way: Flags


def season(day: date) -> float:
    """How busy shops are: the weeks before Christmas, the lull after."""
    if day.month == 11 and day.day >= 24:
        return 1.18
    if day.month == 12 and day.day <= 24:
        return 1.15 + 0.4 * day.day / 24
    if (day.month, day.day) in {(12, 25), (12, 26), (1, 1)}:
        return 0.55
    return 0.88 if day.month == 1 and day.day < 20 else 1.0


class Habits:
    """Draws the outline of ordinary days."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._first = world.config.start.date()

    def date(self, day: int) -> date:
        """The calendar date of a day of the simulation."""
        return self._first + timedelta(days=day)

    def after_salary(self, day: int) -> Ints:
        """Days since each account's pay day, as far as the month tells; -1 before it."""
        since = self.date(day).day - self._world.people.salary_day
        return np.where((since >= 0) & (since <= 2), since, -1)

    def weights(self, day: int) -> Floats:
        """Relative number of payments per account."""
        people, lives = self._world.people, self._world.lives
        weekday = self.date(day).weekday()
        weights: Floats = people.activity * np.where(
            people.business, 0.12 if weekday >= 5 else 1.0, _WEEK[weekday]
        )
        since = self.after_salary(day)
        weights *= np.where(since == 0, 1.8, np.where(since > 0, 1.3, 1.0))
        away = lives.overlapping(day * DAY_MS, (day + 1) * DAY_MS)
        weights[lives.trips.account[away]] *= 1.6
        return weights

    def counts(self, total: int) -> Ints:
        """How many payments each day has; they sum to `total` exactly."""
        days = self._world.config.days
        size = [
            float(self.weights(d).sum()) * season(self.date(d)) for d in range(days)
        ]
        edges = np.round(np.cumsum(size) / np.sum(size) * total).astype(np.int64)
        counts: Ints = np.diff(edges, prepend=0)
        return counts

    def draw(self, day: int, count: int, rng: np.random.Generator) -> Visits:
        """The outline of `count` payments: outings of one or several payments."""
        people = self._world.people
        first = pick(np.cumsum(self.weights(day)), rng.random(count))
        mode = pick_rows(people.modes[first], rng.random(count))
        at = self._hour(first, rng)
        outing, step = _outings(people.persona[first], mode, rng, count)
        account, mode, at = first[outing], mode[outing], at[outing]
        pause = np.where(mode == SHOP, 16.0, np.where(mode == STORE, 5.0, 2.5))
        at += (step * rng.exponential(pause) * MINUTE_MS).astype(np.int64)
        at = day * DAY_MS + np.where(at < DAY_MS, at, DAY_MS - 1 - at % HOUR_MS)
        city, under_way = self._place(day, account, at)
        mode = np.where(under_way & (mode != MOBILE), STORE, mode)
        leader = np.arange(count) - step
        return Visits(account, at, mode, leader, city, under_way)

    def _hour(self, account: Ints, rng: np.random.Generator) -> Ints:
        people = self._world.people
        local = pick_rows(
            _HOUR_SHARES[people.persona[account]], rng.random(len(account))
        )
        hour = (local - OFFSET_HOURS[people.city[account]]) % 24
        return hour * HOUR_MS + rng.integers(0, HOUR_MS, len(account))

    def _place(self, day: int, account: Ints, at: Ints) -> tuple[Ints, Flags]:
        lives = self._world.lives
        trips = lives.trips
        journey = np.full(self._world.size, -1, dtype=np.int64)
        touching = lives.overlapping(day * DAY_MS, (day + 1) * DAY_MS)
        journey[trips.account[touching]] = touching
        home = lives.home_at(self._world.people, account, at)
        row = journey[account]
        if not len(touching):
            return home, row >= 0
        away = (row >= 0) & (at >= trips.depart[row]) & (at < trips.back[row])
        there = away & (at >= trips.arrive[row]) & (at < trips.leave[row])
        return np.where(there, trips.city[row], home), away & ~there


def _outings(
    persona: Ints, mode: Ints, rng: np.random.Generator, count: int
) -> tuple[Ints, Ints]:
    """For each of `count` rows the outing it belongs to and its place within it.

    People pay several times in one outing, and companies send transfers in runs.
    """
    go_on = np.array([0.24, 0.16, 0.03, 0.05, 0.06, 0.05])[mode]
    run = (persona == BUSINESS) & (mode >= MOBILE) & (mode < BRANCH)
    # A cash machine pays once; a payroll run may hold dozens of transfers.
    go_on = np.where(run, 0.75, go_on)
    go_on = np.where(mode == CASH_OUT, 0.03, go_on)
    size = rng.geometric(1.0 - go_on)
    size = np.minimum(size, np.where(run, 40, 7))
    outing = np.repeat(np.arange(count), size)[:count]
    start = np.cumsum(size) - size
    return outing, (np.arange(count) - start[outing]).astype(np.int64)
