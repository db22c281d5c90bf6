"""Counterparties of transfers: family, landlords, suppliers, and people met once."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud_ops.simulate.atlas import CITIES, COUNTRIES, HOME_CITIES
from fraud_ops.simulate.names import company_name, person_name
from fraud_ops.simulate.people import People
from fraud_ops.simulate.randomness import Floats, Ints, generator

SLOTS = 8


@dataclass(frozen=True, slots=True)
class Payees:
    """`part` holds the message parts: first every account of the bank, then outsiders.

    `usual[a, s]` is the payee in slot `s` of account `a`, and `amount[a, s]` what is
    usually sent there, in euros. `cumulative` picks an outsider by popularity.
    """

    part: list[dict[str, Any]]
    usual: Ints
    amount: Floats
    cumulative: Floats


def befriend(seed: int, people: People) -> Payees:
    """Usual payees for every account: a third of them inside the bank."""
    rng = generator(seed, "payees")
    count = len(people.account_id)
    inside = [
        {key: part[key] for key in ("name", "country", "account")}
        for part in people.customer
    ]
    outside = [_outsider(rng, n, people) for n in range(max(200, 2 * count))]
    cumulative = np.cumsum(rng.lognormal(0.0, 1.2, len(outside)))
    near = rng.integers(0, count, (count, SLOTS))
    far = np.searchsorted(cumulative, rng.random((count, SLOTS)) * cumulative[-1])
    usual = np.where(rng.random((count, SLOTS)) < 0.33, near, count + far)
    level = people.level[:, None] + np.where(people.business, 0.6, 0.0)[:, None]
    amount = np.exp(rng.normal(np.log(85.0), 1.05, (count, SLOTS)) + level)
    # The first slot is the landlord, or whoever is paid like one.
    amount[:, 0] = np.exp(rng.normal(np.log(720.0), 0.35, count) + level[:, 0])
    return Payees(inside + outside, usual.astype(np.int64), amount, cumulative)


def _outsider(rng: np.random.Generator, number: int, people: People) -> dict[str, Any]:
    """Somebody with an account elsewhere, mostly in a country of the bank's customers."""
    homes = people.city
    city = int(homes[int(rng.integers(len(homes)))])
    if rng.random() < 0.12:
        city = int(HOME_CITIES[int(rng.integers(len(HOME_CITIES)))])
    if rng.random() < 0.03:
        city = int(rng.integers(len(CITIES)))
    country = CITIES[city].country
    culture = COUNTRIES[country].culture
    if rng.random() < 0.45:
        name = company_name(rng, culture, country)
    else:
        name = person_name(rng, culture)
    return outside_party(name, country, f"EXTB{number:010d}")


def outside_party(name: str, country: str, number: str) -> dict[str, Any]:
    """A counterparty with an account at another bank."""
    check = 2 + sum(number.encode()) % 97
    return {
        "name": name,
        "country": country,
        "account": f"{country}{check:02d}{number}",
    }
