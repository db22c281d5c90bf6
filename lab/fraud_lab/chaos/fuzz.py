"""`fraud chaos fuzz`: requests made from the gateway's own document, valid and not.

Schemathesis (https://schemathesis.readthedocs.io) runs in an environment of its own, which
`make fuzz` makes: its dependencies are nobody's here. Two of its checks are left out. One
says that what fits the schema must be accepted: a schema cannot say that a time lies in the
past, or that a cursor came from the page before. The other that a request without a key is
refused with 401: here it is 403, and 429 after many (`docs/problems.md`).
"""

import asyncio
import json
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
import uvloop
from rich.table import Table

from fraud_lab.chaos.suite.results import Result, store
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.up import running_mesh

ROW = 32
PROMISE = "The public API answers as documented, whatever is sent"
LEFT_OUT = "positive_data_acceptance, ignored_auth; sequences of calls; single services"
TOOL = Path("var/fuzz/bin/st")
LEFT_OUT_CHECKS = "positive_data_acceptance,ignored_auth"
CASES_BAR = 10_000
CONFIG = Path(__file__).with_name("fuzz.toml")
DEVELOPMENT_CLIENT = "demo"
console = wide_console()


@dataclass(frozen=True)
class Found:
    """What a run says: how many cases, failures by kind, and where."""

    cases: int
    operations: int
    kinds: Counter[str]
    places: list[str]


def chaos_fuzz_command(
    mesh: LocalMesh,
    *,
    examples: int,
    seed: int,
    into: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Start a mesh, ask it, judge. Raises Exit where the tool is not installed."""
    if not TOOL.exists():
        console.print(f"{TOOL} is not there: `make fuzz` installs it")
        raise typer.Exit(2)
    found = uvloop.run(_run(mesh, examples, seed))
    gates = judge(found)
    _show(found)
    if into is not None:
        command = f"fraud chaos fuzz --examples {examples}"
        result = Result.now(
            ROW, PROMISE, LEFT_OUT, gates, n=found.cases, command=command, seed=seed
        )
        store(into, result)
    figures = {
        "cases": found.cases,
        "operations": found.operations,
        "failures": dict(found.kinds),
        "at": found.places,
    }
    finish(
        "chaos fuzz",
        figures,
        gates,
        n=found.cases,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def judge(found: Found) -> list[Gate]:
    """The gates of row 32 of the promises."""
    errors = sum(n for kind, n in found.kinds.items() if "server error" in kind.lower())
    others = sum(found.kinds.values()) - errors
    return [
        gate("cases", found.cases, CASES_BAR, "at_least"),
        gate("server_errors", errors, 0, "at_most"),
        gate("contract_failures", others, 0, "at_most"),
    ]


async def _run(mesh: LocalMesh, examples: int, seed: int) -> Found:
    # Thousands of requests without a key come from one address.
    async with running_mesh(mesh, FRAUD_WRONG_KEYS_PER_MINUTE="1000000"):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            made = _command(mesh, examples, seed, report)
            done = await asyncio.to_thread(subprocess.run, made, check=False)
            if not report.exists():
                raise RuntimeError(f"the tool ended with {done.returncode}")
            return read(json.loads(report.read_text()))


def _command(mesh: LocalMesh, examples: int, seed: int, report: Path) -> list[str]:
    return [
        str(TOOL),
        *("--config-file", str(CONFIG)),
        *("run", f"{mesh.url}/openapi.json", "-H", f"X-API-Key: {mesh.key()}"),
        *("--max-examples", str(examples), "--seed", str(seed)),
        *("--phases", "examples,coverage,fuzzing", "--workers", "2"),
        *("--checks", "all", "--exclude-checks", LEFT_OUT_CHECKS),
        *("--continue-on-failure", "--max-failures", "500", "--no-color"),
        *("--report", "json", "--report-json-path", str(report)),
        # Its own tenant: a payment is nobody else's, whatever the header says.
        *("-H", f"X-Tenant: {DEVELOPMENT_CLIENT}"),
    ]


def read(report: dict[str, Any]) -> Found:
    """What the tool's report says. Raises RuntimeError for a run that did not complete."""
    if not report["complete"] or report["errors"]:
        raise RuntimeError(f"the run did not complete: {report['stop_reason']}")
    kinds = Counter({one["title"]: one["count"] for one in report["failures"]})
    places = [
        f"{one['code']} {place}"
        for one in report["failures"]
        for place in one["operations"]
    ]
    cases = report["test_cases"]["generated"]
    return Found(cases, report["operations"]["tested"], kinds, places)


def _show(found: Found) -> None:
    table = Table("failure", "at", title=f"{found.cases} cases")
    for place in found.places:
        table.add_row(*place.split(" ", 1))
    console.print(table)
