"""What happens in people's lives and looks odd from a bank: journeys, a new phone, a new
home, a changed password. All planned ahead, so that every day agrees with the next."""

from dataclasses import dataclass

import numpy as np

from fraud_ops.simulate.atlas import CITIES, travel_hours
from fraud_ops.simulate.config import DAY_MS, HOUR_MS, SimulationConfig
from fraud_ops.simulate.people import People
from fraud_ops.simulate.randomness import Flags, Floats, Ints, generator

# A bank calls a device new for about this long.
NEW_DEVICE_MS = 40 * HOUR_MS
_NEVER = 2**62
_GAP_DAYS = 38.0


@dataclass(frozen=True, slots=True)
class Trips:
    """Journeys, by departure. All times in milliseconds since the start; the traveller is
    under way in [depart, arrive) and [leave, back), and there in [arrive, leave)."""

    account: Ints
    city: Ints
    depart: Ints
    arrive: Ints
    leave: Ints
    back: Ints


@dataclass(frozen=True, slots=True)
class LifeEvents:
    """Plans per account, and the table of journeys."""

    trips: Trips
    new_phone_at: Ints
    moved_at: Ints
    new_city: Ints
    password_at: Floats
    """Two columns: a change before the start (negative), and one after it or never."""

    def overlapping(self, start_ms: int, end_ms: int) -> Ints:
        """Indices of the journeys that touch [start_ms, end_ms)."""
        trips = self.trips
        return np.flatnonzero((trips.depart < end_ms) & (trips.back > start_ms))

    def home_at(self, people: People, account: Ints, at: Ints) -> Ints:
        """The city of residence of accounts at given times."""
        moved = at >= self.moved_at[account]
        return np.where(moved, self.new_city[account], people.city[account])

    def password_age_days(self, account: Ints, at: Ints) -> Ints:
        """Whole days since the password was last changed."""
        later = self.password_at[account, 1]
        since = np.where(later <= at, later, self.password_at[account, 0])
        days: Ints = ((at - since) // DAY_MS).astype(np.int64)
        return days

    def new_phone(self, account: Ints, at: Ints) -> Flags:
        """Whether the second phone is already in use."""
        return at >= self.new_phone_at[account]


def plan_life_events(config: SimulationConfig, people: People) -> LifeEvents:
    """Plans for the whole period."""
    rng = generator(config.seed, "lives")
    count, horizon = len(people.account_id), config.horizon_ms
    homes = np.unique(people.city)
    phone = rng.exponential(700 * DAY_MS, count)
    moved = rng.exponential(4_500 * DAY_MS, count)
    password = np.stack(
        [-rng.exponential(240 * DAY_MS, count), rng.exponential(400 * DAY_MS, count)], 1
    )
    return LifeEvents(
        trips=_trips(generator(config.seed, "trips"), people, horizon),
        new_phone_at=np.minimum(phone, _NEVER).astype(np.int64),
        moved_at=np.minimum(moved, _NEVER).astype(np.int64),
        new_city=rng.choice(homes, size=count).astype(np.int64),
        password_at=password,
    )


def _trips(rng: np.random.Generator, people: People, horizon: int) -> Trips:
    """Day trips, weekends and holidays, one after the other for each account."""
    count = len(people.account_id)
    eager = rng.lognormal(0.0, 0.7, count)
    free_at = np.zeros(count)
    columns: list[list[Ints]] = [[] for _ in range(6)]
    hours = _hours_between()
    while True:
        gap = (2.0 + rng.exponential(_GAP_DAYS, count) / eager) * DAY_MS
        nights = rng.choice([0, 0, 0, 2, 2, 4, 8, 13], size=count)
        hour = rng.integers(5, 13, count)
        depart = (np.floor((free_at + gap) / DAY_MS) * DAY_MS + hour * HOUR_MS).astype(
            np.int64
        )
        city = _destinations(rng, people.city, nights)
        under_way = (hours[people.city, city] * HOUR_MS).astype(np.int64)
        stay = np.where(nights == 0, 7 * HOUR_MS, nights * DAY_MS).astype(np.int64)
        arrive = depart + under_way
        leave = arrive + stay + rng.integers(0, 4 * HOUR_MS, count)
        back = leave + under_way
        wanted = (depart < horizon) & (city != people.city) & ~people.business
        if not (depart < horizon).any():
            break
        rows = np.flatnonzero(wanted)
        for column, values in zip(
            columns,
            (rows, *(c[rows] for c in (city, depart, arrive, leave, back))),
            strict=True,
        ):
            column.append(values.astype(np.int64))
        free_at = back.astype(np.float64)
    joined = [np.concatenate(c) if c else np.zeros(0, np.int64) for c in columns]
    order = np.argsort(joined[2], kind="stable")
    return Trips(*(column[order] for column in joined))


def _destinations(rng: np.random.Generator, home: Ints, nights: Ints) -> Ints:
    """Day trips stay near, short stays in reach, long ones go anywhere."""
    hours = _hours_between()
    reach = np.where(nights == 0, 2.6, np.where(nights <= 4, 6.0, 99.0))
    # The nearest of a few random cities within reach; home itself means no journey.
    best = home.copy()
    for _ in range(6):
        guess = rng.integers(0, len(CITIES), len(home))
        fits = (hours[home, guess] <= reach) & (best == home)
        best = np.where(fits, guess, best)
    return best.astype(np.int64)


def _hours_between() -> Floats:
    n = range(len(CITIES))
    return np.array([[travel_hours(a, b) if a != b else 0.0 for b in n] for a in n])
