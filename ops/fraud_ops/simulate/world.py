"""The world of a simulation: people, shops, payees and what was planned for them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud_ops.simulate.atlas import CITIES, COUNTRIES, UNITS_PER_EUR
from fraud_ops.simulate.config import SimulationConfig
from fraud_ops.simulate.life_events import LifeEvents, plan_life_events
from fraud_ops.simulate.payees import Payees, befriend
from fraud_ops.simulate.people import People, settle
from fraud_ops.simulate.randomness import Floats, Ints, generator
from fraud_ops.simulate.shops import Shops, open_shops
from fraud_ops.simulate.wallet import Wallet
from fraud_shared.contracts.iso import CURRENCY_EXPONENT

CURRENCY: list[str] = [COUNTRIES[c.country].currency for c in CITIES]
# Minor units of the local currency per euro, and the local banknote that cash machines
# deal in, by city.
MINOR_PER_EUR: Floats = np.array(
    [UNITS_PER_EUR[c] * 10 ** CURRENCY_EXPONENT[c] for c in CURRENCY]
)
NOTE_MINOR: Floats = np.power(10.0, np.round(np.log10(MINOR_PER_EUR * 10.0)))
OFFSET_HOURS = np.array([COUNTRIES[c.country].offset for c in CITIES], dtype=np.int64)
CITY_PART: list[dict[str, Any]] = [
    {"lat": c.lat, "lon": c.lon, "country": c.country, "city": c.name} for c in CITIES
]


@dataclass(frozen=True, slots=True)
class World:
    """All that exists before the first payment. Only the wallet changes afterwards."""

    config: SimulationConfig
    people: People
    shops: Shops
    payees: Payees
    lives: LifeEvents
    wallet: Wallet
    favourite_shops: Ints
    favourite_stores: Ints

    @property
    def size(self) -> int:
        """How many accounts there are."""
        return len(self.people.account_id)

    def whereabouts(self, account: int, at: int) -> int:
        """The city an account holder is in, or leaves from, at a time."""
        trips = self.lives.trips
        on = (trips.account == account) & (trips.arrive <= at) & (at < trips.leave)
        found = np.flatnonzero(on)
        if len(found):
            return int(trips.city[found[0]])
        moved = at >= int(self.lives.moved_at[account])
        home = self.lives.new_city if moved else self.people.city
        return int(home[account])


def build_world(config: SimulationConfig) -> World:
    """The world of a configuration; the same one every time."""
    people = settle(config.seed, config.population)
    count = config.population
    residents = np.bincount(people.city, minlength=len(CITIES)) / count
    shops = open_shops(config.seed, count, residents)
    rng = generator(config.seed, "favourites")
    near = [shops.shops.choose(people.city, rng.random(count)) for _ in range(12)]
    net = np.zeros(count, dtype=np.int64)
    web = [shops.stores.choose(net, rng.random(count)) for _ in range(8)]
    return World(
        config=config,
        people=people,
        shops=shops,
        payees=befriend(config.seed, people),
        lives=plan_life_events(config, people),
        wallet=Wallet(config.seed, people),
        favourite_shops=np.stack(near, axis=1),
        favourite_stores=np.stack(web, axis=1),
    )


def hotel_ip(city: int, number: int) -> str:
    """A guest network of a city, one of eight, used by all visitors."""
    return f"10.{64 + city}.{number % 8}.1"


def mobile_ip(city: int, number: int) -> str:
    """A mobile carrier's shared address (RFC 6598), one of 24 per city."""
    return f"100.{64 + city}.0.{number % 24}"
