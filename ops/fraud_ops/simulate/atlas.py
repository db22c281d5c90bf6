"""Where people live, travel and shop: cities, countries, currencies and distances.

Coordinates are city centres (WGS 84, two decimals). Exchange rates are round figures,
only there to give local prices a plausible size.
"""

import math
from typing import NamedTuple


class Country(NamedTuple):
    """`culture` picks the naming table; `offset` is hours east of UTC."""

    currency: str
    culture: str
    offset: int


class City(NamedTuple):
    """A place. `home` cities have residents; the others are visited."""

    name: str
    country: str
    lat: float
    lon: float
    home: bool


COUNTRIES: dict[str, Country] = {
    "DE": Country("EUR", "germanic", 1),
    "NL": Country("EUR", "germanic", 1),
    "AT": Country("EUR", "germanic", 1),
    "FR": Country("EUR", "romance", 1),
    "ES": Country("EUR", "romance", 1),
    "IT": Country("EUR", "romance", 1),
    "PT": Country("EUR", "romance", 0),
    "GR": Country("EUR", "romance", 2),
    "GB": Country("GBP", "anglo", 0),
    "IE": Country("EUR", "anglo", 0),
    "PL": Country("PLN", "slavic", 1),
    "CZ": Country("CZK", "slavic", 1),
    "SE": Country("SEK", "nordic", 1),
    "CH": Country("CHF", "germanic", 1),
    "TR": Country("TRY", "turkic", 3),
    "US": Country("USD", "anglo", -5),
    "CA": Country("CAD", "anglo", -5),
    "BR": Country("BRL", "romance", -3),
    "ZA": Country("ZAR", "anglo", 2),
    "IN": Country("INR", "indic", 5),
    "TH": Country("THB", "indic", 7),
    "SG": Country("SGD", "sinic", 8),
    "JP": Country("JPY", "sinic", 9),
}

UNITS_PER_EUR: dict[str, float] = {
    "EUR": 1.0,
    "GBP": 0.86,
    "PLN": 4.3,
    "CZK": 25.0,
    "SEK": 11.3,
    "CHF": 0.95,
    "TRY": 36.0,
    "USD": 1.08,
    "CAD": 1.48,
    "BRL": 5.9,
    "ZAR": 20.0,
    "INR": 91.0,
    "THB": 38.0,
    "SGD": 1.45,
    "JPY": 162.0,
}

# Home cities come in an order that keeps any prefix spread over several countries.
CITIES: tuple[City, ...] = (
    City("Hamburg", "DE", 53.55, 9.99, True),
    City("Lyon", "FR", 45.76, 4.84, True),
    City("Leeds", "GB", 53.80, -1.55, True),
    City("Kraków", "PL", 50.06, 19.94, True),
    City("Köln", "DE", 50.94, 6.96, True),
    City("Valencia", "ES", 39.47, -0.38, True),
    City("Bristol", "GB", 51.45, -2.59, True),
    City("Nantes", "FR", 47.22, -1.55, True),
    City("Göteborg", "SE", 57.71, 11.97, True),
    City("Torino", "IT", 45.07, 7.69, True),
    City("Leipzig", "DE", 51.34, 12.37, True),
    City("Porto", "PT", 41.15, -8.61, True),
    City("Wrocław", "PL", 51.11, 17.03, True),
    City("Rotterdam", "NL", 51.92, 4.48, True),
    City("Sevilla", "ES", 37.39, -5.99, True),
    City("Glasgow", "GB", 55.86, -4.25, True),
    City("Izmir", "TR", 38.42, 27.14, True),
    City("Bologna", "IT", 44.49, 11.34, True),
    City("Toulouse", "FR", 43.60, 1.44, True),
    City("Nürnberg", "DE", 49.45, 11.08, True),
    City("Uppsala", "SE", 59.86, 17.64, True),
    City("Utrecht", "NL", 52.09, 5.12, True),
    City("Gdańsk", "PL", 54.35, 18.65, True),
    City("Bursa", "TR", 40.19, 29.06, True),
    City("Paris", "FR", 48.86, 2.35, False),
    City("London", "GB", 51.51, -0.13, False),
    City("Berlin", "DE", 52.52, 13.40, False),
    City("Barcelona", "ES", 41.39, 2.17, False),
    City("Roma", "IT", 41.90, 12.50, False),
    City("Wien", "AT", 48.21, 16.37, False),
    City("Praha", "CZ", 50.08, 14.44, False),
    City("Zürich", "CH", 47.38, 8.54, False),
    City("Dublin", "IE", 53.35, -6.26, False),
    City("Athina", "GR", 37.98, 23.73, False),
    City("İstanbul", "TR", 41.01, 28.98, False),
    City("New York", "US", 40.71, -74.01, False),
    City("Miami", "US", 25.76, -80.19, False),
    City("Toronto", "CA", 43.65, -79.38, False),
    City("São Paulo", "BR", -23.55, -46.63, False),
    City("Cape Town", "ZA", -33.92, 18.42, False),
    City("Mumbai", "IN", 19.08, 72.88, False),
    City("Bangkok", "TH", 13.76, 100.50, False),
    City("Singapore", "SG", 1.35, 103.82, False),
    City("Tokyo", "JP", 35.68, 139.65, False),
)

HOME_CITIES: tuple[int, ...] = tuple(i for i, c in enumerate(CITIES) if c.home)


def distance_km(a: int, b: int) -> float:
    """Great-circle distance between two cities given by index (haversine, 6,371 km)."""
    one, two = CITIES[a], CITIES[b]
    lat1, lat2 = math.radians(one.lat), math.radians(two.lat)
    half_lat = math.sin((lat2 - lat1) / 2) ** 2
    half_lon = math.sin(math.radians(two.lon - one.lon) / 2) ** 2
    inner = half_lat + math.cos(lat1) * math.cos(lat2) * half_lon
    return 12_742.0 * math.asin(math.sqrt(inner))


def travel_hours(a: int, b: int) -> float:
    """Door-to-door hours between two cities: by land up to 400 km, by air beyond."""
    km = distance_km(a, b)
    return 0.5 + km / 90.0 if km <= 400 else 3.0 + km / 750.0
