"""What production refuses to start with, and what it keeps off the public port."""

import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fraud_shared.testing.asgi import client
from fraud_shared.web import run
from fraud_shared.web.production import UnsafeConfiguration, refusals
from fraud_shared.web.settings import ServiceSettings
from fraud_shared.web.weakness import weakness

OPERATORS = ("/metrics", "/docs", "/redoc", "/openapi.json")
PROBES = ("/livez", "/readyz", "/health", "/healthz")


class Kept(ServiceSettings):
    """Settings of a service with a store."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_KEPT_")
    port: int = 1
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")
    other_key: SecretStr = SecretStr("")

    def unsafe(self) -> list[str]:
        """One thing of its own."""
        return ["FRAUD_KEPT_TOY is a toy"] if self.port == 7 else []


def safe(**changes: Any) -> Kept:
    return Kept(
        **{
            "env": "production",
            "token_key": secrets.token_hex(32),
            "database_url": "postgresql://somewhere/fraud",
            "redis_url": "redis://somewhere",
            "amqp_url": "amqp://somewhere",
            **changes,
        }
    )


class TestWeakness:
    @pytest.mark.parametrize(
        "value",
        [
            "s" * 64,
            "0123456789abcdef" * 4,
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
            "correcthorse" * 4,
            "change-me-4b1f0a92c6d8e7354b1f0a92",
            "MyPassword4b1f0a92c6d8e7354b1f0a92",
            pytest.param(secrets.token_hex(15), id="too short"),
        ],
    )
    def test_secret_that_can_be_guessed_is_named_and_not_repeated(
        self, value: str
    ) -> None:
        why = weakness(value)
        assert why is not None
        assert value not in why

    @given(st.binary(min_size=32, max_size=64).filter(lambda b: len(set(b)) > 24))
    def test_secret_of_random_bytes_is_strong(self, content: bytes) -> None:
        assert weakness(content.hex()) is None or len(set(content.hex())) < 12

    def test_fresh_secrets_are_strong(self) -> None:
        makers = (lambda: secrets.token_hex(16), lambda: secrets.token_urlsafe(32))
        assert [v for m in makers for _ in range(500) if weakness(v := m())] == []

    def test_bytes_count_and_not_letters(self) -> None:
        assert weakness("éàüßñçøåœæđþłžšř") != weakness(
            "0f6b9d1ce28a4573b8d90e6f1a2c7354"
        )


class TestRefusals:
    def test_safe_settings_are_not_refused(self) -> None:
        assert refusals(safe()) == []

    @pytest.mark.parametrize(
        ("changes", "line"),
        [
            ({"token_key": ""}, "FRAUD_TOKEN_KEY is required"),
            ({"token_key": "k" * 64}, "FRAUD_TOKEN_KEY can be guessed"),
            ({"other_key": "k" * 9}, "FRAUD_KEPT_OTHER_KEY must have at least 32"),
            ({"database_url": ""}, "DATABASE_URL is required"),
            ({"database_url": "sqlite:///a.db"}, "DATABASE_URL must name PostgreSQL"),
            ({"amqp_url": ""}, "AMQP_URL is required"),
            ({"redis_url": ""}, "REDIS_URL is required"),
            ({"internal_port": 1}, "FRAUD_KEPT_INTERNAL_PORT must not be the public"),
            ({"port": 7}, "FRAUD_KEPT_TOY is a toy"),
        ],
    )
    def test_each_is_one_line_that_names_the_variable(
        self, changes: dict[str, Any], line: str
    ) -> None:
        (found,) = refusals(safe(**changes))
        assert found.startswith(line)

    def test_one_secret_under_two_names_is_refused(self) -> None:
        key = secrets.token_hex(32)
        (found,) = refusals(safe(token_key=key, other_key=key))
        assert found == "FRAUD_KEPT_OTHER_KEY is the same secret as FRAUD_TOKEN_KEY"

    def test_a_service_without_a_store_needs_none(self) -> None:
        key = secrets.token_hex(32)
        assert refusals(ServiceSettings(port=1, token_key=key)) == []

    def test_no_app_is_made_of_refused_settings(self, make_app: Any) -> None:
        with pytest.raises(UnsafeConfiguration, match="FRAUD_TOKEN_KEY can be guessed"):
            make_app({"env": "production", "token_key": "k" * 64})

    def test_start_prints_one_line_for_each(
        self, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("FRAUD_ENV", "production")
        monkeypatch.setenv("FRAUD_TOKEN_KEY", "k" * 40)
        monkeypatch.setenv("DATABASE_URL", "sqlite:///a.db")
        with pytest.raises(SystemExit) as exit_:
            run.serve("nowhere:create_app", Kept)
        assert exit_.value.code == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 4
        assert all(line.startswith("cannot start: ") for line in lines)
        assert "k" * 40 not in "".join(lines)


class TestPorts:
    @pytest.mark.parametrize("path", OPERATORS)
    async def test_production_keeps_it_off_the_public_port(
        self, make_app: Any, path: str
    ) -> None:
        app = make_app({"env": "production"})
        async with client(app) as http:
            assert (await http.get(path)).status_code == 404
        async with client(make_app()) as http:
            assert (await http.get(path)).status_code == 200

    @pytest.mark.parametrize("path", [*OPERATORS, *PROBES])
    async def test_production_has_it_on_the_internal_port(
        self, make_app: Any, path: str
    ) -> None:
        app = make_app({"env": "production"})
        app.state.operations.state.readiness = app.state.readiness
        app.state.readiness.started = True
        async with client(app.state.operations) as http:
            assert (await http.get(path)).status_code == 200

    def test_both_ports_are_served_and_closed_together(self, tmp_path: Path) -> None:
        public, internal = free_ports()
        environment = {
            "PATH": "",
            "PYTHONPATH": ":".join(sys.path),
            "FRAUD_ENV": "production",
            "FRAUD_TOKEN_KEY": secrets.token_hex(32),
            "FRAUD_SMALL_PORT": str(public),
            "FRAUD_SMALL_INTERNAL_PORT": str(internal),
        }
        (tmp_path / "small.py").write_text(SMALL)
        with subprocess.Popen(
            [sys.executable, tmp_path / "small.py"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
        ) as process:
            try:
                while {status(public, "/readyz"), status(internal, "/metrics")} != {
                    200
                }:
                    assert process.poll() is None
                    time.sleep(0.05)
                assert status(internal, "/readyz") == 200
                assert status(public, "/metrics") == 404
            finally:
                process.terminate()
                process.wait(20)
        assert status(internal, "/metrics") is None


SMALL = """
from pydantic_settings import SettingsConfigDict
from fraud_shared.web.run import serve
from fraud_shared.web.service import create_service
from fraud_shared.web.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="FRAUD_SMALL_")


def create_app():
    return create_service("small", Settings())


if __name__ == "__main__":
    serve("small:create_app", Settings)
"""


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def status(port: int, path: str) -> int | None:
    """What a port answers, or None when nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None
