"""The benchmark of the mesh: fair turns, honest medians, gates that stay red."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from fraud_lab.bench import echo
from fraud_lab.bench.laps import Lap, Runner, own_payments, rounds, stages, summary
from fraud_lab.bench.load import Outcome
from fraud_lab.bench.mesh import MANY, ONE, judge
from fraud_lab.bench.shapes import IN_TIME, Running, Shape, ShapeFailed, running
from fraud_ops.mesh.environment import LocalMesh


class Turns:
    """A shape that only notes what is done to it."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self.name, self.seen = name, seen
        self.running = SimpleNamespace(
            resume=lambda: seen.append(f"+{name}"),
            pause=lambda: seen.append(f"-{name}"),
        )

    async def closed(self, callers: int, seconds: float) -> None:
        self.seen.append(f"{self.name}{callers}")


async def test_shapes_take_turns_there_and_back_and_only_one_runs() -> None:
    seen: list[str] = []
    pair = [cast(Runner, Turns(name, seen)) for name in "AB"]
    await rounds(pair, 2, 1.0)
    one = {name: [f"+{name}", f"{name}16", f"{name}1", f"-{name}"] for name in "AB"}
    assert seen == [*one["A"], *one["B"], *one["B"], *one["A"]]


def test_payments_of_a_shape_never_repeat_an_id() -> None:
    bodies = [b'{"transaction_id": "RUN-1"}', b'{"transaction_id": "RUN-2"}']
    given = list(islice(own_payments(bodies, "mesh"), 6))
    assert len(set(given)) == 6
    assert all(b'"mesh' in body for body in given)


def lap(latencies: list[float], seconds: float, whole: int) -> Lap:
    outcome = Outcome(latency_ms=latencies, whole=whole, seconds=seconds)
    reply = b'{"timings_ms":{"rules":%d,"total":9}}'
    return Lap(outcome, {"xgboost": 0.5}, [reply % ms for ms in latencies])


def test_summary_is_the_median_of_rounds_and_counts_whole_decisions() -> None:
    found = summary([lap([1] * 10, 1, 10), lap([2] * 40, 1, 20), lap([3] * 90, 1, 90)])
    assert (found["per_second"], found["whole_per_second"]) == (40, 20)
    assert found["p50_ms"] == 2
    assert found["answered"] == 140
    assert found["cpu_ms_by_service"] == {
        "xgboost": pytest.approx(1500 / 140, abs=0.01)
    }
    assert found["stages_ms"]["rules"] == {"p50": 3, "p99": 3}


def test_stages_of_answers_without_timings_are_none() -> None:
    assert stages([b'{"decision":"APPROVE"}']) == {}


def kind(rate: float, p50: float, p99: float, **other: Any) -> dict[str, Any]:
    counted = {"answered": 10, "whole": 10, "failed": 0, "shed": 0}
    return {"whole_per_second": rate, "p50_ms": p50, "p99_ms": p99, **counted, **other}


@pytest.fixture
def found() -> dict[str, dict[str, Any]]:
    """Figures under which every gate holds."""
    shape = {"start_s": 6.0, "pss_bytes": 900_000_000}
    rates = {
        "floor": 1000,
        "mesh": 400,
        "one process": 900,
        "plain": 45,
        "against": 200,
        IN_TIME: 200,
    }
    return {
        name: {
            **shape,
            MANY: kind(rate, 40, 80),
            ONE: kind(rate, 4, 8),
            "open": kind(rate, 4, 9),
        }
        for name, rate in rates.items()
    }


def red(found: dict[str, dict[str, Any]]) -> list[str]:
    return [gate.name for gate in judge(found) if not gate.holds]


def test_every_gate_can_hold_and_each_can_be_red(
    found: dict[str, dict[str, Any]],
) -> None:
    assert red(found) == []
    worse = {
        "mesh over plain": ("plain", MANY, "whole_per_second", 51),
        "mesh over floor": ("floor", MANY, "whole_per_second", 1200),
        "p50 at c=1 over floor's": ("mesh", ONE, "p50_ms", 12.1),
        "open loop: p99 over floor's": (IN_TIME, "open", "p99_ms", 27.1),
        "open loop: failed": (IN_TIME, "open", "shed", 1),
        "open loop: degraded": (IN_TIME, "open", "whole", 9),
        "closed loop: failed": ("one process", ONE, "failed", 1),
        "one process over mesh": ("one process", MANY, "whole_per_second", 799),
        "mesh over the other checkout": ("against", MANY, "whole_per_second", 236),
    }
    for name, (shape, load, key, value) in worse.items():
        good = found[shape][load][key]
        found[shape][load][key] = value
        assert red(found) == [name]
        found[shape][load][key] = good
    found["mesh"] |= {"start_s": 8.1, "pss_bytes": 1_001_000_000}
    assert red(found) == ["memory GB", "start s"]


def test_ratio_that_could_not_be_measured_is_red(
    found: dict[str, dict[str, Any]],
) -> None:
    found["plain"][MANY]["whole_per_second"] = 0
    assert red(found) == ["mesh over plain"]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Running]:
    """A process with one of its own, which looks like a scorer."""
    inner = "import time; print(flush=True); time.sleep(60)"
    outer = (
        "import subprocess,sys,time;"
        f"subprocess.Popen([sys.executable,'-c',{inner!r},'fraud_xgboost']);"
        "time.sleep(60)"
    )
    read, write = os.pipe()
    root = psutil.Popen([sys.executable, "-c", outer], stdout=write)
    os.close(write)
    os.read(read, 1)
    os.close(read)
    yield Running(
        Shape("x", (), tmp_path), LocalMesh(tmp_path), psutil.Process(root.pid), 0
    )
    for process in (*psutil.Process(root.pid).children(), root):
        process.send_signal(signal.SIGKILL)
    root.wait()


def test_pause_stops_the_whole_tree_and_figures_name_the_services(
    child: Running,
) -> None:
    assert {service for service, _ in child.cpu_s()} == {"supervisor", "xgboost"}
    assert child.pss_bytes() > 1_000_000
    child.pause()
    for process in child._tree():
        while process.status() != psutil.STATUS_STOPPED:
            os.sched_yield()
    child.resume()
    assert all(p.status() != psutil.STATUS_STOPPED for p in child._tree())


READY = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), Ready).serve_forever()
"""


async def test_shape_that_stands_still_ends_with_its_measurement(
    tmp_path: Path,
) -> None:
    shape = Shape("x", (sys.executable, "-c", READY), tmp_path, ("orchestrator",))
    async with running(shape) as started:
        (root,) = started._tree()
        await started.settled()
        started.pause()
        folder = started.mesh.var
    assert not root.is_running()
    assert not folder.exists()


async def test_shape_that_cannot_start_says_why(tmp_path: Path) -> None:
    shape = Shape("x", (sys.executable, "-c", "raise SystemExit('no port')"), tmp_path)
    with pytest.raises(ShapeFailed, match="no port"):
        async with running(shape):
            pass


class Answering:
    """A transport whose services answer like the echo's, once they may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.requests: list[tuple[str, int]] = []

    async def send(
        self, service: str, path: str, body: bytes, headers: Any, timeout_s: float
    ) -> tuple[int, bytes]:
        calls = len(body) // echo.HOPS[service].question
        self.requests.append((service, calls))
        await self.may.wait()
        return 200, await echo.EchoService(service).answer(body)


@pytest.mark.parametrize(
    ("shared", "requests"), [(False, [1, 1, 1, 1]), (True, [1, 3])]
)
async def test_floor_shares_hops_only_where_the_mesh_does(
    shared: bool, requests: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(echo, "SHARED_HOPS", shared)
    transport = Answering()
    neighbour = echo.Neighbour(cast(Any, transport), "rules")
    calls = [asyncio.create_task(neighbour.call()) for _ in range(1)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    calls += [asyncio.create_task(neighbour.call()) for _ in range(3)]
    await asyncio.sleep(0)
    transport.may.set()
    await asyncio.gather(*calls)
    assert [calls for _, calls in transport.requests] == requests
