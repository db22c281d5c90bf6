"""`fraud profiles rebuild`: the behavioural profiles, from what is on record."""

import asyncio
import time

import typer

from fraud_ops.figures import print_json, wide_console
from fraud_ops.options import JsonOnly, Var

profiles_app = typer.Typer(help="Behavioural profiles of accounts.")


@profiles_app.callback()
def _group() -> None:
    """Behavioural profiles of accounts."""


@profiles_app.command()
def rebuild(as_json: JsonOnly = False, var: Var = None) -> None:
    """Make every profile anew from post_auth's training rows, in one transaction."""
    from fraud_ops.features.logs import post_auth_database
    from fraud_ops.mesh.environment import local_mesh
    from fraud_post_auth.rebuilding import rebuild as rebuilt

    async def run() -> tuple[int, float]:
        db = post_auth_database(local_mesh(var))
        await db.start()
        try:
            begun = time.perf_counter()
            return await rebuilt(db), time.perf_counter() - begun
        finally:
            await db.stop()

    payments, took_s = asyncio.run(run())
    figures = {"payments": payments, "per_second": round(payments / max(took_s, 1e-9))}
    if as_json:
        print_json(figures)
    else:
        wide_console().print(f"{payments:,} payments in {took_s:.1f} s")
