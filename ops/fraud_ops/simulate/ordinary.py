"""Honest payments: a day's outline becomes message bodies. Besides plain days it holds
what looks like fraud and is none: journeys, sprees, new phones, large purchases."""

import numpy as np

from fraud_ops.simulate import amounts, means
from fraud_ops.simulate.compose import (
    Body,
    Means,
    Money,
    PaymentDraft,
    at_terminal,
    in_store,
    transfer,
)
from fraud_ops.simulate.config import DAY_MS
from fraud_ops.simulate.delays import false_reports
from fraud_ops.simulate.habits import Habits, Visits, season
from fraud_ops.simulate.people import BRANCH, CASH_OUT, MOBILE, ONLINE, SHOP, STORE
from fraud_ops.simulate.randomness import Flags, Floats, Ints, generator
from fraud_ops.simulate.world import CITY_PART, CURRENCY, World

# Honest oddities, the telling ones last.
SITUATIONS = (
    None, "business_run", "payday", "christmas", "travel", "moving_house",
    "large_purchase", "new_device",
)  # fmt: skip
_ENTRIES = ("contactless", "chip", "wallet", "magstripe", "manual")
_ENTRY_SHARES: Floats = np.cumsum([0.50, 0.25, 0.20, 0.035, 0.015])


class _Day:
    """One day in the making: the outline, and a slot for every body."""

    def __init__(self, visits: Visits, rng: np.random.Generator, lift: float) -> None:
        self.visits = visits
        self.rng = rng
        self.lift = lift
        count = len(visits.account)
        self.bodies: list[Body] = [{}] * count
        self.large: Flags = np.zeros(count, dtype=np.bool_)
        self.new: Flags = np.zeros(count, dtype=np.bool_)
        self.rows = [np.flatnonzero(visits.mode == mode) for mode in range(6)]


class Ordinary:
    """Draws honest days, one at a time."""

    def __init__(self, world: World, habits: Habits) -> None:
        self._world = world
        self._habits = habits

    def day(self, day: int, count: int) -> list[PaymentDraft]:
        """The day's honest payments in the order of time."""
        config = self._world.config
        rng = generator(config.seed, "ordinary", day)
        visits = self._habits.draw(day, count, rng)
        work = _Day(visits, rng, max(1.0, season(self._habits.date(day)) ** 0.4))
        payday = self._habits.after_salary(day)[visits.account] >= 0
        self._shops(work)
        self._stores(work)
        self._cash(work)
        self._transfers(work, MOBILE, payday)
        self._transfers(work, ONLINE, payday)
        self._branch(work, payday)
        situation = self._situations(day, work, payday)
        reports = false_reports(config, day, visits.mode <= STORE)
        order = np.argsort(visits.at, kind="stable")
        return [
            PaymentDraft(at, work.bodies[i], None, SITUATIONS[code], reports.get(i, ()))
            for i, at, code in zip(
                order.tolist(),
                visits.at[order].tolist(),
                situation[order].tolist(),
                strict=True,
            )
        ]

    def _shops(self, work: _Day) -> None:
        world, rng, rows = self._world, work.rng, work.rows[SHOP]
        account, city, n = work.visits.account[rows], work.visits.city[rows], len(rows)
        outlets = world.shops.shops
        till = outlets.choose(city, rng.random(n))
        slot = np.minimum((rng.pareto(1.0, n) * 2).astype(np.int64), 11)
        usual = (rng.random(n) < 0.72) & (city == world.people.city[account])
        till = np.where(usual, world.favourite_shops[account, slot], till)
        euros, large = amounts.purchases(
            world, account, outlets.category[till], work.lift, rng
        )
        work.large[rows] = large
        entry = np.searchsorted(_ENTRY_SHARES, rng.random(n), side="right")
        chip = (entry == 0) & (euros > 50.0) & (rng.random(n) < 0.6)
        minor = amounts.to_minor(euros, city, rng).tolist()
        columns = (
            rows.tolist(), account.tolist(), till.tolist(), city.tolist(), minor,
            np.where(chip, 1, np.minimum(entry, 4)).tolist(),
            (rng.random(n) < 0.22).tolist(), (rng.random(n) < 0.008).tolist(),
        )  # fmt: skip
        for i, a, t, c, amount, mode, credit, back in zip(*columns, strict=True):
            work.bodies[i] = at_terminal(
                world.people,
                a,
                Money(amount, CURRENCY[c]),
                world.wallet.part(a, int(credit), _ENTRIES[mode]),
                (outlets.merchant[t], outlets.location[t]),
                kind="refund" if back else "card_payment",
            )

    def _stores(self, work: _Day) -> None:
        world, rng, rows = self._world, work.rng, work.rows[STORE]
        account, n = work.visits.account[rows], len(rows)
        outlets, people = world.shops.stores, world.people
        store = self._choose_stores(work, rows)
        euros, large = amounts.purchases(
            world, account, outlets.category[store], work.lift, rng
        )
        work.large[rows] = large
        phone = np.where(people.business[account], 0.1, 0.62)
        how = means.remote(world, work.visits, rows, phone, rng)
        work.new[rows] = how.new
        strong = means.two_factor(euros, how.new & (euros > 15), (0.15, 0.6), rng)
        parts = means.assemble(
            world, work.visits, rows, how, means.plain_sessions(how.new, strong)
        )
        home = people.city[account]
        minor = amounts.to_minor(euros, home, rng).tolist()
        columns = (
            rows.tolist(), account.tolist(), store.tolist(), home.tolist(), minor, parts,
            (rng.random(n) < 0.33).tolist(), rng.random(n).tolist(),
        )  # fmt: skip
        for i, a, s, c, amount, part, credit, u in zip(*columns, strict=True):
            kind = "card_payment"
            if u < 0.035:
                kind = "account_verification" if u < 0.02 else "refund"
                amount = 0 if u < 0.02 else amount
            work.bodies[i] = in_store(
                people,
                a,
                Money(amount, CURRENCY[c]),
                world.wallet.part(a, int(credit), "ecommerce"),
                outlets.merchant[s],
                part,
                kind=kind,
            )

    def _choose_stores(self, work: _Day, rows: Ints) -> Ints:
        """Favourites mostly; a spree stays in one store, as in a game or a sale."""
        world, rng, n = self._world, work.rng, len(rows)
        account = work.visits.account[rows]
        store = world.shops.stores.choose(np.zeros(n, np.int64), rng.random(n))
        slot = np.minimum((rng.pareto(1.0, n) * 2).astype(np.int64), 7)
        usual = rng.random(n) < 0.55
        store = np.where(usual, world.favourite_stores[account, slot], store)
        full = np.zeros(len(work.visits.account), dtype=np.int64)
        full[rows] = store
        leader = work.visits.leader[rows]
        same = (leader != rows) & (work.visits.mode[leader] == STORE)
        return np.where(same & (rng.random(n) < 0.65), full[leader], store)

    def _cash(self, work: _Day) -> None:
        world, rng, rows = self._world, work.rng, work.rows[CASH_OUT]
        account, city, n = work.visits.account[rows], work.visits.city[rows], len(rows)
        outlets = world.shops.cash
        machine = outlets.choose(city, rng.random(n))
        minor = amounts.cash(world, account, city, rng)
        entry = np.searchsorted([0.88, 0.95], rng.random(n), side="right")
        columns = (rows, account, machine, city, minor, entry)
        for i, a, m, c, amount, mode in zip(
            *(x.tolist() for x in columns), strict=True
        ):
            work.bodies[i] = at_terminal(
                world.people,
                a,
                Money(amount, CURRENCY[c]),
                world.wallet.part(a, 0, ("chip", "contactless", "magstripe")[mode]),
                (outlets.merchant[m], outlets.location[m]),
                kind="withdrawal",
            )

    def _transfers(self, work: _Day, mode: int, payday: Flags) -> None:
        world, rng, rows = self._world, work.rng, work.rows[mode]
        euros, payee, large = amounts.transfers(
            world, work.visits, rows, payday[rows], rng
        )
        work.large[rows] = large
        phone = np.full(len(rows), 0.99 if mode == MOBILE else 0.04)
        how = means.remote(world, work.visits, rows, phone, rng)
        work.new[rows] = how.new
        strong = means.two_factor(euros, how.new | (euros > 400), (0.35, 0.5), rng)
        login = means.logins(world, work.visits, rows, how.new, rng)
        parts = means.assemble(
            world, work.visits, rows, how, means.full_sessions(how.new, strong, login)
        )
        self._send(
            work,
            rows,
            "mobile" if mode == MOBILE else "online_banking",
            euros,
            payee,
            parts,
        )

    def _branch(self, work: _Day, payday: Flags) -> None:
        rows = work.rows[BRANCH]
        euros, payee, large = amounts.transfers(
            self._world, work.visits, rows, payday[rows], work.rng
        )
        work.large[rows] = large
        self._send(work, rows, "branch", euros * 1.6, payee, None)

    def _send(
        self,
        work: _Day,
        rows: Ints,
        channel: str,
        euros: Floats,
        payee: Ints,
        parts: list[Means] | None,
    ) -> None:
        world = self._world
        home = world.people.city[work.visits.account[rows]]
        minor = amounts.to_round_minor(euros, home, work.rng)
        columns = (
            rows,
            work.visits.account[rows],
            home,
            work.visits.city[rows],
            payee,
            minor,
        )
        for k, (i, a, h, c, p, amount) in enumerate(
            zip(*(x.tolist() for x in columns), strict=True)
        ):
            work.bodies[i] = transfer(
                world.people,
                a,
                Money(amount, CURRENCY[h]),
                world.payees.part[p],
                channel,
                None if parts is None else parts[k],
                location=CITY_PART[c],
            )

    def _situations(self, day: int, work: _Day, payday: Flags) -> Ints:
        """Which honest oddity each payment belongs to, as an index of `SITUATIONS`."""
        visits, world = work.visits, self._world
        date = self._habits.date(day)
        home = world.lives.home_at(world.people, visits.account, visits.at)
        since_move = visits.at - world.lives.moved_at[visits.account]
        found = np.zeros(len(visits.account), dtype=np.int64)
        run = world.people.business[visits.account] & (visits.mode >= MOBILE)
        found[run & (visits.leader != np.arange(len(found)))] = 1
        found[payday] = 2
        if date.month == 12 and date.day <= 24:
            found[visits.mode <= STORE] = 3
        found[(visits.city != home) | visits.under_way] = 4
        found[(since_move >= 0) & (since_move < 30 * DAY_MS)] = 5
        found[work.large] = 6
        found[work.new] = 7
        return found
