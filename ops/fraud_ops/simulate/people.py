"""Account holders: who they are, where they live, how they like to pay."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np

from fraud_ops.simulate.atlas import CITIES, COUNTRIES, HOME_CITIES
from fraud_ops.simulate.config import LETTERS
from fraud_ops.simulate.names import company_name, person_name
from fraud_ops.simulate.randomness import Flags, Floats, Ints, generator, pick_rows

# Ways to pay, in this order wherever a column holds a mode.
SHOP, STORE, CASH_OUT, MOBILE, ONLINE, BRANCH = range(6)

# Personas: everyday, young, elderly, business. Shares of the modes above.
_MODES = np.array(
    [
        [0.55, 0.22, 0.05, 0.11, 0.06, 0.01],
        [0.46, 0.31, 0.04, 0.17, 0.02, 0.00],
        [0.66, 0.08, 0.12, 0.02, 0.07, 0.05],
        [0.12, 0.20, 0.01, 0.10, 0.55, 0.02],
    ]
)
_PERSONA_SHARES = np.array([[0.58, 0.83, 0.96, 1.0]])
BUSINESS = 3
_AGENTS = (
    ("android", "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Mobile"),
    ("ios", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) Mobile"),
    ("windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"),
    ("macos", "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_3) AppleWebKit/605.1"),
)
_SALARY_DAYS = np.array([1, 15, 25, 28])


@dataclass(frozen=True, slots=True)
class People:
    """One row per account. `level` shifts the logarithm of amounts, `activity` is the
    relative number of payments, `modes` the cumulative channel mix."""

    account_id: list[str]
    customer: list[dict[str, Any]]
    persona: Ints
    city: Ints
    level: Floats
    activity: Floats
    modes: Floats
    salary_day: Ints
    household: Ints
    home_ip: list[str]
    phones: list[tuple[dict[str, Any], dict[str, Any]]]
    laptop: list[dict[str, Any]]

    @property
    def business(self) -> Flags:
        """Which accounts belong to a company."""
        found: Flags = self.persona == BUSINESS
        return found


def settle(seed: int, count: int) -> People:
    """`count` account holders in households of one to four, several countries."""
    rng = generator(seed, "people")
    household = _households(rng, count)
    homes = np.array(HOME_CITIES[: max(4, min(len(HOME_CITIES), count // 40))])
    # Large cities first: half of the people live in a third of the cities.
    fame = 1.0 / np.arange(1, len(homes) + 1) ** 0.6
    by_household = rng.choice(homes, size=int(household[-1]) + 1, p=fame / fame.sum())
    persona = pick_rows(np.repeat(_PERSONA_SHARES, count, axis=0), rng.random(count))
    business = persona == BUSINESS
    mix = rng.gamma(_MODES[persona] * 14.0 + 0.02)
    city = by_household[household].astype(np.int64)
    account_id = [_iban(CITIES[c].country, i) for i, c in enumerate(city.tolist())]
    return People(
        account_id=account_id,
        customer=_customers(rng, account_id, city, business),
        persona=persona,
        city=city,
        level=rng.normal(0.0, 0.38, count) + np.where(business, 0.7, 0.0),
        activity=rng.lognormal(0.0, 0.55, count) * np.where(business, 3.5, 1.0),
        modes=np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1),
        salary_day=rng.choice(_SALARY_DAYS, size=count, p=[0.3, 0.1, 0.35, 0.25]),
        household=household,
        home_ip=[_home_ip(h) for h in household.tolist()],
        phones=_phones(rng, count),
        laptop=_laptops(rng, household),
    )


def device(kind: int, key: str, *, rooted: bool = False) -> dict[str, Any]:
    """A device part without address. `kind`: 0-1 phones, 2-3 computers; the id is a
    digest of `key`, so that no id tells what its owner is up to."""
    system, agent = _AGENTS[kind]
    digest = blake2b(key.encode(), digest_size=9).hexdigest().translate(LETTERS)
    part = {"device_id": f"d-{digest}", "user_agent": agent, "os": system}
    return {**part, "is_emulator": False, "is_rooted": rooted}


def _households(rng: np.random.Generator, count: int) -> Ints:
    sizes = rng.choice([1, 2, 3, 4], size=count, p=[0.45, 0.33, 0.12, 0.10])
    return np.repeat(np.arange(count), sizes)[:count].astype(np.int64)


def _iban(country: str, number: int) -> str:
    """An IBAN-like id with a valid check (ISO 7064 mod 97-10) of a bank that is not."""
    body = f"SIMB{number:012d}"
    digits = "".join(str(int(c, 36)) for c in body + country + "00")
    return f"{country}{98 - int(digits) % 97:02d}{body}"


def _customers(
    rng: np.random.Generator, accounts: list[str], city: Ints, business: Flags
) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = []
    ages = rng.integers(18 * 365, 85 * 365, len(accounts)).tolist()
    for account, place, firm, age in zip(
        accounts, city.tolist(), business.tolist(), ages, strict=True
    ):
        country = CITIES[place].country
        culture = COUNTRIES[country].culture
        if firm:
            part: dict[str, Any] = {"name": company_name(rng, culture, country)}
        else:
            born = date(2007, 1, 1) - timedelta(days=age - 18 * 365)
            part = {"name": person_name(rng, culture), "birth_date": born.isoformat()}
        people.append({**part, "country": country, "account": account})
    return people


def _phones(
    rng: np.random.Generator, count: int
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    kinds = rng.integers(0, 2, (count, 2)).tolist()
    rooted = (rng.random((count, 2)) < 0.015).tolist()
    return [
        (
            device(kinds[i][0], f"ph-{i:06d}-0", rooted=rooted[i][0]),
            device(kinds[i][1], f"ph-{i:06d}-1", rooted=rooted[i][1]),
        )
        for i in range(count)
    ]


def _laptops(rng: np.random.Generator, household: Ints) -> list[dict[str, Any]]:
    """Half of the people use the household's computer, the rest their own."""
    kinds = rng.integers(2, 4, len(household)).tolist()
    shared = (rng.random(len(household)) < 0.5).tolist()
    household_ids = household.tolist()
    return [
        device(2 + household_id % 2, f"pc-h{household_id:06d}")
        if share
        else device(kind, f"pc-{i:06d}")
        for i, (household_id, share, kind) in enumerate(
            zip(household_ids, shared, kinds, strict=True)
        )
    ]


def _home_ip(household: int) -> str:
    """An address of the benchmarking range 198.18.0.0/15, which routes nowhere."""
    n = household % 131_072
    return f"198.{18 + (n >> 16)}.{(n >> 8) & 255}.{n & 255}"
