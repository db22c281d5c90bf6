"""Devices, addresses and logins of honest customers, column by column."""

from typing import NamedTuple

import numpy as np

from fraud_ops.simulate.compose import Means, Part, session
from fraud_ops.simulate.habits import Visits
from fraud_ops.simulate.life_events import NEW_DEVICE_MS
from fraud_ops.simulate.people import device
from fraud_ops.simulate.randomness import Flags, Floats, Ints
from fraud_ops.simulate.world import CITY_PART, World, hotel_ip, mobile_ip

_PHONE, _LAPTOP, _BORROWED = range(3)


class Remote(NamedTuple):
    """What a day's remote payments are made with. `new` devices are unknown to the bank:
    a new phone, or somebody else's machine."""

    kind: Ints
    second_phone: Flags
    new: Flags
    address: Ints
    number: Ints
    place: Flags


def remote(
    world: World, visits: Visits, rows: Ints, phone: Floats, rng: np.random.Generator
) -> Remote:
    """`phone` is the chance of a phone per row; the rest is the computer."""
    n = len(rows)
    account, at = visits.account[rows], visits.at[rows]
    kind = np.where(rng.random(n) < phone, _PHONE, _LAPTOP)
    kind = np.where(rng.random(n) < 0.012, _BORROWED, kind)
    second = world.lives.new_phone(account, at)
    fresh = second & (at - world.lives.new_phone_at[account] < NEW_DEVICE_MS)
    new = (kind == _BORROWED) | ((kind == _PHONE) & fresh)
    at_home = visits.city[rows] == world.lives.home_at(world.people, account, at)
    at_home &= ~visits.under_way[rows]
    carrier = rng.random(n) < np.where(kind == _PHONE, 0.45, 0.06)
    # 0 home, 1 carrier, 2 guest network: moving house leaves the old address behind.
    settled = at_home & (at < world.lives.moved_at[account])
    address = np.where(carrier, 1, np.where(settled, 0, 2))
    address = np.where((kind == _BORROWED) & (address == 0), 2, address)
    place = (rng.random(n) < 0.85) & ~visits.under_way[rows]
    return Remote(kind, second, new, address, rng.integers(0, 10**9, n), place)


def two_factor(
    euros: Floats, new: Flags, odds: tuple[float, float], rng: np.random.Generator
) -> list[bool]:
    """Strong authentication: `odds` below and above 30 euros, nearly always when new."""
    chance = np.where(euros > 30.0, odds[1], odds[0])
    chance = np.where(new, np.maximum(chance, 0.85), chance)
    flags: list[bool] = (rng.random(len(euros)) < chance).tolist()
    return flags


def logins(
    world: World, visits: Visits, rows: Ints, new: Flags, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """Failed attempts, seconds since login, days since the password changed."""
    n = len(rows)
    fingers = rng.random(n)
    clumsy = np.where(new, 0.30, 0.055)
    failed = np.where(fingers < clumsy, rng.geometric(0.62, n), 0)
    seconds = np.exp(rng.normal(4.3, 0.95, n)).astype(np.int64)
    days = world.lives.password_age_days(visits.account[rows], visits.at[rows])
    # Who cannot get in resets the password.
    days = np.where((failed >= 2) & (rng.random(n) < 0.3), 0, days)
    return list(zip(failed.tolist(), seconds.tolist(), days.tolist(), strict=True))


def assemble(
    world: World, visits: Visits, rows: Ints, how: Remote, sessions: list[Part]
) -> list[Means]:
    """The ready parts, one per row."""
    people = world.people
    found: list[Means] = []
    columns = (
        visits.account[rows].tolist(),
        visits.city[rows].tolist(),
        how.kind.tolist(),
        how.second_phone.tolist(),
        how.address.tolist(),
        how.number.tolist(),
        how.place.tolist(),
    )
    for account, city, kind, second, address, number, place, login in zip(
        *columns, sessions, strict=True
    ):
        if kind == _PHONE:
            base = people.phones[account][second]
        elif kind == _LAPTOP:
            base = people.laptop[account]
        else:
            base = device(2 + number % 2, f"gx-{number:09d}")
        if address == 0:
            ip = people.home_ip[account]
        elif address == 1:
            ip = mobile_ip(city, number)
        else:
            ip = hotel_ip(city, number)
        spot = CITY_PART[city] if place else None
        found.append(Means({**base, "ip": ip}, spot, login))
    return found


def plain_sessions(new: Flags, strong: list[bool]) -> list[Part]:
    """Logins of which only the device and the authentication are known."""
    return [session(n, s) for n, s in zip(new.tolist(), strong, strict=True)]


def full_sessions(
    new: Flags, strong: list[bool], login: list[tuple[int, int, int]]
) -> list[Part]:
    """Logins of the bank's own channels."""
    return [
        session(n, s, k) for n, s, k in zip(new.tolist(), strong, login, strict=True)
    ]
