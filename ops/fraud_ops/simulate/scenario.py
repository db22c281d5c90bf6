"""The scene of a crime: what a fraud scenario has at hand to write its payments with."""

from typing import Any

import numpy as np

from fraud_ops.simulate.atlas import CITIES
from fraud_ops.simulate.compose import Body, Means, Money, Part, session
from fraud_ops.simulate.config import DAY_MS, HOUR_MS
from fraud_ops.simulate.payees import outside_party
from fraud_ops.simulate.people import device
from fraud_ops.simulate.shops import CATEGORIES, Outlets
from fraud_ops.simulate.world import (
    CITY_PART,
    CURRENCY,
    MINOR_PER_EUR,
    NOTE_MINOR,
    World,
    hotel_ip,
    mobile_ip,
)

_PROXIES = ("192.0.2", "198.51.100", "203.0.113")


class ScenarioRun:
    """One incident of `size` payments that starts at `start` (ms since the start).

    Scenarios `add` payments and may ask for a card to be replaced afterwards.
    """

    def __init__(
        self, world: World, rng: np.random.Generator, start: int, size: int
    ) -> None:
        self.world = world
        self.rng = rng
        self.start = start
        self.size = size
        self.payments: list[tuple[int, Body]] = []
        self.reissues: list[tuple[int, int]] = []

    def add(self, at: float, body: Body) -> None:
        """Adds a payment at a time in milliseconds since the start of the simulation."""
        self.payments.append((int(at), body))

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return bool(self.rng.random() < share)

    def lognormal(self, median: float, sigma: float) -> float:
        """A log-normal draw."""
        return median * float(np.exp(self.rng.normal(0.0, sigma)))

    def pause(self, hours: float) -> float:
        """An exponential pause in milliseconds."""
        return float(self.rng.exponential(hours * HOUR_MS))

    def victim(self, city: int | None = None) -> int:
        """An account, the busier the likelier; living in `city` if anybody does."""
        weight = self.world.people.activity
        if city is not None:
            local = self.world.people.city == city
            weight = np.where(local, weight, 0.0) if local.any() else weight
        total = np.cumsum(weight)
        return int(np.searchsorted(total, self.rng.random() * total[-1], side="right"))

    def victims(self, count: int, city: int | None = None) -> list[int]:
        """Up to `count` accounts, repeated only when there are too few."""
        found: list[int] = []
        for _ in range(4 * count):
            account = self.victim(city)
            if account not in found:
                found.append(account)
            if len(found) == count:
                break
        return (found * count)[:count]

    def level(self, account: int) -> float:
        """How much more than others the account spends: a factor."""
        return float(np.exp(self.world.people.level[account]))

    def money(self, euros: float, city: int) -> Money:
        """Euros in the currency of a city, as odd or round as prices are."""
        unit = float(MINOR_PER_EUR[city])
        minor = euros * unit
        style = self.rng.random()
        if style < 0.35 and minor > 300:
            minor = round(minor / 100) * 100 - (1 if style > 0.16 else 0)
        return Money(max(1, round(minor)), CURRENCY[city])

    def typed(self, euros: float, city: int) -> Money:
        """Euros in the currency of a city, as people type them into a transfer."""
        unit = float(MINOR_PER_EUR[city])
        whole = max(100, round(float(NOTE_MINOR[city]) / 10.0))
        minor = max(1, round(euros * unit))
        if self.chance(0.6):
            step = 10 * whole if minor > 40 * whole else whole
            minor = max(step, round(minor / step) * step)
        return Money(minor, CURRENCY[city])

    def home(self, account: int) -> int:
        """Home city of an account."""
        return int(self.world.people.city[account])

    def another_city(self, city: int, *, abroad: bool) -> int:
        """A random city in another country, or in the same one where there is one."""
        country = CITIES[city].country
        fits = [
            i
            for i, c in enumerate(CITIES)
            if i != city and (c.country != country) == abroad
        ]
        return fits[int(self.rng.integers(len(fits)))] if fits else city

    def resellable(self, outlets: Outlets, group: int, *, tries: int = 6) -> int:
        """An outlet by popularity, with some preference for goods that sell again."""
        groups = np.array([group], dtype=np.int64)
        for _ in range(tries):
            found = int(outlets.choose(groups, self.rng.random(1))[0])
            if CATEGORIES[int(outlets.category[found])].resold:
                break
        return found

    def store(self, mccs: frozenset[str] | None = None) -> int:
        """An online store, of given categories or one whose goods sell again."""
        outlets, resold = self.world.shops.stores, self.world.shops.resold
        if mccs is None:
            if len(resold) and self.chance(0.75):
                return int(resold[int(self.rng.integers(len(resold)))])
            return int(self.rng.integers(len(outlets.category)))
        fits = [
            i
            for i, c in enumerate(outlets.category.tolist())
            if CATEGORIES[c].mcc in mccs
        ]
        return fits[int(self.rng.integers(len(fits)))] if fits else 0

    def gear(self) -> dict[str, Any]:
        """A device of the fraudster's; some are emulated or rooted."""
        kind = int(self.rng.integers(4))
        part = device(kind, f"gear:{int(self.rng.integers(2**62))}")
        odd = self.rng.random()
        return {**part, "is_emulator": bool(odd < 0.12), "is_rooted": bool(odd > 0.9)}

    def address(self, city: int) -> str:
        """An address as seen by the bank: a carrier's, a guest network, or a proxy."""
        draw, number = self.rng.random(), int(self.rng.integers(10**6))
        if draw < 0.45:
            return mobile_ip(city, number)
        if draw < 0.65:
            return hotel_ip(city, number)
        return f"{_PROXIES[number % 3]}.{1 + number % 250}"

    def stranger(self, gear: Part, city: int, login: Part) -> Means:
        """Means of somebody who is not the customer."""
        spot = CITY_PART[city] if self.chance(0.85) else None
        return Means({**gear, "ip": self.address(city)}, spot, login)

    def own(self, account: int, at: float, strong: float, channel: str) -> Means:
        """The customer's own means, as on any other day; `strong` is the chance of
        two-factor authentication."""
        world, when = self.world, int(at)
        second = when >= int(world.lives.new_phone_at[account])
        phones = world.people.phones[account]
        base = phones[second] if channel == "mobile" else world.people.laptop[account]
        city = world.whereabouts(account, when)
        away = city != self.home(account)
        ip = world.people.home_ip[account]
        if away or (channel == "mobile" and self.chance(0.45)):
            ip = mobile_ip(city, int(self.rng.integers(24)))
        spot = CITY_PART[city] if self.chance(0.85) else None
        login = self.login(account, at, clumsy=0.06)
        part = session(False, self.chance(strong), login)
        return Means({**base, "ip": ip}, spot, part)

    def login(self, account: int, at: float, clumsy: float) -> tuple[int, int, int]:
        """Failed attempts (`clumsy`: the chance of any), seconds, password age in days."""
        failed = int(self.rng.geometric(0.55)) if self.chance(clumsy) else 0
        past, later = self.world.lives.password_at[account].tolist()
        days = int((at - (later if later <= at else past)) // DAY_MS)
        return failed, int(self.lognormal(70.0, 0.95)), days

    def new_payee(self, *, abroad: float) -> Part:
        """A counterparty outside the bank that nobody paid before."""
        city = int(self.rng.integers(len(CITIES)))
        if not self.chance(abroad):
            city = self.home(self.victim())
        people = self.world.payees.part
        name = people[int(self.rng.integers(len(people)))]["name"]
        number = f"EXTB{int(self.rng.integers(10**10)):010d}"
        return outside_party(name, CITIES[city].country, number)
