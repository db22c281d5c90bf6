"""What `fraud drift report` does."""

from datetime import timedelta
from pathlib import Path

from rich.table import Table

from fraud_ops.datasets.command import found, opened
from fraud_ops.drift.report import page
from fraud_ops.figures import finish, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError
from fraud_post_auth.dataset import DatasetDamaged
from fraud_post_auth.drift import NotEnough, measure

console = wide_console()
_SHOWN = 8


def report_command(
    mesh: LocalMesh,
    version: str,
    data: str,
    days: float,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure, write the page, print what moved most."""
    store = opened(mesh, data)
    chosen = found(store, version)
    try:
        drift = measure(store.read(chosen), window=timedelta(days=days))
    except (NotEnough, DatasetDamaged) as error:
        raise CommandError(f"dataset {chosen.version}: {error}") from error
    place = out or mesh.var / "reports" / "drift.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(page(drift, chosen.version))
    table = Table("column", "PSI", "unknown before", "unknown now")
    moved = sorted((*drift.scores, *drift.features), key=lambda one: -one.psi)
    for one in moved[:_SHOWN]:
        nulls = (f"{share:.1%}" for share in (one.null_before, one.null_now))
        table.add_row(one.name, f"{one.psi:.3f}", *nulls)
    console.print(table)
    console.print(f"page: {place}")
    finish(
        "drift report",
        {"version": chosen.version, "page": str(place), **drift.to_dict()},
        [],
        n=chosen.rows,
        seed=None,
        as_json=as_json,
        enforce=False,
    )
