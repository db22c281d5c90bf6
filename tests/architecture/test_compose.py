"""Each service, given just what docker-compose.yml gives it, is ready for production."""

import importlib
import re
import secrets
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_scoring.artifacts.keys import generate_keys
from fraud_shared.mesh.addresses import SERVICES
from fraud_shared.web.keys import key_hash, new_key
from fraud_shared.web.problems import FraudError

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::[-?]([^}]*))?\}")
PEPPER = secrets.token_hex(32)
CHOSEN = {
    "FRAUD_KEY_PEPPER": PEPPER,
    "FRAUD_API_KEYS": (
        f'[{{"client": "shop", "hash": "{key_hash(PEPPER, new_key("shop"))}",'
        ' "scopes": ["score"]}]'
    ),
    "FRAUD_SIGNING_PUBLIC_KEY": generate_keys().public_pem.replace("\n", "\\n"),
    "FRAUD_ACTION_OTP_WEBHOOK_URL": "http://127.0.0.1:9/otp",
    "POSTGRES_PASSWORD": "postgres",
    "REDIS_PASSWORD": "redis",
    "RABBITMQ_PASSWORD": "rabbitmq",
}


def value(text: str) -> str:
    """`text` with its variables replaced, as compose does with a filled-in .env."""

    def chosen(match: re.Match[str]) -> str:
        name, other = match[1], match[2] or ""
        required = match[0].startswith(f"${{{name}:?")
        if name not in CHOSEN and required:
            CHOSEN[name] = secrets.token_hex(32)
        return CHOSEN[name] if required else other

    return VARIABLE.sub(chosen, text)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def set_for(service: str) -> None:
        for name, text in COMPOSE["services"][service]["environment"].items():
            monkeypatch.setenv(name, value(str(text)))
        monkeypatch.setenv("FRAUD_VAR", str(tmp_path))
        # The list folder is a mount; it is read when the service starts.
        (tmp_path / "lists").mkdir(exist_ok=True)
        monkeypatch.setenv("FRAUD_SANCTIONS_LISTS", str(tmp_path / "lists"))

    return set_for


def create(service: str) -> Any:
    return importlib.import_module(f"fraud_{service}.app").create_app()


class TestProduction:
    @pytest.mark.parametrize("service", SERVICES)
    def test_a_service_has_all_it_needs(self, service: str, environment):
        environment(service)
        assert create(service).title

    @pytest.mark.parametrize("service", SERVICES)
    def test_a_missing_token_key_is_refused(
        self, service: str, environment, monkeypatch: pytest.MonkeyPatch
    ):
        environment(service)
        monkeypatch.delenv("FRAUD_TOKEN_KEY")
        with pytest.raises(FraudError, match="FRAUD_TOKEN_KEY"):
            create(service)

    @pytest.mark.parametrize("service", SERVICES)
    def test_nothing_is_written_while_a_service_is_created(
        self, service: str, environment, tmp_path: Path
    ):
        environment(service)
        create(service)
        assert [path.name for path in tmp_path.iterdir()] == ["lists"]
