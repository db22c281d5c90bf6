"""Whoever pays with what is not theirs: their device, place and card stay the same for
the whole incident, as they would for a person."""

from typing import NamedTuple

import numpy as np

from fraud_ops.simulate.compose import (
    Body,
    Means,
    Money,
    Part,
    at_terminal,
    in_store,
    session,
    transfer,
)
from fraud_ops.simulate.scenario import ScenarioRun

_PHONES = ("android", "ios")
_ENTRIES = ("contactless", "chip", "magstripe", "wallet")
_ENTRY_SHARES = (0.42, 0.68, 0.9)


class Attacker(NamedTuple):
    """A device, the city it seems to be in, and which of the victim's cards is used.

    `new`: whether the bank sees the device as new, which malware and cloned cookies
    prevent.
    """

    gear: Part
    city: int
    slot: int
    new: bool


def intrude(
    scene: ScenarioRun, account: int, *, away: float, abroad: float
) -> Attacker:
    """Somebody who seems to be elsewhere in `away` of the cases, `abroad` of those in
    another country."""
    city = scene.home(account)
    if scene.chance(away):
        city = scene.another_city(city, abroad=scene.chance(abroad))
    slot = int(scene.chance(0.22))
    return Attacker(scene.gear(), city, slot, scene.chance(0.85))


def buy_online(
    scene: ScenarioRun, who: Attacker | None, account: int, euros: float, store: int
) -> Body:
    """A card used in a store, by an intruder or (None) from the customer's own device."""
    world, home = scene.world, scene.home(account)
    if who is None:
        means = scene.own(account, scene.start, 0.35, "mobile")
        means = means._replace(session=session(False, scene.chance(0.35)))
    else:
        means = _means(scene, who, session(who.new, scene.chance(0.14)))
    slot = int(scene.chance(0.33)) if who is None else who.slot
    return in_store(
        world.people,
        account,
        scene.money(euros, home),
        world.wallet.part(account, slot, "ecommerce"),
        world.shops.stores.merchant[store],
        means,
    )


def buy_in_shop(scene: ScenarioRun, who: Attacker, account: int, euros: float) -> Body:
    """A card at a till, in a shop whose goods sell again where there is one."""
    outlets = scene.world.shops.shops
    till = scene.resellable(outlets, who.city, tries=4)
    entry = _ENTRIES[int(np.searchsorted(_ENTRY_SHARES, scene.rng.random()))]
    return at_terminal(
        scene.world.people,
        account,
        scene.money(euros, who.city),
        scene.world.wallet.part(account, who.slot, entry),
        (outlets.merchant[till], outlets.location[till]),
    )


def take_cash(scene: ScenarioRun, who: Attacker, account: int, euros: float) -> Body:
    """Cash from a machine, in whole notes."""
    outlets = scene.world.shops.cash
    machine = int(outlets.choose(np.array([who.city]), scene.rng.random(1))[0])
    minor, currency = scene.money(max(euros, 20.0), who.city)
    note = 10 ** max(3, len(str(minor)) - 2)
    entry = "magstripe" if scene.chance(0.3) else "chip"
    return at_terminal(
        scene.world.people,
        account,
        Money(max(note, minor // note * note), currency),
        scene.world.wallet.part(account, who.slot, entry),
        (outlets.merchant[machine], outlets.location[machine]),
        kind="withdrawal",
    )


def send_off(
    scene: ScenarioRun,
    who: Attacker,
    account: int,
    euros: float,
    login: tuple[int, int, int],
) -> Body:
    """A transfer out of somebody else's account, to a stranger or a mule of the bank."""
    payee = scene.new_payee(abroad=0.35)
    if scene.chance(0.3):
        payee = scene.world.payees.part[scene.victim()]
    means = _means(scene, who, session(who.new, scene.chance(0.35), login))
    channel = "mobile" if who.gear["os"] in _PHONES else "online_banking"
    money = scene.typed(euros, scene.home(account))
    return transfer(scene.world.people, account, money, payee, channel, means)


def _means(scene: ScenarioRun, who: Attacker, login: Part) -> Means:
    return scene.stranger(who.gear, who.city, login)
