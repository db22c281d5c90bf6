"""`fraud deploy doctor` lists what each service would refuse."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.deploy.variables import fields_of
from fraud_sanctions.settings import SAMPLE_LISTS
from fraud_shared.mesh.addresses import SERVICES

SECRETS = (
    "FRAUD_TOKEN_KEY",
    "FRAUD_PAN_KEY",
    "FRAUD_AUDIT_KEY",
    "FRAUD_KEY_PEPPER",
    "FRAUD_ACTION_OTP_KEY",
    "FRAUD_ACTION_WEBHOOK_SECRET",
)

REQUIRED = "is required when FRAUD_ENV=production"
POSTGRESQL = "must name PostgreSQL when FRAUD_ENV=production"
GUESSED = "can be guessed; make one with `openssl rand -hex 32`"
GATEWAY = ("orchestrator",)
STORES = ("orchestrator", "action", "post_auth", "sanctions")
DATABASES = ("orchestrator", "rules", "decision", "action", "post_auth", "sanctions")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Of a production that nothing is wrong with."""
    for service in SERVICES:
        for name in fields_of(service):
            monkeypatch.delenv(name, raising=False)
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "eu.csv").write_text("id,name\n")
    good = {
        **{name: secrets.token_hex(32) for name in SECRETS},
        "FRAUD_ENV": "production",
        "FRAUD_API_KEYS": "[]",
        "FRAUD_ACTION_OTP_WEBHOOK_URL": "https://otp.example/",
        "DATABASE_URL": "postgresql://somewhere/fraud",
        "REDIS_URL": "redis://somewhere",
        "AMQP_URL": "amqp://somewhere",
        "DATASET_URI": "s3://somewhere",
        "FRAUD_SANCTIONS_LISTS": str(lists),
    }
    for name, value in good.items():
        monkeypatch.setenv(name, value)
    return good


def doctor(*arguments: str) -> tuple[int, dict[str, list[str]]]:
    done = CliRunner().invoke(app, ["deploy", "doctor", "--json", *arguments])
    report = json.loads(done.stdout)
    found = {one["problem"]: one["services"] for one in report["problems"]}
    assert report["refused"] == bool(found)
    return done.exit_code, found


class TestDoctor:
    def test_a_good_environment_is_not_refused(self, environment: Any) -> None:
        assert doctor() == (0, {})

    @pytest.mark.parametrize(
        ("name", "value", "line", "services"),
        [
            ("FRAUD_TOKEN_KEY", "", REQUIRED, SERVICES),
            ("FRAUD_TOKEN_KEY", "k" * 64, GUESSED, SERVICES),
            ("FRAUD_PAN_KEY", "k" * 9, "must have at least 32 bytes", GATEWAY),
            ("DATABASE_URL", "sqlite:///a.db", POSTGRESQL, DATABASES),
            ("AMQP_URL", "", REQUIRED, STORES),
            ("FRAUD_KEY_PEPPER", "", REQUIRED, GATEWAY),
        ],
    )  # fmt: skip
    def test_what_a_service_refuses_is_listed(
        self,
        environment: Any,
        monkeypatch: Any,
        name: str,
        value: str,
        line: str,
        services: tuple[str, ...],
    ) -> None:
        monkeypatch.setenv(name, value)
        assert doctor() == (1, {f"{name} {line}": list(services)})

    @pytest.mark.parametrize("renamed", [False, True])
    def test_fictional_lists_are_listed(
        self, environment: dict[str, str], renamed: bool
    ) -> None:
        sample = (SAMPLE_LISTS / "fictional.csv").read_bytes()
        name = "eu_consolidated.csv" if renamed else "fictional_new.csv"
        content = sample if renamed else b"id,name\n"
        (Path(environment["FRAUD_SANCTIONS_LISTS"]) / name).write_bytes(content)
        line = f"FRAUD_SANCTIONS_LISTS holds fictional lists: {name}"
        assert doctor() == (1, {line: ["sanctions"]})

    def test_lists_that_are_not_named_are_the_fictional_ones(
        self, environment: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.delenv("FRAUD_SANCTIONS_LISTS")
        status, found = doctor("sanctions")
        assert status == 1
        assert "fictional_un.xml" in next(iter(found))

    def test_a_development_environment_is_read_as_production_would(
        self, environment: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.setenv("FRAUD_ENV", "development")
        monkeypatch.setenv("DATASET_URI", "")
        _, found = doctor("post_auth")
        assert any("DATASET_URI" in line for line in found)

    def test_one_secret_in_two_services_is_listed(
        self, environment: dict[str, str], monkeypatch: Any
    ) -> None:
        monkeypatch.setenv("FRAUD_ACTION_OTP_KEY", environment["FRAUD_PAN_KEY"])
        line = "FRAUD_ACTION_OTP_KEY is the same secret as FRAUD_PAN_KEY"
        assert doctor() == (1, {line: ["all"]})

    def test_rules_of_a_service_do_not_hide_the_rest(
        self, environment: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.setenv("FRAUD_ACTION_OTP_WEBHOOK_URL", "")
        monkeypatch.setenv("AMQP_URL", "")
        _, found = doctor("action")
        assert any("FRAUD_ACTION_OTP_WEBHOOK_URL" in line for line in found)
        assert any(line.startswith("AMQP_URL") for line in found)

    def test_the_table_says_the_same(self, environment: Any, monkeypatch: Any) -> None:
        monkeypatch.setenv("AMQP_URL", "")
        done = CliRunner().invoke(app, ["deploy", "doctor"])
        assert done.exit_code == 1
        assert "AMQP_URL" in done.stdout
