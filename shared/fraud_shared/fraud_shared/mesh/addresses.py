"""Who listens where: names, ports and URLs of the ten services."""

import os

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
SERVICES: tuple[str, ...] = tuple(PORTS)


def url_variable(service: str) -> str:
    """The environment variable that overrides a service's address."""
    return f"FRAUD_{service.upper()}_URL"


def default_urls() -> dict[str, str]:
    """Base URL per service: `FRAUD_<SERVICE>_URL`, else loopback on the standard port."""
    return {
        name: os.environ.get(url_variable(name), f"http://127.0.0.1:{port}")
        for name, port in PORTS.items()
    }
