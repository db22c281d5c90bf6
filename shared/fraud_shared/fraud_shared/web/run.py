"""`python -m fraud_<service>`: the service under uvicorn, stopped cleanly by a signal."""

import sys

import uvicorn

from fraud_shared.web.problems import FraudError
from fraud_shared.web.settings import ServiceSettings


def serve(factory: str, settings: type[ServiceSettings]) -> None:
    """Run the app factory `module:function` with the host and port of its settings.

    A configuration error ends the process with one clear line and status 2.
    """
    try:
        chosen = settings()
    except Exception as error:
        _give_up(error)
    server = uvicorn.Server(
        uvicorn.Config(
            factory,
            factory=True,
            host=chosen.host,
            port=chosen.port,
            http="httptools",
            loop="uvloop",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            # Longer than the door keeps idle connections (30 s), or reuse races with close.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=5,
        )
    )
    try:
        server.run()
    except FraudError as error:
        _give_up(error)
    if not server.started:
        sys.exit(3)


def _give_up(error: Exception) -> None:
    detail = error.detail if isinstance(error, FraudError) else str(error)
    sys.stderr.write(f"cannot start: {detail}\n")
    sys.exit(2)
