"""`fraud trace`: one stored trace, or which there are."""

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from fraud_ops.figures import wide_console
from fraud_ops.options import Var

SHOWN = 20
_ID = re.compile(r"[0-9a-f]{32}")


def trace(
    trace_id: Annotated[
        str,
        typer.Argument(help="32 hex digits, as in a reply; the newest when absent."),
    ] = "",
    var: Var = None,
) -> None:
    """Show a stored trace of the local mesh as a waterfall, or the newest ones' ids."""
    from fraud_ops.mesh.environment import local_mesh
    from fraud_ops.traces.store import spans
    from fraud_ops.traces.waterfall import waterfall

    folder = local_mesh(var).traces
    console = wide_console()
    if not trace_id:
        console.print(_listed(folder))
        return
    if not _ID.fullmatch(trace_id):
        raise typer.BadParameter("32 lower-case hex digits")
    found = list(spans(folder, trace_id))
    if not found:
        console.print(
            "No span of that trace is stored: it was not sampled, or is overwritten.\n"
            "OTEL_TRACES_SAMPLER_ARG=1 samples every request."
        )
        raise typer.Exit(1)
    console.print(waterfall(found))


def _listed(folder: Path) -> Table:
    from fraud_ops.traces.store import roots

    table = Table("trace", "service", "span", "ms", "kept as", title=str(folder))
    for span in roots(folder)[:SHOWN]:
        kept = str(span.attributes.get("fraud.kept", "sampled"))
        table.add_row(span.trace_id, span.service, span.name, f"{span.ms:.1f}", kept)
    return table
