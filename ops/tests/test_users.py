"""`fraud users`, and what a local gateway is told of them."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraud_console.gateway_keys import gateway_key
from fraud_ops.cli import app
from fraud_ops.mesh.console import api_keys
from fraud_ops.mesh.environment import LocalMesh
from fraud_shared.web.keys import LIVE_SCOPES, KeyRing

RUNNER = CliRunner()


@pytest.fixture
def mesh(tmp_path: Path) -> LocalMesh:
    return LocalMesh(tmp_path)


def ring(mesh: LocalMesh, environment: dict[str, str]) -> KeyRing:
    """The keys that a gateway of this mesh lets in."""
    text = asyncio.run(api_keys(mesh, environment))
    return KeyRing.parse(mesh.secret("FRAUD_KEY_PEPPER"), text)


class TestUsers:
    def test_a_user_who_is_added_is_let_in_until_disabled(self, mesh: LocalMesh):
        var = ["--var", str(mesh.var)]
        added = RUNNER.invoke(
            app,
            ["users", "add", "ada", "--role", "analyst", "--password-stdin", *var],
            input="a long enough password\n",
        )
        assert added.exit_code == 0, added.output
        key = gateway_key(mesh.secret("FRAUD_CONSOLE_KEY").encode(), "ada", 1)
        client = ring(mesh, {}).client(key)
        assert client is not None
        assert client.name == "console.ada"
        assert "console.ada" in added.output
        assert "ada" in RUNNER.invoke(app, ["users", "list", *var]).output
        RUNNER.invoke(app, ["users", "disable", "ada", *var])
        assert ring(mesh, {}).client(key) is None

    def test_a_short_password_adds_nobody(self, mesh: LocalMesh):
        var = ["--var", str(mesh.var)]
        command = ["users", "add", "ada", "--role", "analyst", "--password-stdin", *var]
        assert RUNNER.invoke(app, command, input="short\n").exit_code != 0
        assert "ada" not in RUNNER.invoke(app, ["users", "list", *var]).output


class TestKeys:
    def test_the_development_client_keeps_every_scope_that_counts(
        self, mesh: LocalMesh
    ):
        client = ring(mesh, {}).client(mesh.key())
        assert client is not None
        assert client.scopes == set(LIVE_SCOPES)

    def test_configured_keys_stay_and_the_administrator_comes(self, mesh: LocalMesh):
        own = [{"client": "shop", "hash": "0" * 64, "scopes": ["score"]}]
        environment = {"FRAUD_API_KEYS": json.dumps(own)}
        entries = json.loads(asyncio.run(api_keys(mesh, environment)))
        assert [entry["client"] for entry in entries] == ["shop", "console.admin"]
