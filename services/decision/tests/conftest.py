"""The service on a store of the test's own, and callers with a name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fraud_decision.app import create_app
from fraud_decision.settings import Settings
from fraud_engines.policy.policy import DEFAULT_POLICY
from fraud_engines.testing import make_request
from fraud_shared.mesh.tokens import Actor, TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]


@pytest.fixture(name="make_request", scope="session")
def _make_request() -> Any:
    return make_request


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The packaged policy as a file of the test's own."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(DEFAULT_POLICY.read_bytes())
    return path


@pytest.fixture
def make_app(file: Path, tmp_path: Path) -> Callable[..., Any]:
    """Apps of the service; on the same store unless another is named."""

    def make(url: str = "", schema: str = "decision") -> Any:
        settings = Settings(
            token_key=TEST_TOKEN_KEY, policy=file, var_dir=tmp_path, database_url=url
        )
        return create_app(settings, clock=FakeClock(), schema=schema)

    return make


@pytest.fixture
def app(make_app: Callable[..., Any]) -> Any:
    """One app."""
    return make_app()


@pytest.fixture
def person() -> Callable[[str], dict[str, str]]:
    """Headers of a request that the gateway makes for a client."""
    issuer = TokenIssuer("orchestrator", TEST_TOKEN_KEY)

    def headers(name: str) -> dict[str, str]:
        actor = Actor(name, frozenset({"rules"}), ())
        return {"authorization": issuer.bearer("decision", actor)}

    return headers
