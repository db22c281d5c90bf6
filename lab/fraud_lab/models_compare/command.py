"""`fraud models compare`: read the decision log, compare, show."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress
from rich.table import Table

from fraud_engines.policy.policy import DEFAULT_POLICY, Policy, load
from fraud_lab.models_compare import plot
from fraud_lab.models_compare.cases import CHALLENGER, CHAMPION, Cases
from fraud_lab.models_compare.comparison import (
    DRAWS,
    Figure,
    NothingToCompare,
    agreement,
    compare,
)
from fraud_ops.features.logs import decision_log
from fraud_ops.figures import finish, wide_console
from fraud_ops.mesh.environment import LocalMesh

console = wide_console()


def compare_command(
    mesh: LocalMesh,
    *,
    since: datetime | None,
    maturity_days: float,
    policy: Path | None,
    picture: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Compare, print tables, write the picture."""
    body = (policy or DEFAULT_POLICY).read_bytes()
    ruling = load(body)
    maturity = timedelta(days=maturity_days)
    cases = asyncio.run(_cases(mesh, ruling, since, maturity))
    with Progress(console=console) as progress:
        task = progress.add_task("drawing accounts again", total=DRAWS)
        try:
            figures = compare(
                cases, seed=seed, progress=lambda n: progress.advance(task, n)
            )
        except (NothingToCompare, ValueError) as error:
            progress.stop()
            _nothing(cases, error)
    alike = agreement(cases)
    _show(cases, figures, alike)
    place = picture or mesh.var / "reports" / "models-compare.png"
    plot.draw(cases, figures, place)
    console.print(f"picture: {place}")
    finish(
        "models compare",
        {
            "champion": CHAMPION,
            "challenger": CHALLENGER,
            "models": _versions(cases),
            "policy": ruling.version,
            "maturity_days": maturity_days,
            "frauds": int(cases.fraud.sum()),
            "accounts": int(cases.account.max()) + 1,
            "decided_by_challenger": cases.decided_by_challenger,
            "left_out": dict(cases.left_out),
            "figures": {figure.name: figure.to_dict() for figure in figures},
            "agreement": alike,
        },
        [],
        n=len(cases),
        seed=seed,
        as_json=as_json,
        enforce=False,
    )


async def _cases(
    mesh: LocalMesh, policy: Policy, since: datetime | None, maturity: timedelta
) -> Cases:
    cases, as_of = Cases(), datetime.now(UTC)
    async with decision_log(mesh) as log:
        reports = await log.reports()
        with Progress(console=console) as progress:
            task = progress.add_task("reading decisions", total=await log.count())
            async for page in log.records(since):
                cases.add(page, reports, policy, as_of=as_of, maturity=maturity)
                progress.advance(task, len(page))
    return cases


def _nothing(cases: Cases, error: Exception) -> None:
    console.print(f"[red]Nothing to compare:[/] {error}.")
    for reason, count in cases.left_out.most_common():
        console.print(f"  {count:,} left out: {reason}")
    console.print(
        "A payment counts once it is labelled, or silent for --maturity-days. "
        "After `fraud demo`: --var <var>/demo --maturity-days 0."
    )
    raise typer.Exit(1)


def _show(cases: Cases, figures: Sequence[Figure], alike: dict[str, Any]) -> None:
    console.print(
        f"{len(cases):,} settled payments of {int(cases.account.max()) + 1:,} accounts, "
        f"{int(cases.fraud.sum()):,} fraudulent; left out: {dict(cases.left_out) or 0}"
    )
    for pair, count in _versions(cases).items():
        console.print(f"  {count:,} scored by {pair}")
    table = Table(
        "figure",
        f"champion ({CHAMPION})",
        f"challenger ({CHALLENGER})",
        "difference",
        "challenger better",
        title="With the middle 95 % of 1,000 draws of accounts",
    )
    for figure in figures:
        shown = figure.to_dict()
        table.add_row(
            figure.name,
            *(
                _with_interval(shown[key], shown[f"{key}_interval"])
                for key in ("champion", "challenger", "difference")
            ),
            f"{shown['challenger_better']:.0%}",
        )
    console.print(table)
    stopped = ", ".join(f"{n} {who}" for who, n in alike["fraud_stopped_by"].items())
    console.print(
        f"same verdict for {alike['same_verdict']:.2%} of payments "
        f"(kappa {alike['kappa']:.2f}, rank correlation "
        f"{alike['rank_correlation']:.2f}); fraud stopped by: {stopped}"
    )


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{value:,.4g} ({low:,.4g} to {high:,.4g})"


def _versions(cases: Cases) -> dict[str, int]:
    return {" and ".join(pair): count for pair, count in cases.versions.most_common()}
