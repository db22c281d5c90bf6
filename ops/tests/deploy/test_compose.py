"""Each promise of the compose file is missed when it is broken."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_ops.deploy.compose import compose_problems

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def after(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    """What is found once `change` was made to the services."""
    compose = copy.deepcopy(COMPOSE)
    change(compose["services"])
    return compose_problems(compose)


def test_the_file_keeps_its_promises():
    assert compose_problems(COMPOSE) == []


class TestServices:
    def test_each_is_there(self):
        assert after(lambda s: s.pop("sanctions")) == ["sanctions: not there"]

    def test_each_has_its_own_image(self):
        found = after(lambda s: s["rules"]["build"]["args"].update(SERVICE="action"))
        assert found == ["rules: its image is built for action"]

    def test_neighbours_are_at_their_port(self):
        url = {"FRAUD_XGBOOST_URL": "http://xgboost:9999"}
        found = after(lambda s: s["orchestrator"]["environment"].update(url))
        assert "orchestrator: FRAUD_XGBOOST_URL must be http://xgboost:8004" in found

    def test_none_sees_what_belongs_to_another(self):
        pan = {"FRAUD_PAN_KEY": "${FRAUD_PAN_KEY:?}"}
        found = after(lambda s: s["rules"]["environment"].update(pan))
        assert "rules: is told FRAUD_PAN_KEY, which it does not read" in found


class TestHardening:
    @pytest.mark.parametrize("service", ["rules", "postgres"])
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("read_only", False),
            ("cap_drop", []),
            ("security_opt", []),
            ("restart", "always"),
            ("networks", ["mesh", "default"]),
            ("mem_limit", None),
            ("pids_limit", None),
            ("healthcheck", None),
            ("privileged", True),
            ("cap_add", ["NET_ADMIN"]),
            ("network_mode", "host"),
            ("user", "0:0"),
            ("ports", ["9999:9999"]),
        ],
    )
    def test_nothing_of_it_can_be_given_up(self, service: str, key: str, value: Any):
        found = after(lambda s: s[service].update({key: value}))
        assert any(line.startswith(f"{service}: ") for line in found)

    def test_the_health_check_cannot_be_switched_off(self):
        found = after(lambda s: s["rules"]["healthcheck"].update(disable=True))
        assert "rules: the health check is switched off" in found


class TestSecrets:
    @pytest.mark.parametrize(
        "value", ["known", "${FRAUD_TOKEN_KEY}", "${FRAUD_TOKEN_KEY:-known}"]
    )
    def test_none_has_a_default(self, value: str):
        found = after(lambda s: s["rules"]["environment"].update(FRAUD_TOKEN_KEY=value))
        assert any("rules: FRAUD_TOKEN_KEY must be required" in line for line in found)

    @pytest.mark.parametrize("password", ["known", "${POSTGRES_PASSWORD:-known}", ""])
    def test_no_password_stands_in_a_url(self, password: str):
        url = {"DATABASE_URL": f"postgresql://fraud:{password}@postgres:5432/fraud"}
        found = after(lambda s: s["action"]["environment"].update(url))
        assert any("action: the password in DATABASE_URL" in line for line in found)


class TestStores:
    @pytest.mark.parametrize(
        "image", ["redis", "redis:latest", "redis:8", "example.com/redis:8.2.1"]
    )
    def test_images_are_pinned(self, image: str):
        found = after(lambda s: s["redis"].update(image=image))
        assert found == [f"redis: image {image!r} is not pinned to a version"]

    def test_they_are_waited_for_until_they_are_healthy(self):
        started = {"condition": "service_started"}
        found = after(lambda s: s["action"]["depends_on"].update(redis=started))
        assert "action: must wait until redis is healthy" in found

    def test_a_store_that_is_missing_is_named(self):
        found = after(lambda s: s.pop("rabbitmq"))
        assert "orchestrator: depends on rabbitmq, which is not there" in found
