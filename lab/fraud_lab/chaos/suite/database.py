"""Row 16: without the database nobody gets an answer that is not on record, nor waits."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from fraud_lab.chaos.suite.faults import Fault
from fraud_lab.chaos.suite.observed import RECOVERY_S, REFUSED, Expected, Run
from fraud_lab.chaos.suite.postgres import OwnPostgres
from fraud_lab.chaos.suite.rows import Case
from fraud_ops.figures import Gate, gate
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.supervisor import Supervisor

ROW = 16
PROMISE = "PostgreSQL gone: no answer without a durable record"
LEFT_OUT = "30 s; a lock on the table; all connections used up"
AWAY_S = 5.0
# Of a refusal: how soon it comes.
REFUSED_WITHIN_MS = 50.0


def cases(server: OwnPostgres) -> Mapping[str, Case]:
    """The faults, on a server of the suite's own."""
    return {
        "stop -m immediate": Case(_stopped(server), _EXPECTED),
        "SIGSTOP": Case(_frozen(server), _EXPECTED),
        "read-only": Case(_read_only(server), _EXPECTED),
    }


_EXPECTED = Expected(frozenset(), must_be_felt=False)


def judge(summed: Mapping[str, Any]) -> list[Gate]:
    """A refusal is what is promised; any other failure is none."""
    failures: Mapping[str, int] = summed["failures"]
    other = sum(count for kind, count in failures.items() if kind != REFUSED)
    name = f"row {ROW}: "
    refused = failures.get(REFUSED, 0)
    recovery = summed["slowest_recovery_s"]
    return [
        gate(name + "failures other than a refusal", other, 0, "at_most"),
        gate(name + "requests refused", refused, summed["runs"], "at_least"),
        gate(
            name + "refusals, p99 ms", summed["refused_p99_ms"], REFUSED_WITHIN_MS,
            "at_most",
        ),
        gate(name + "requests later than 200 ms", summed["hung"], 0, "at_most"),
        gate(name + "answers lost", summed["lost"], 0, "at_most"),
        gate(name + "answers changed", summed["changed"], 0, "at_most"),
        gate(name + "recovery, s", recovery, RECOVERY_S, "at_most"),
        *(
            gate(name + what.replace("_", " "), count, 0, "at_most")
            for what, count in (summed.get("effects") or {}).items()
        ),
    ]  # fmt: skip


def _stopped(server: OwnPostgres) -> Fault:
    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        run.began = time.monotonic()
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(AWAY_S)
        server.start()
        await server.ready()
        run.healed = time.monotonic()

    return fault


def _frozen(server: OwnPostgres) -> Fault:
    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        run.began = time.monotonic()
        server.freeze()
        try:
            await asyncio.sleep(AWAY_S)
        finally:
            server.thaw()
        run.healed = time.monotonic()

    return fault


def _read_only(server: OwnPostgres) -> Fault:
    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        run.began = time.monotonic()
        await server.read_only(on=True)
        try:
            await asyncio.sleep(AWAY_S)
        finally:
            await server.read_only(on=False)
        run.healed = time.monotonic()

    return fault
