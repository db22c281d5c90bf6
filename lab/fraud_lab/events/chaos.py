"""`fraud chaos events`: the broker and the consumer are broken under load; nothing is lost,
nothing is applied twice, and payments do not notice."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from fraud_lab.events import line, records, stage
from fraud_lab.events.broker import own_broker
from fraud_lab.events.cuts import CutRun, cut_between
from fraud_lab.events.database import own_database
from fraud_lab.events.faults import FAULTS
from fraud_lab.events.history import LinkHistory, gates, link, shown
from fraud_lab.events.line import Line
from fraud_lab.events.planted import BUGS, sound
from fraud_lab.events.poison import PoisonRun, poisoned
from fraud_lab.events.stage import Sent, Stage, p99_ms
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError

PORT = 24000
CALM_S = 15.0
DRAINED_WITHIN_S = 20.0
WAITED_S = 90.0
SLOWER = 1.10
CONNECTIONS_PER_S = 1.0
PLANTED_CUTS = 8
PREFIX = "fraud"
# Faults of the broker alone: the payment's path must not notice. A consumer that is killed
# starts again on the cores that decide payments.
UNNOTICED = ("stopped", "blocked", "frozen", "killed", "unbound")
console = wide_console()


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how fast, and which faults."""

    seconds: float
    rps: float
    faults: Sequence[str]
    seed: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the database is made, and how the command ends."""

    database_url: str
    as_json: bool
    enforce: bool

    def finish(
        self, what: str, figures: Mapping[str, Any], judged: Sequence[Gate], n: int,
        seed: int | None,
    ) -> None:  # fmt: skip
        """Show the gates, print the JSON line, exit 1 when one is red and that is asked."""
        finish(
            what, figures, judged, n=n, seed=seed, as_json=self.as_json,
            enforce=self.enforce,
        )  # fmt: skip

    @asynccontextmanager
    async def line(self) -> AsyncIterator[tuple[Line, str]]:
        """A line on servers of its own, and the broker's URL."""
        async with (
            own_broker() as broker,
            own_database(self.database_url) as url,
            line.opened(url) as target,
        ):
            yield target, broker.url


class NoSuchFault(CommandError):
    """There is no fault of this name."""


def named(faults: str) -> list[str]:
    """The faults of a comma-separated list. Raises NoSuchFault."""
    names = [name.strip() for name in faults.split(",") if name.strip()]
    for name in names:
        if name not in FAULTS:
            raise NoSuchFault(f"no fault {name!r}; there are {', '.join(FAULTS)}")
    return names


def chaos_events_command(mesh: LocalMesh, plan: Plan, asked: Asked) -> None:
    """Run the faults, check the history, and judge."""
    quiet()
    with mesh.fresh(PORT) as fresh:
        figures, judged, n = asyncio.run(_mesh(fresh, plan, asked.database_url))
    _show(figures["faults"], figures["history"])
    asked.finish("chaos events", figures, judged, n, plan.seed)


def chaos_cuts_command(cuts: int, seed: int, asked: Asked) -> None:
    """Cut connections between publish and confirm, and judge."""
    quiet()

    async def run() -> CutRun:
        async with asked.line() as (target, url):
            return await cut_between(target, url, PREFIX, cuts=cuts, seed=seed)

    found = asyncio.run(run())
    figures = {**found.figures, "history": shown(found.history)}
    enough = gate("connections cut", found.figures["cuts"], cuts, "at_least")
    judged = [enough, *found.gates()]
    asked.finish("chaos events --cuts", figures, judged, figures["events"], seed)


def chaos_poison_command(good: int, seed: int, asked: Asked) -> None:
    """One poison message for every hundred good ones, and judge."""
    quiet()

    async def run() -> PoisonRun:
        async with asked.line() as (target, url):
            return await poisoned(
                target, url, PREFIX, good=good, poison_count=good // 100, seed=seed
            )

    found = asyncio.run(run())
    asked.finish("chaos events --poison", found.figures, found.gates(), good, seed)


def chaos_selftest_command(asked: Asked) -> None:
    """Every bug that is planted turns a gate red, and the product none."""
    quiet()

    async def run() -> list[Gate]:
        judged = []
        async with asked.line() as (target, url):
            for number, (name, plant) in enumerate({"": sound, **BUGS}.items()):
                await target.empty()
                found = await plant(target, url, f"{PREFIX}{number}", PLANTED_CUTS)
                red = sum(not one.holds for one in found.gates())
                judged.append(
                    gate(f"found: {name}", red, 1, "at_least")
                    if name
                    else gate("red without a bug", red, 0, "at_most")
                )
        return judged

    judged = asyncio.run(run())
    asked.finish("chaos events --selftest", {}, judged, len(judged), None)


def quiet() -> None:
    """The broker's client writes a traceback for every connection that is cut."""
    for name in ("aiormq", "aio_pika"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


async def _mesh(
    mesh: LocalMesh, plan: Plan, database_url: str
) -> tuple[dict[str, Any], list[Gate], int]:
    longest_s = len(plan.faults) * (plan.seconds + 2 * CALM_S + WAITED_S)
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(own_broker())
        url = await stack.enter_async_context(own_database(database_url))
        opened = await stack.enter_async_context(
            stage.opened(mesh, broker, url, plan.rps)
        )
        faults = {}
        async with stage.paying(opened, longest_s, plan.seed):
            for name in plan.faults:
                console.print(f"{name}, {plan.seconds:g} s")
                faults[name] = await _fault(opened, name, plan)
        give_up = time.monotonic() + WAITED_S
        while await opened.behind() and time.monotonic() < give_up:
            await asyncio.sleep(0.2)
        history, off = await _history(opened)
    sent = opened.stream.sent
    judged = [*gates(history), gate("profile rows off", off, 0, "at_most")]
    judged.append(gate("failed requests", _failed(sent), 0, "at_most"))
    for name, found in faults.items():
        judged += _judged(name, found)
    figures = {
        "rps": plan.rps,
        "seconds": plan.seconds,
        "faults": faults,
        "history": shown(history),
    }
    return figures, judged, len(sent)


async def _fault(opened: Stage, name: str, plan: Plan) -> dict[str, Any]:
    """Calm, the fault, the backlog, calm again."""
    begun = time.monotonic()
    await asyncio.sleep(CALM_S)
    before = opened.relay_link.connections
    harmed = time.monotonic()
    broken = await FAULTS[name](opened, plan.seconds)
    healed = time.monotonic()
    behind = await opened.behind()
    opened_connections = opened.relay_link.connections - before
    drained_s = await opened.drained(WAITED_S)
    after = time.monotonic()
    await asyncio.sleep(CALM_S)
    stream = opened.stream
    calm = stream.between(begun, harmed) + stream.between(after, time.monotonic())
    during = stream.between(*broken)
    return {
        "payments": len(stream.between(begun, time.monotonic())),
        "failed": _failed(stream.between(begun, time.monotonic())),
        "failed_during": _failed(during),
        "backlog": behind,
        "drained_s": drained_s,
        "p99_calm_ms": p99_ms(calm),
        "p99_during_ms": p99_ms(during),
        "p99_until_drained_ms": p99_ms(stream.between(broken[1], after)),
        "connections_per_s": round(opened_connections / (healed - harmed), 2),
    }


def _failed(sent: Sequence[Sent]) -> int:
    return sum(one.failure is not None for one in sent)


def _judged(name: str, found: Mapping[str, Any]) -> list[Gate]:
    drained = found["drained_s"]
    judged = [gate(f"{name}: drained, s", drained, DRAINED_WITHIN_S, "at_most")]
    if name in UNNOTICED:
        calm, during = found["p99_calm_ms"], found["p99_during_ms"]
        ratio = round(during / calm, 3) if calm and during else None
        judged += [
            gate(f"{name}: p99 over undisturbed", ratio, SLOWER, "at_most"),
            gate(
                f"{name}: connections a second",
                found["connections_per_s"],
                CONNECTIONS_PER_S,
                "at_most",
            ),
        ]
    return judged


async def _history(opened: Stage) -> tuple[dict[str, LinkHistory], int]:
    both, sent = opened.databases, opened.stream.sent
    made = await records.decisions(both.gateway)
    history = {
        "reply to decision log": link(
            [one.transaction_id for one in sent],
            [one.transaction_id for one in sent if one.failure is None],
            [one.transaction.transaction_id for one in made],
        ),
        "decision log to outbox": await records.outbox_history(both.gateway, made),
        "outbox to inbox": await records.inbox_history(both),
        "inbox to training rows": await records.training_history(both.post_auth, made),
    }
    return history, await records.profiles_off(both.post_auth, made)


def _show(faults: Mapping[str, Any], history: Mapping[str, Any]) -> None:
    for title, rows in (("faults", faults), ("history", history)):
        if not rows:
            continue
        table = Table("", *next(iter(rows.values())), title=title)
        for name, row in rows.items():
            table.add_row(name, *(str(value) for value in row.values()))
        console.print(table)
