"""`fraud chaos overload`: more than the mesh can decide; what it takes it decides well.

The knee is looked for first: the highest rate that is answered in time and not refused.
Then twice and five times that rate, each followed by half of it; an ordinary load before
and after says what an ordinary verdict is. A refused payment is sent again, so that what
is accepted is the same stream of payments whatever the load.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop
from rich.table import Table

from fraud_lab.bench.load import Load, Outcome, live
from fraud_lab.chaos.suite.results import Result, store
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.up import running_mesh

ROW = 2
PROMISE = "Overload sheds, does not collapse, and heals"
LEFT_OUT = "clients that retry twice; growth of memory"
PORT = 20000
PREPARED = 60_000
WARM_UP_S = 5.0
STEP_S = 4.0
SLOWEST_RATE = 40.0
STEP = 1.5
# What counts as answered in time while the knee is looked for.
KNEE_P99_MS = 200.0
KNEE_SHED = 0.01
ORDINARY = 0.4
ORDINARY_S = 20.0
AFTER_S = 12.0
FACTORS = (2.0, 5.0)
console = wide_console()


class Payments(Iterator[bytes]):
    """Payments in the order of the stream; a refused one comes next again."""

    def __init__(self, bodies: Iterator[bytes]) -> None:
        self._bodies = bodies
        self._again: deque[bytes] = deque()

    def __next__(self) -> bytes:
        return self._again.popleft() if self._again else next(self._bodies)

    def again(self, body: bytes) -> None:
        """A payment was refused: it is sent again."""
        self._again.append(body)


@dataclass
class Figures:
    """What was measured: the knee, ordinary loads, and each surge with its aftermath."""

    knee: float = 0.0
    peak: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    ordinary: list[Outcome] = field(default_factory=list)
    surges: dict[float, Outcome] = field(default_factory=dict)
    after: dict[float, Outcome] = field(default_factory=dict)

    @property
    def full(self) -> float:
        """Payments a second of a full mesh: the knee, or more where more was decided whole
        (a busy machine may hide the knee behind one bad step)."""
        return max(self.knee, self.peak)

    @property
    def ordinary_challenges(self) -> float:
        """Share of CHALLENGE among the answers of ordinary loads."""
        return challenges(self.ordinary)

    def document(self) -> dict[str, Any]:
        """For the report."""
        return {
            "knee_per_s": round(self.knee, 1),
            "peak_undegraded_per_s": round(self.peak, 1),
            "steps": self.steps,
            "ordinary": [one.figures() for one in self.ordinary],
            "surges": {f"{k:g}x": one.figures() for k, one in self.surges.items()},
            "after": {
                f"{k:g}x": {**one.figures(), "disturbed_until_s": settled(one)}
                for k, one in self.after.items()
            },
        }


def challenges(outcomes: list[Outcome]) -> float:
    """Share of CHALLENGE among all answers."""
    answered = sum(len(one.latency_ms) for one in outcomes)
    return sum(one.verdicts["CHALLENGE"] for one in outcomes) / max(1, answered)


def settled(outcome: Outcome) -> float:
    """Seconds until the last payment that was refused, slow or decided without all."""
    return round(max(outcome.disturbed_s, default=0.0), 2)


def judge(found: Figures) -> list[Gate]:
    """The gates of row 2 of the promises."""
    gates = []
    for factor, one in found.surges.items():
        name = f"{factor:g}x: "
        figures = one.figures()
        share = one.whole / one.seconds / found.peak if found.peak else None
        shift = abs(challenges([one]) - found.ordinary_challenges) * 100
        gates += [
            gate(name + "undegraded per s, share of peak", share, 0.9, "at_least"),
            gate(name + "refused, p99 ms", figures["shed_p99_ms"], 10, "at_most"),
            gate(name + "accepted, p99 ms", figures["p99_ms"], 150, "at_most"),
            gate(name + "CHALLENGE, points from ordinary", shift, 2, "at_most"),
            gate(name + "without an answer", figures["failed"], 0, "at_most"),
            gate(name + "normal again, s", settled(found.after[factor]), 5, "at_most"),
        ]
    return gates


def chaos_overload_command(
    mesh: LocalMesh,
    *,
    seconds: float,
    seed: int,
    into: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Find the knee, offer more, and judge. `into`: the folder whose results are updated."""
    with mesh.fresh(PORT) as stage:
        found = uvloop.run(_run(stage, seconds, seed))
    _show(found)
    everything = [*found.ordinary, *found.surges.values(), *found.after.values()]
    n, gates = sum(one.sent for one in everything), judge(found)
    if into is not None:
        command = f"fraud chaos overload --seconds {seconds:g}"
        store(
            into,
            Result.now(ROW, PROMISE, LEFT_OUT, gates, n=n, command=command, seed=seed),
        )
    finish(
        "chaos overload",
        {"seconds": seconds, **found.document()},
        gates,
        n=n,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


async def _run(mesh: LocalMesh, seconds: float, seed: int) -> Figures:
    found = Figures()
    bodies = list(islice(live(seed, f"overload{seed}"), PREPARED))
    payments = Payments(iter(bodies))
    async with running_mesh(mesh):
        client = Client(mesh.url, mesh.key(), connections=512)
        load = Load(client, payments, timeout_s=1.0, refused=payments.again)
        await load.closed_loop(2, WARM_UP_S)
        await _find_knee(load, found)
        ordinary = ORDINARY * found.full, ORDINARY_S
        found.ordinary.append(await load.open_loop(*ordinary))
        for factor in FACTORS:
            console.print(f"{factor:g} times {found.full:.0f} payments/s")
            surge = await load.open_loop(factor * found.full, seconds)
            found.surges[factor] = surge
            found.after[factor] = await load.open_loop(found.full / 2, AFTER_S)
        found.ordinary.append(await load.open_loop(*ordinary))
        await client.close()
    return found


async def _find_knee(load: Load, found: Figures) -> None:
    """Steps upwards by half, then two between the last good and the first bad rate."""
    good, bad = 0.0, None
    rate = SLOWEST_RATE
    for _ in range(12):
        outcome = await load.open_loop(rate, STEP_S)
        per_s = outcome.whole / STEP_S
        found.peak = max(found.peak, per_s)
        figures = outcome.figures()
        found.steps.append(
            {"offered": round(rate, 1), "undegraded_per_s": round(per_s, 1), **figures}
        )
        in_time = figures["answered"] and figures["p99_ms"] <= KNEE_P99_MS
        if in_time and outcome.shed + figures["failed"] <= KNEE_SHED * outcome.sent:
            good = rate
        else:
            bad = rate if bad is None else min(bad, rate)
        await asyncio.sleep(0.5)
        if bad is None:
            rate *= STEP
        elif bad / max(good, 1.0) < 1.15:
            break
        else:
            rate = (good * bad) ** 0.5 if good else bad / 2
    found.knee = good


def _show(found: Figures) -> None:
    keys = "sent answered whole shed shed_p99_ms failed p50_ms p99_ms"
    table = Table("", *keys.split(), "CHALLENGE", title="overload")
    rows = [("ordinary", one) for one in found.ordinary]
    rows += [(f"{k:g}x", one) for k, one in found.surges.items()]
    rows += [(f"after {k:g}x", one) for k, one in found.after.items()]
    for name, one in rows:
        figures = one.figures()
        share = f"{challenges([one]):.1%}"
        table.add_row(name, *(str(figures[key]) for key in keys.split()), share)
    console.print(
        f"knee {found.knee:.0f}/s, peak {found.peak:.0f} undegraded decisions/s"
    )
    console.print(table)
