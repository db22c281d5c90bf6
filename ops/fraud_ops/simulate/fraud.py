"""The fraud scenarios, one function each. A scenario writes exactly `scene.size` payments
with the same building blocks as honest ones; its name stays in the ground truth."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fraud_ops.simulate.atlas import CITIES
from fraud_ops.simulate.attacker import (
    Attacker,
    buy_in_shop,
    buy_online,
    intrude,
    send_off,
    take_cash,
)
from fraud_ops.simulate.compose import at_terminal, session, transfer
from fraud_ops.simulate.config import DAY_MS, HOUR_MS, MINUTE_MS
from fraud_ops.simulate.mangle import mangle
from fraud_ops.simulate.payees import outside_party
from fraud_ops.simulate.scenario import ScenarioRun
from fraud_ops.simulate.shops import CATEGORIES
from fraud_ops.simulate.world import CITY_PART

_TINY = frozenset({"5815", "5816", "5817", "8398", "4899"})
_REMOTE_COUNTRIES = ("TR", "BR", "ZA", "SG", "TH", "IN", "CH", "GR")


def large_amount(scene: ScenarioRun) -> None:
    """One purchase or transfer, or two, far above what the account usually pays."""
    account = scene.victim()
    who, at = intrude(scene, account, away=0.4, abroad=0.6), float(scene.start)
    draw = scene.rng.random()
    for _ in range(scene.size):
        euros = scene.lognormal(560.0, 0.75) * scene.level(account) ** 0.5
        if draw < 0.55:
            # A quarter of it comes from the customer's own, infected device.
            culprit = None if draw < 0.14 else who
            body = buy_online(scene, culprit, account, euros, scene.store())
        elif draw < 0.85:
            body = buy_in_shop(scene, who, account, euros)
        else:
            login = scene.login(account, at, clumsy=0.4)
            body = send_off(scene, who, account, euros, login)
        scene.add(at, body)
        at += scene.pause(1.5)


def compromised_terminal(scene: ScenarioRun) -> None:
    """A terminal whose cards are copied: for days, many cards, modest amounts."""
    outlets, rng = scene.world.shops.shops, scene.rng
    city = scene.home(scene.victim())
    till = int(outlets.choose(np.array([city]), rng.random(1))[0])
    days = float(rng.uniform(2.0, 10.0))
    median = min(CATEGORIES[int(outlets.category[till])].median, 90.0)
    place = (outlets.merchant[till], outlets.location[till])
    for account in scene.victims(scene.size, city if scene.chance(0.75) else None):
        day = int(rng.uniform(0.0, days)) * DAY_MS
        hour = rng.normal(15.0, 4.0) if scene.chance(0.8) else rng.uniform(0.0, 24.0)
        at = scene.start - scene.start % DAY_MS + day + float(hour) * HOUR_MS
        entry = ("magstripe", "contactless", "chip", "manual")[
            int(np.searchsorted([0.34, 0.74, 0.92], rng.random()))
        ]
        euros = scene.lognormal(median * 1.5, 0.6)
        card = scene.world.wallet.part(account, int(scene.chance(0.22)), entry)
        money = scene.money(euros, city)
        scene.add(
            max(at, scene.start),
            at_terminal(scene.world.people, account, money, card, place),
        )


def stolen_card_spending_jump(scene: ScenarioRun) -> None:
    """A stolen card is spent within a day or so: here, elsewhere, or on another continent
    while its owner pays at home, or in two places at once, which no journey explains."""
    account, at = scene.victim(), float(scene.start)
    near, draw = scene.world.whereabouts(account, scene.start), scene.rng.random()
    city = near if draw < 0.4 else scene.another_city(near, abroad=draw > 0.62)
    who = intrude(scene, account, away=0.4, abroad=0.7)._replace(city=city)
    crew = [who]
    if scene.chance(0.25):
        crew.append(who._replace(city=scene.another_city(city, abroad=True)))
    online = 0.2 if scene.chance(0.6) else 0.75
    hurry = scene.lognormal(1.1, 0.8)
    usual = scene.lognormal(62.0, 0.5) * scene.level(account) ** 0.5
    for number in range(scene.size):
        growth = 0.7 + min(number, 5) * 0.35
        who = _one_of(scene, crew)
        euros = max(2.0, scene.lognormal(usual * growth, 0.7))
        if scene.chance(online):
            body = buy_online(scene, who, account, euros, scene.store())
        elif scene.chance(0.1):
            body = take_cash(scene, who, account, euros)
        else:
            body = buy_in_shop(scene, who, account, euros)
        scene.add(at, body)
        at += scene.pause(hurry)
    scene.reissues.append((account, int(at + scene.pause(14.0))))


def card_testing(scene: ScenarioRun) -> None:
    """Bursts of tiny online payments find out which cards live; those are spent."""
    tests = max(1, scene.size - max(1, round(scene.size * 0.2)))
    pace = (0.012, 0.35, 2.5)[int(np.searchsorted((0.6, 0.85), scene.rng.random()))]
    accounts = scene.victims(1 if scene.chance(0.4) else min(tests, 12))
    crew = [
        intrude(scene, accounts[0], away=0.5, abroad=0.7)
        for _ in range(1 + int(scene.chance(0.35)))
    ]
    stores = [scene.store(_TINY) for _ in range(1 + int(scene.chance(0.5)))]
    at = float(scene.start)
    for number in range(tests):
        account, who = accounts[number % len(accounts)], _one_of(scene, crew)
        store = stores[int(scene.rng.integers(len(stores)))]
        euros = float(np.clip(scene.lognormal(1.6, 0.7), 0.1, 8.0))
        body = buy_online(scene, who, account, euros, store)
        if scene.chance(0.2):
            body = {**body, "kind": "account_verification", "amount_minor": 0}
        scene.add(at, body)
        at += scene.pause(pace)
    at += scene.pause(6.0) + 3 * MINUTE_MS
    for _ in range(scene.size - tests):
        account = accounts[int(scene.rng.integers(len(accounts)))]
        euros = scene.lognormal(150.0, 0.8)
        scene.add(at, buy_online(scene, crew[0], account, euros, scene.store()))
        scene.reissues.append((account, int(at + scene.pause(30.0))))
        at += scene.pause(1.0)


def account_takeover(scene: ScenarioRun) -> None:
    """Somebody else logs in, from an unknown device far away, and sends money off; some
    change the password first. The quiet ones come through the customer's own computer."""
    account, at = scene.victim(), float(scene.start)
    who = intrude(scene, account, away=0.65, abroad=0.6)
    remote_access = scene.chance(0.18)
    failed, seconds, days = scene.login(account, at, 0.1 if remote_access else 0.55)
    if scene.chance(0.1 if remote_access else 0.5):
        days = int(scene.rng.integers(0, 3))
    for _ in range(scene.size):
        euros = scene.lognormal(640.0, 0.85) * scene.level(account) ** 0.5
        body = send_off(scene, who, account, euros, (failed, seconds, days))
        if remote_access:
            means = scene.own(account, at, 0.75, "online_banking")
            body = {**body, "channel": "online_banking", "device": means.device}
            body["session"] = {**means.session, "seconds_since_login": seconds}
            body["location"] = CITY_PART[scene.home(account)]
        scene.add(at, body)
        pause = scene.pause(0.4)
        at, seconds = at + pause, seconds + int(pause / 1000)


def mule_fan_in_out(scene: ScenarioRun) -> None:
    """Deceived people pay one account from their own devices; it is emptied at once."""
    world, rng = scene.world, scene.rng
    leaving = max(1, round(scene.size * 0.35)) if scene.size > 1 else 0
    mule, *senders = scene.victims(1 + scene.size - leaving)
    window, total = float(rng.uniform(5.0, 60.0)), 0.0
    last = float(scene.start)
    payee = world.payees.part[mule]
    for sender in senders:
        at = scene.start + float(rng.uniform(0.0, window)) * HOUR_MS
        euros = scene.lognormal(330.0, 0.7)
        channel = "mobile" if scene.chance(0.6) else "online_banking"
        means = scene.own(sender, at, 0.85, channel)
        money = scene.typed(euros, scene.home(sender))
        scene.add(at, transfer(world.people, sender, money, payee, channel, means))
        total, last = total + euros, max(last, at)
    gear = scene.gear() if scene.chance(0.55) else None
    at = last + scene.pause(1.2)
    for share in (rng.dirichlet(np.full(leaving, 6.0)) * 0.93).tolist():
        if gear is None:
            means = scene.own(mule, at, 0.75, "mobile")
        else:
            login = session(True, scene.chance(0.6), scene.login(mule, at, 0.15))
            means = scene.stranger(gear, scene.home(mule), login)
        money = scene.typed(max(5.0, total * share), scene.home(mule))
        to = scene.new_payee(abroad=0.4)
        scene.add(at, transfer(world.people, mule, money, to, "mobile", means))
        at += scene.pause(0.25)


def sanctioned_counterparty(scene: ScenarioRun) -> None:
    """A transfer to somebody on a list, whose name is written a little differently."""
    account, at = scene.victim(), float(scene.start)
    names = scene.world.config.listed_names
    name = mangle(scene.rng, names[int(scene.rng.integers(len(names)))])
    country = CITIES[scene.home(scene.victim())].country
    if scene.chance(0.5):
        country = _REMOTE_COUNTRIES[int(scene.rng.integers(len(_REMOTE_COUNTRIES)))]
    payee = outside_party(name, country, f"EXTB{int(scene.rng.integers(10**10)):010d}")
    for _ in range(scene.size):
        euros = scene.lognormal(900.0, 0.9) * scene.level(account) ** 0.5
        means = scene.own(account, at, 0.85, "online_banking")
        money = scene.typed(euros, scene.home(account))
        people = scene.world.people
        scene.add(at, transfer(people, account, money, payee, "online_banking", means))
        at += scene.pause(30.0)


def _one_of(scene: ScenarioRun, crew: list[Attacker]) -> Attacker:
    return crew[int(scene.rng.integers(len(crew)))]


class Scenario(NamedTuple):
    """How a scenario acts, and the least and most payments of one incident."""

    act: Callable[[ScenarioRun], None]
    least: int
    most: int


SCENARIOS: dict[str, Scenario] = {
    "large_amount": Scenario(large_amount, 1, 2),
    "compromised_terminal": Scenario(compromised_terminal, 10, 30),
    "stolen_card_spending_jump": Scenario(stolen_card_spending_jump, 3, 10),
    "card_testing": Scenario(card_testing, 6, 16),
    "account_takeover": Scenario(account_takeover, 1, 4),
    "mule_fan_in_out": Scenario(mule_fan_in_out, 6, 16),
    "sanctioned_counterparty": Scenario(sanctioned_counterparty, 1, 2),
}
