"""`python -m fraud_<service>`: the service under uvicorn, stopped cleanly by a signal."""

import asyncio
import gc
import os
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

import uvicorn
import uvloop
from fastapi import FastAPI
from pydantic import ValidationError
from uvicorn.importer import import_from_string

from fraud_shared.web import aliases, production
from fraud_shared.web.bounded import BoundedProtocol
from fraud_shared.web.connections import Connections
from fraud_shared.web.head_refusals import HeadRefusals
from fraud_shared.web.problems import FraudError
from fraud_shared.web.settings import ServiceSettings

GC_THRESHOLD = 20_000
# Files that a process needs besides its callers' connections.
OWN_FILES = 256


def serve(factory: str, settings: type[ServiceSettings]) -> None:
    """Run the app factory `module:function` with the host and port of its settings; in
    production also what operators read, on the internal port.

    A configuration error ends the process with one clear line each and status 2.
    """
    try:
        aliases.adopt(os.environ)
    except ValueError as error:
        _give_up([str(error)])
    try:
        chosen = settings()
    except ValidationError as error:
        _give_up(["; ".join(problems(settings, error))])
    if chosen.production and (refused := production.refusals(chosen)):
        _give_up(refused)
    create = import_from_string(factory)
    spare_collector()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            started = runner.run(_serve(create, chosen))
    except FraudError as error:
        _give_up([error.detail])
    if not started:
        sys.exit(3)


def spare_collector() -> None:
    """What is loaded by now lives as long as the process: the collector need not walk it
    again and again, nor so often look for cycles among short-lived requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 50, 100)


async def _serve(create: Any, settings: ServiceSettings) -> bool:
    """Serve until a signal comes. False when the service could not start."""
    app: FastAPI = create()
    listen = protocol(settings, app.state.head_refusals)
    public = uvicorn.Server(server_config(app, settings.host, settings.port, listen))
    if not settings.production:
        await public.serve()
        return public.started
    host = settings.internal_host or settings.host
    operations = server_config(
        app.state.operations, host, settings.internal_port, listen, lifespan="off"
    )
    internal = _InternalServer(operations)
    serving = asyncio.create_task(internal.serve())
    try:
        await public.serve()
    finally:
        internal.should_exit = True
        await serving
    return public.started


class _InternalServer(uvicorn.Server):
    """Stops with the public server, to which the process's signals belong."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def server_config(
    app: FastAPI, host: str, port: int, listen: Any, lifespan: Any = "auto"
) -> uvicorn.Config:
    """How uvicorn serves an app of ours; `listen` is made by `protocol`."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan=lifespan,
        http=listen,
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        date_header=False,
        # Longer than the door keeps idle connections (30 s), or reuse races with close.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )


def protocol(settings: ServiceSettings, refusals: HeadRefusals | None = None) -> Any:
    """What makes uvicorn's protocol for each connection, under the limits of `settings`
    and of the open files that this process may have. `refusals` may refuse a request by
    its head."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections + OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limits = settings.connection_limits()
    if soft != resource.RLIM_INFINITY:
        # Half for callers where files are few, but never more than are left.
        most = max(soft - OWN_FILES, soft // 2)
        limits = replace(limits, max_connections=min(limits.max_connections, most))
    return partial(BoundedProtocol, connections=Connections(limits), refusals=refusals)


def problems(settings: type[ServiceSettings], error: ValidationError) -> list[str]:
    """What is wrong with an environment, by variable, without its values."""
    return [_named(settings, e["loc"], e["msg"]) for e in error.errors()]


def _named(
    settings: type[ServiceSettings], place: tuple[int | str, ...], problem: str
) -> str:
    if not place:  # a rule about several fields, which names them itself
        return problem
    name = str(place[0])
    prefix = settings.model_config.get("env_prefix", "")
    return f"{name if name.isupper() else prefix + name.upper()}: {problem}"


def _give_up(reasons: Sequence[str]) -> NoReturn:
    for why in reasons:
        sys.stderr.write(f"cannot start: {why}\n")
    sys.exit(2)
