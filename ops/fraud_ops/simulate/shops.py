"""Merchants, their terminals, cash machines and online stores."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fraud_ops.simulate.atlas import CITIES, COUNTRIES, HOME_CITIES
from fraud_ops.simulate.names import company_name
from fraud_ops.simulate.randomness import Floats, Ints, generator


class Category(NamedTuple):
    """A merchant category (ISO 18245): median amount in euros, spread of its logarithm,
    and how often people pay there in a shop and online."""

    mcc: str
    median: float
    sigma: float
    shop: float
    online: float
    resold: bool = False


CATEGORIES: tuple[Category, ...] = (
    Category("5411", 29.0, 0.75, 28, 2),
    Category("5812", 36.0, 0.65, 12, 1),
    Category("5814", 11.0, 0.50, 12, 5),
    Category("5541", 54.0, 0.40, 8, 0),
    Category("5912", 17.0, 0.65, 6, 1),
    Category("4111", 6.0, 0.70, 7, 4),
    Category("5651", 55.0, 0.75, 5, 8),
    Category("5732", 150.0, 1.05, 2, 6, True),
    Category("5311", 52.0, 0.85, 5, 5, True),
    Category("5999", 28.0, 0.85, 4, 6),
    Category("5712", 240.0, 1.0, 1, 2),
    Category("5944", 190.0, 1.1, 1, 1, True),
    Category("7011", 210.0, 0.7, 1.5, 3),
    Category("7230", 34.0, 0.4, 3, 0),
    Category("7832", 22.0, 0.4, 2, 2),
    Category("4511", 240.0, 0.75, 0, 3, True),
    Category("4722", 310.0, 0.85, 0, 2, True),
    Category("4899", 12.0, 0.3, 0, 8),
    Category("5815", 8.0, 0.7, 0, 8),
    Category("5816", 6.0, 1.0, 0, 7),
    Category("5817", 3.5, 0.9, 0, 7),
    Category("5942", 23.0, 0.6, 1, 5),
    Category("5964", 44.0, 0.95, 0, 14, True),
    Category("5945", 36.0, 0.7, 1, 4),
    Category("5947", 48.0, 0.7, 0.5, 3, True),
    Category("6051", 90.0, 1.1, 0, 1.5, True),
    Category("7995", 25.0, 1.0, 0, 2, True),
    Category("8398", 15.0, 0.8, 0, 1.5),
    Category("6011", 80.0, 0.6, 0, 0),
)
CASH = len(CATEGORIES) - 1
LOG_MEDIAN: Floats = np.log([c.median for c in CATEGORIES])
SIGMA: Floats = np.array([c.sigma for c in CATEGORIES])


@dataclass(frozen=True, slots=True)
class Outlets:
    """Points of sale sorted by group (a city, or one group for the whole net).

    `merchant` and `location` hold the ready message parts, shared by all payments made
    there; nobody changes them. `cumulative` and `bounds` select by popularity in a group.
    """

    merchant: list[dict[str, Any]]
    location: list[dict[str, Any]]
    category: Ints
    group: Ints
    cumulative: Floats
    bounds: Ints

    def choose(self, groups: Ints, u: Floats) -> Ints:
        """One outlet in each group, by popularity; `u` are uniforms in [0, 1)."""
        low = self.cumulative[self.bounds[groups]]
        high = self.cumulative[self.bounds[groups + 1]]
        found = (
            np.searchsorted(self.cumulative, low + u * (high - low), side="right") - 1
        )
        return np.clip(found, self.bounds[groups], self.bounds[groups + 1] - 1)


class Shops(NamedTuple):
    """Everything that takes a card."""

    shops: Outlets
    cash: Outlets
    stores: Outlets
    resold: Ints
    """Online stores whose goods are easily turned into money."""


def open_shops(seed: int, population: int, residents: Floats) -> Shops:
    """Merchants for `population` accounts; `residents` is the share living in each city."""
    rng = generator(seed, "shops")
    per_city = np.where(residents > 0, np.maximum(10, residents * population / 2.6), 8)
    shops = _street(rng, per_city.astype(np.int64))
    cash = _cash_machines(rng, np.maximum(3, per_city / 12).astype(np.int64))
    stores = _online(rng, max(60, population // 8))
    resold = np.array(
        [i for i, c in enumerate(stores.category.tolist()) if CATEGORIES[c].resold],
        dtype=np.int64,
    )
    return Shops(shops, cash, stores, resold)


def _street(rng: np.random.Generator, per_city: Ints) -> Outlets:
    weight = np.array([c.shop for c in CATEGORIES])
    chances = weight / weight.sum()
    merchants: list[dict[str, Any]] = []
    locations: list[dict[str, Any]] = []
    categories: list[int] = []
    groups: list[int] = []
    popularity: list[float] = []
    for city, count in enumerate(per_city.tolist()):
        for number in range(count):
            category = int(rng.choice(len(CATEGORIES), p=chances))
            name = _merchant_name(rng, city)
            place = _spot(rng, city)
            fame = float(rng.lognormal(0.0, 0.8)) * weight[category] ** 0.5
            for till in range(1 + int(rng.random() < 0.25)):
                merchant_id = f"m-{city:02d}-{number:05d}"
                terminal_id = f"t-{city:02d}-{number:05d}-{till}"
                merchants.append(
                    _merchant(merchant_id, terminal_id, category, city, name)
                )
                locations.append(place)
                categories.append(category)
                groups.append(city)
                popularity.append(fame)
    return _outlets(merchants, locations, categories, groups, popularity)


def _cash_machines(rng: np.random.Generator, per_city: Ints) -> Outlets:
    cities = np.repeat(np.arange(len(CITIES)), per_city).tolist()
    merchants = [
        _merchant(f"atm-{c:02d}", f"atm-{c:02d}-{i:05d}", CASH, c, "Cash machine")
        for i, c in enumerate(cities)
    ]
    locations = [_spot(rng, c) for c in cities]
    popularity = rng.lognormal(0.0, 0.6, len(cities)).tolist()
    return _outlets(merchants, locations, [CASH] * len(cities), cities, popularity)


def _online(rng: np.random.Generator, count: int) -> Outlets:
    weight = np.array([c.online for c in CATEGORIES])
    categories = rng.choice(len(CATEGORIES), size=count, p=weight / weight.sum())
    merchants = []
    for number, category in enumerate(categories.tolist()):
        at_home = rng.random() < 0.8
        places = HOME_CITIES if at_home else range(len(CITIES))
        city = int(places[int(rng.integers(len(places)))])
        name = _merchant_name(rng, city)
        merchants.append(_merchant(f"w-{number:06d}", None, category, city, name))
    popularity = rng.lognormal(0.0, 1.3, count).tolist()
    nowhere: list[dict[str, Any]] = [{}] * count
    return _outlets(merchants, nowhere, categories.tolist(), [0] * count, popularity)


def _merchant_name(rng: np.random.Generator, city: int) -> str:
    country = CITIES[city].country
    return company_name(rng, COUNTRIES[country].culture, country)


def _spot(rng: np.random.Generator, city: int) -> dict[str, Any]:
    place = CITIES[city]
    lat, lon = rng.normal(0.0, 0.03, 2).tolist()
    return {
        "lat": round(place.lat + lat, 4),
        "lon": round(place.lon + lon, 4),
        "country": place.country,
        "city": place.name,
    }


def _merchant(
    merchant_id: str, terminal_id: str | None, category: int, city: int, name: str
) -> dict[str, Any]:
    part: dict[str, Any] = {"merchant_id": merchant_id}
    if terminal_id is not None:
        part["terminal_id"] = terminal_id
    part["mcc"] = CATEGORIES[category].mcc
    part["country"] = CITIES[city].country
    part["name"] = name
    return part


def _outlets(
    merchants: list[dict[str, Any]],
    locations: list[dict[str, Any]],
    categories: list[int],
    groups: list[int],
    popularity: list[float],
) -> Outlets:
    group = np.array(groups, dtype=np.int64)
    bounds = np.searchsorted(group, np.arange(int(group[-1]) + 2)).astype(np.int64)
    cumulative = np.concatenate([[0.0], np.cumsum(popularity)])
    category = np.array(categories, dtype=np.int64)
    return Outlets(merchants, locations, category, group, cumulative, bounds)
