"""`fraud chaos run`: faults under load, the history checked, the figures kept for the table.

Steady state, fault, heal, recovery, then every payment again: with an open-loop stream the
whole time. Each case is run several times at random offsets.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rich.table import Table

from fraud_lab.bench.load import live
from fraud_lab.chaos.suite import database, duplicates, failing
from fraud_lab.chaos.suite.faults import failpoint_file
from fraud_lab.chaos.suite.observed import (
    RECOVERY_S,
    Run,
    figures_of,
    totals,
)
from fraud_lab.chaos.suite.planted import planted
from fraud_lab.chaos.suite.postgres import OwnPostgres, own_postgres
from fraud_lab.chaos.suite.results import Result, store
from fraud_lab.chaos.suite.rows import CRASHES, ROWS, Case
from fraud_lab.chaos.suite.sending import Sent, pauses, pay, sent_again, traffic
from fraud_lab.chaos.suite.stores import effects
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.supervisor import Supervisor, service_command
from fraud_ops.mesh.up import running_mesh
from fraud_ops.running import CommandError

PORT = 21000
STEADY_S = 2.0
AFTER_S = 4.0
LONGEST_S = 150.0
# A payment may be said to be under way for so long.
STUCK_S = 2.0
# Whoever asks the gateway while it is away gets no answer: that is its fault, not a
# finding. What was acknowledged must be kept all the same.
MAY_FAIL = frozenset({CRASHES})
Cases = dict[str, list[dict[str, Any]]]
console = wide_console()


class NoSuchRow(CommandError):
    """This suite has no such row."""


def chaos_run_command(
    mesh: LocalMesh,
    *,
    row: int | None,
    runs: int,
    rps: float,
    seed: int,
    into: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Run one row, or all, and judge. `into`: the folder whose results are updated."""
    known = sorted([*ROWS, duplicates.ROW, database.ROW])
    if row is not None and row not in known:
        raise NoSuchRow(f"row {row} is not measured here; there are {known}")
    # With a database that may go, everything runs on it: by itself, then.
    chosen = [one for one in known if one != database.ROW] if row is None else [row]
    gates, figures = [], {}

    def measured(number: int, cases: Cases) -> None:
        """A row is stored as soon as it is there: the next one may take the mesh along."""
        (promise, left_out), summed, judged = judged_row(number, cases)
        figures[number] = {"cases": cases, "total": summed}
        gates.extend(judged)
        if into is not None:
            command = f"fraud chaos run --row {number} --runs {runs} --rps {rps:g}"
            n = summed["attempted"]
            result = Result.now(
                number, promise, left_out, judged, n=n, command=command, seed=seed
            )
            store(into, result)

    with mesh.fresh(PORT) as stage:
        chance = random.Random(seed)
        asyncio.run(_rows(stage, chosen, runs, rps, chance, measured=measured))
    _show({number: one["cases"] for number, one in figures.items()})
    finish(
        "chaos run",
        {"rps": rps, "runs": runs, "rows": figures},
        gates,
        n=sum(one["total"]["attempted"] for one in figures.values()),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def chaos_selftest_command(*, as_json: bool, enforce: bool) -> None:
    """Every judgement against a bug that it must find, and against a run without one."""
    found = planted()
    gates = [gate(f"found: {name}", float(red), 1, "at_least") for name, red in found]
    finish(
        "chaos run --selftest", {}, gates, n=len(found), seed=None, as_json=as_json,
        enforce=enforce,
    )  # fmt: skip


def judged_row(
    number: int, cases: Cases
) -> tuple[tuple[str, str], dict[str, Any], list[Gate]]:
    """The promise of a row and what of it is left out, its sums, and its gates."""
    every = [one for case in cases.values() for one in case]
    if number == duplicates.ROW:
        named = duplicates.PROMISE, duplicates.LEFT_OUT
        return named, every[0], duplicates.judge(every[0])
    summed = totals(every)
    if number == database.ROW:
        return (database.PROMISE, database.LEFT_OUT), summed, database.judge(summed)
    row = ROWS[number]
    return (row.promise, row.left_out), summed, judge(number, summed)


def judge(number: int, summed: Mapping[str, Any]) -> list[Gate]:
    """The gates of a row over all its runs."""
    name = f"row {number}: "
    expected = [case.expected for case in ROWS[number].cases.values()]
    gates = [
        gate(name + "verdicts with an unnamed gap", summed["unmarked"], 0, "at_most"),
        gate(name + "answers lost", summed["lost"], 0, "at_most"),
        gate(name + "answers changed", summed["changed"], 0, "at_most"),
        gate(name + "recovery, s", summed["slowest_recovery_s"], RECOVERY_S, "at_most"),
    ]
    if number not in MAY_FAIL:
        gates.insert(0, gate(name + "failed requests", summed["failed"], 0, "at_most"))
    else:
        steps = len(set(summed["ended_at"]) & set(failing.POINTS))
        stuck = summed["slowest_key_s"]
        gates += [
            gate(name + "steps that ended", steps, len(failing.POINTS), "at_least"),
            gate(name + "longest that a key was held, s", stuck, STUCK_S, "at_most"),
        ]
    gates += [
        gate(name + what.replace("_", " "), count, 0, "at_most")
        for what, count in (summed.get("effects") or {}).items()
    ]
    if any(one.never_approves for one in expected):
        blind = summed["blind_approvals"]
        gates.append(gate(name + "blind approvals", blind, 0, "at_most"))
    if all(one.must_be_felt for one in expected):
        felt, runs = summed["runs_felt"], summed["runs"]
        gates.append(gate(name + "runs that felt the fault", felt, runs, "at_least"))
    return gates


async def _rows(
    mesh: LocalMesh,
    rows: Sequence[int],
    runs: int,
    rps: float,
    chance: random.Random,
    *,
    measured: Callable[[int, Cases], None],
) -> None:
    wrapped = CRASHES in rows
    command = failing.command if wrapped else service_command
    variables = {failing.VARIABLE: str(failpoint_file(mesh))} if wrapped else {}
    async with AsyncExitStack() as stack:
        server = None
        if database.ROW in rows:
            server = await stack.enter_async_context(own_postgres())
            stack.enter_context(_set(DATABASE_URL=server.url))
        running = running_mesh(mesh, command, **variables)
        supervisor = await stack.enter_async_context(running)
        client = Client(mesh.url, mesh.key(), connections=256)
        stage = Stage(mesh, supervisor, client, rps, chance, server)
        for row in rows:
            measured(row, await stage.row(row, runs))
        await client.close()


@contextmanager
def _set(**values: str) -> Iterator[None]:
    """Variables of this process, which its services inherit, while inside."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


@dataclass
class Stage:
    """The mesh under test, and who pays."""

    mesh: LocalMesh
    supervisor: Supervisor
    client: Client
    rps: float
    chance: random.Random
    server: OwnPostgres | None = None

    async def row(self, row: int, runs: int) -> Cases:
        """Every case of a row, `runs` times each."""
        if row == duplicates.ROW:
            console.print(f"row {row}: {duplicates.AT_ONCE} copies at once")
            rounds, seed = runs * duplicates.ROUNDS_PER_RUN, self.chance.randrange(1000)
            made = await duplicates.duplicates(self.client, rounds, seed)
            return {"copies at once": [made]}
        found = {}
        cases = ROWS[row].cases if self.server is None else database.cases(self.server)
        for name, case in cases.items():
            console.print(f"row {row}: {name}, {runs} times")
            found[name] = [
                await self.run(case, f"{row}-{name}-{n}", persist=row in MAY_FAIL)
                for n in range(runs)
            ]
        found[name][-1]["effects"] = await effects(self.mesh)
        return found

    async def run(self, case: Case, name: str, *, persist: bool) -> dict[str, Any]:
        """One fault and its history. The payments of a run are its own; `persist`: who
        gets no answer asks again at once."""
        unique = "".join(c if c.isalnum() else "-" for c in name)
        # Made beforehand: a generator that is late would be taken for a slow answer.
        payments = live(self.chance.randrange(1000), unique)
        bodies = list(islice(payments, int(self.rps * LONGEST_S)))
        run, sent = Run(), list[Sent]()
        paying = partial(pay, self.client, sent=sent, persist=persist)
        sending = asyncio.create_task(traffic(paying, bodies, self.rps))
        watching = asyncio.create_task(pauses(run))
        await asyncio.sleep(STEADY_S + self.chance.random())
        with suppress(TimeoutError):  # never back: then there is no recovery
            await case.fault(self.mesh, self.supervisor, run)
        await asyncio.sleep(AFTER_S)
        sending.cancel()
        watching.cancel()
        await asyncio.gather(sending, watching, return_exceptions=True)
        run.answers = await sent_again(self.client, sent)
        return figures_of(run, case.expected)


def _show(found: Mapping[int, Mapping[str, Sequence[Mapping[str, Any]]]]) -> None:
    keys = ["answered", "failed", "shed", "felt", "unmarked", "lost", "changed"]
    keys += ["recovered", "recovery_s", "stuck_s", "p99_during_ms"]
    table = Table("row", "case", *keys, title="faults under load")
    for row, cases in found.items():
        for name, runs in cases.items():
            for one in runs:
                shown = (str(one.get(key, "")) for key in keys)
                table.add_row(str(row), name, *shown)
    console.print(table)
