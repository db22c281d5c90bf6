"""`fraud worker`: carries out what people asked the gateway for."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_ops.options import Gateway, Registry, Var

if TYPE_CHECKING:
    from fraud_ops.jobs.worker import Handler
    from fraud_ops.mesh.environment import LocalMesh

WORKER_KEY = "FRAUD_WORKER_KEY"
# What makes the handlers of each trade, of the mesh and the registry's address. Other
# distributions add theirs: the laboratory adds `studies`.
TRADES: "dict[str, Callable[[LocalMesh, str], dict[str, Handler]]]" = {}


def _models(mesh: "LocalMesh", registry: str) -> "dict[str, Handler]":
    from fraud_ops.jobs import model_orders, model_studies
    from fraud_ops.models import context

    place = context.opened(mesh.var, registry, writable=True)
    orders = model_orders.handlers(place.registry)
    return {**orders, **model_studies.handlers(place)}


TRADES["models"] = _models


def worker(
    trade: Annotated[
        list[str] | None,
        typer.Option("--for", help="models (needs the signing key), studies."),
    ] = None,
    once: Annotated[bool, typer.Option(help="Carry out what waits, then end.")] = False,
    gateway: Gateway = "",
    registry: Registry = "",
    var: Var = None,
) -> None:
    """Carry out approved orders about models, and studies of rules and policies.

    The gateway's key, of scope `worker`, is read from FRAUD_WORKER_KEY.
    """
    from fraud_ops.running import CommandError

    wanted = trade or ["models"]
    unknown = sorted(set(wanted) - TRADES.keys())
    if unknown:
        raise CommandError(
            f"no worker here for {', '.join(unknown)}; there are: {', '.join(TRADES)}"
        )
    asyncio.run(_run(wanted, gateway, registry, var, once=once))


async def _run(
    wanted: list[str], gateway: str, registry: str, var: Path | None, *, once: bool
) -> None:
    import httpx

    from fraud_ops.figures import wide_console
    from fraud_ops.jobs.worker import Worker
    from fraud_ops.mesh.environment import local_mesh

    mesh = local_mesh(var)
    handlers: dict[str, Handler] = {}
    for one in wanted:
        handlers |= TRADES[one](mesh, registry)
    headers = {"x-api-key": os.environ.get(WORKER_KEY) or mesh.key()}
    async with httpx.AsyncClient(
        base_url=gateway or mesh.url, headers=headers, timeout=30.0
    ) as http:
        made = Worker(http, handlers, wide_console())
        if not once:
            await made.forever()
        while await made.once():
            pass
