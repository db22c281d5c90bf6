"""`python -m fraud_<service>`: the service under uvicorn, stopped cleanly by a signal."""

import gc
import sys
from typing import NoReturn

import uvicorn
from pydantic import ValidationError

from fraud_shared.web.coalescing_protocol import CoalescingProtocol
from fraud_shared.web.problems import FraudError
from fraud_shared.web.settings import ServiceSettings

GC_THRESHOLD = 20_000


def serve(factory: str, settings: type[ServiceSettings]) -> None:
    """Run the app factory `module:function` with the host and port of its settings.

    A configuration error ends the process with one clear line and status 2.
    """
    try:
        chosen = settings()
    except ValidationError as error:
        _give_up(
            "; ".join(_named(settings, e["loc"], e["msg"]) for e in error.errors())
        )
    server = uvicorn.Server(
        uvicorn.Config(
            factory,
            factory=True,
            host=chosen.host,
            port=chosen.port,
            http=CoalescingProtocol,
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
    )
    # What is loaded by now lives as long as the process: the collector need not walk it
    # again and again, nor so often look for cycles among short-lived requests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 50, 100)
    try:
        server.run()
    except FraudError as error:
        _give_up(error.detail)
    if not server.started:
        sys.exit(3)


def _named(
    settings: type[ServiceSettings], place: tuple[int | str, ...], problem: str
) -> str:
    if not place:  # a rule about several fields, which names them itself
        return problem
    name = str(place[0])
    prefix = settings.model_config.get("env_prefix", "")
    return f"{name if name.isupper() else prefix + name.upper()}: {problem}"


def _give_up(why: str) -> NoReturn:
    sys.stderr.write(f"cannot start: {why}\n")
    sys.exit(2)
