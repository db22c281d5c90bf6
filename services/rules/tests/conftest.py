"""The service on a store of the test's own, and callers with a name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fraud_engines.testing import make_features
from fraud_rules.app import create_app
from fraud_rules.settings import Settings
from fraud_shared.mesh.tokens import Actor, TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]

RULESET = """\
name: bank
version: 1
rules:
  - id: R-001
    version: 1
    state: live
    effect: FLAG
    severity: high
    reason: Large
    when: amount_minor > 100000
  - id: R-002
    version: 1
    state: live
    effect: BLOCK
    tier: hard
    severity: critical
    reason: Emulator
    when: is_emulator
"""


@pytest.fixture(name="make_features", scope="session")
def _make_features() -> Any:
    return make_features


@pytest.fixture
def ruleset() -> str:
    """A small ruleset: a flag over 1,000.00, and a hard block of emulators."""
    return RULESET


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """It as a file."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULESET)
    return path


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture
def make_app(file: Path, tmp_path: Path, clock: FakeClock) -> Callable[..., Any]:
    """Apps of the service; on the same store unless another is named. Nothing happens in
    the background within a test's time: the test says when."""

    def make(url: str = "", schema: str = "rules", **more: Any) -> Any:
        settings = {
            "token_key": TEST_TOKEN_KEY,
            "ruleset": file,
            "var_dir": tmp_path,
            "database_url": url,
            "count_every_s": 3600.0,
            "time_every": 10,
        }
        return create_app(Settings(**settings | more), clock=clock, schema=schema)

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
        return {"authorization": issuer.bearer("rules", actor)}

    return headers
