"""What ordinary payments cost: log-normal by merchant category and by account."""

import numpy as np

from fraud_ops.simulate.habits import Visits
from fraud_ops.simulate.payees import SLOTS
from fraud_ops.simulate.randomness import Flags, Floats, Ints
from fraud_ops.simulate.shops import LOG_MEDIAN, SIGMA
from fraud_ops.simulate.world import MINOR_PER_EUR, NOTE_MINOR, World

# Nobody pays more than this by card in this world.
_CEILING_EUR = 60_000.0
_SLOT_SHARES: Floats = np.cumsum(1.0 / np.arange(1, SLOTS) ** 0.9)


def purchases(
    world: World, account: Ints, category: Ints, lift: float, rng: np.random.Generator
) -> tuple[Floats, Flags]:
    """Euros paid in shops, and which of them are the year's large purchases."""
    n = len(account)
    spread = rng.normal(0.0, 1.0, n) * SIGMA[category]
    euros = np.exp(LOG_MEDIAN[category] + spread + world.people.level[account]) * lift
    large = rng.random(n) < 0.004
    euros = np.where(large, euros * rng.lognormal(1.7, 0.5, n) + 150.0, euros)
    return np.clip(euros, 0.2, _CEILING_EUR), large


def transfers(
    world: World, visits: Visits, rows: Ints, payday: Flags, rng: np.random.Generator
) -> tuple[Floats, Ints, Flags]:
    """Euros sent, to whom (index into the payees), and which are large ones.

    Usual payees get their usual amount, often to the cent; rent goes out on pay day.
    """
    account = visits.account[rows]
    n = len(rows)
    # The first slot is the rent; the others by habit.
    slot = 1 + np.searchsorted(_SLOT_SHARES, rng.random(n) * _SLOT_SHARES[-1])
    slot = np.where(rng.random(n) < np.where(payday, 0.45, 0.015), 0, slot)
    payee = world.payees.usual[account, slot]
    euros = world.payees.amount[account, slot]
    euros = np.where(rng.random(n) < 0.55, euros, euros * rng.lognormal(0.0, 0.5, n))
    stranger = rng.random(n) < np.where(world.people.business[account], 0.1, 0.08)
    chance = np.searchsorted(
        world.payees.cumulative, rng.random(n) * world.payees.cumulative[-1]
    )
    payee = np.where(stranger, world.size + chance, payee)
    level = world.people.level[account]
    once = np.exp(np.log(120.0) + rng.normal(0.0, 1.15, n) + level)
    euros = np.where(stranger, once, euros)
    large = rng.random(n) < np.where(stranger, 0.07, 0.008)
    big = np.exp(np.log(1900.0) + rng.normal(0.0, 0.85, n) + level)
    euros = np.where(large, big, euros)
    return np.clip(euros, 1.0, _CEILING_EUR), payee, large


def to_minor(euros: Floats, city: Ints, rng: np.random.Generator) -> Ints:
    """Minor units in the currency of a city; prices often end in round figures."""
    unit = MINOR_PER_EUR[city]
    minor = np.round(euros * unit)
    whole = np.maximum(100.0, NOTE_MINOR[city] / 10.0)
    style = rng.random(len(euros))
    nice = np.maximum(whole, np.round(minor / whole) * whole)
    minor = np.where(style < 0.14, nice, minor)
    minor = np.where(
        (style > 0.68) & (minor > whole), nice - np.round(whole / 100), minor
    )
    return np.maximum(minor, 1.0).astype(np.int64)


def to_round_minor(euros: Floats, city: Ints, rng: np.random.Generator) -> Ints:
    """As people type amounts into a transfer: mostly whole units, small ones exact."""
    whole = np.maximum(100.0, NOTE_MINOR[city] / 10.0)
    minor = np.round(euros * MINOR_PER_EUR[city])
    step = np.where(minor > 40 * whole, 10 * whole, whole)
    typed = rng.random(len(euros)) < 0.6
    nice = np.maximum(step, np.round(minor / step) * step)
    return np.where(typed, nice, minor).astype(np.int64)


def cash(world: World, account: Ints, city: Ints, rng: np.random.Generator) -> Ints:
    """Minor units taken from a machine: multiples of the local note."""
    spread = rng.normal(0.0, 0.65, len(account))
    euros = np.exp(np.log(75.0) + spread + world.people.level[account] * 0.6)
    note = NOTE_MINOR[city]
    notes = np.clip(np.round(euros * MINOR_PER_EUR[city] / note), 1, 80)
    minor: Ints = (notes * note).astype(np.int64)
    return minor
