"""Who listens where: names, ports and URLs of the ten services."""

import os

from fraud_shared.errors import FraudError

PORTS: dict[str, int] = {
    "orchestrator": 8000,
    "rules": 8001,
    "isolation_forest": 8002,
    "autoencoder": 8003,
    "xgboost": 8004,
    "decision": 8005,
    "action": 8006,
    "post_auth": 8007,
    "sanctions": 8008,
    "lightgbm": 8009,
}
# Beside the mesh, whose public routes alone it asks.
CONSOLE, CONSOLE_PORT = "console", 8010
SERVICES: tuple[str, ...] = tuple(PORTS)
# An address is a label of metrics by its index, so their number is bounded.
MOST_ADDRESSES = 16


class AddressesWrong(FraudError):
    """An address variable holds none, too many, or one twice."""

    type = "addresses-wrong"


def url_variable(service: str) -> str:
    """The environment variable that overrides a service's addresses."""
    return f"FRAUD_{service.upper()}_URL"


def default_urls() -> dict[str, tuple[str, ...]]:
    """Base URLs per service: `FRAUD_<SERVICE>_URL`, one or several with commas between
    them, else loopback on the standard port. Raises AddressesWrong."""
    return {
        name: _addresses(
            url_variable(name),
            os.environ.get(url_variable(name), f"http://127.0.0.1:{port}"),
        )
        for name, port in PORTS.items()
    }


def _addresses(variable: str, value: str) -> tuple[str, ...]:
    urls = tuple(url.strip().rstrip("/") for url in value.split(","))
    if not all(urls) or len(set(urls)) != len(urls) or len(urls) > MOST_ADDRESSES:
        raise AddressesWrong(
            f"{variable} needs 1 to {MOST_ADDRESSES} different URLs with commas between"
        )
    return urls
