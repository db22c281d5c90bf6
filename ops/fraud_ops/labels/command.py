"""`fraud labels import`: a file of reports through the gateway."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.table import Table

from fraud_ops.figures import print_json, wide_console
from fraud_ops.labels.rows import FileUnreadable, Read, Refused, read_reports
from fraud_ops.mesh.environment import local_mesh
from fraud_ops.mesh.http import Client
from fraud_shared.mesh.errors import DependencyError

LABEL_KEY = "FRAUD_LABEL_KEY"
AT_ONCE = 8
# A gateway that is busy, or away for a moment, is asked again.
TRIES = 5
PAUSE_S = 0.1
_AGAIN = frozenset({0, 429, 503})
_SHOWN = 20


@dataclass
class Imported:
    """What became of the rows."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)

    def refuse(self, row: Refused) -> None:
        """Keep a row that was not taken."""
        self.counts["refused"] += 1
        self.refused.append(row)


def import_command(file: Path, *, url: str, var: Path | None, as_json: bool) -> None:
    """Send every report of a file; exit 1 when a row was not taken. A file sent twice
    changes nothing: reports are known by what they say."""
    mesh = local_mesh(var)
    console = wide_console()
    key = os.environ.get(LABEL_KEY) or mesh.key()
    try:
        rows = list(read_reports(file))
    except FileUnreadable as error:
        console.print(f"Not imported: {error.problem}.", markup=False)
        raise typer.Exit(1) from None
    result = asyncio.run(send(rows, Client(url or mesh.url, key)))
    table = Table("reports", "rows", title=f"{len(rows):,} rows")
    for name in ("accepted", "duplicate", "refused"):
        table.add_row(name, f"{result.counts[name]:,}")
    console.print(table)
    ordered = sorted(result.refused, key=lambda row: row.line)
    for row in ordered[:_SHOWN]:
        console.print(f"line {row.line}, {row.field}: {row.problem}", markup=False)
    if as_json:
        print_json({"rows": len(rows), **result.counts})
    if result.refused:
        raise typer.Exit(1)


async def send(rows: Sequence[Read | Refused], client: Client) -> Imported:
    """Send what can be sent, some at a time; closes the client."""
    result = Imported()
    waiting = iter(rows)

    async def work() -> None:
        for row in waiting:
            if isinstance(row, Refused):
                result.refuse(row)
                continue
            status, body = await _post(client, row.body)
            if status == 200:
                result.counts[json.loads(body)["status"]] += 1
            else:
                result.refuse(_problem(row.line, status, body))

    try:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    finally:
        await client.close()
    return result


async def _post(client: Client, body: bytes) -> tuple[int, bytes]:
    for attempt in range(TRIES):
        try:
            status, reply = await client.post("/v1/labels", body)
        except DependencyError:
            status, reply = 0, b""
        if status not in _AGAIN or attempt == TRIES - 1:
            break
        await asyncio.sleep(PAUSE_S * 2**attempt)
    return status, reply


def _problem(line: int, status: int, body: bytes) -> Refused:
    """What the gateway says is wrong. It repeats nothing of what was sent."""
    if status == 0:
        return Refused(line, "row", "the gateway does not answer")
    try:
        problem = json.loads(body)
    except ValueError:
        return Refused(line, "row", f"status {status}")
    first: dict[str, str] = next(iter(problem.get("errors", ())), {})
    return Refused(
        line,
        first.get("field", "row"),
        first.get("problem") or str(problem.get("title")),
    )
