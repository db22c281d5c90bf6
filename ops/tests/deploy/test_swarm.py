"""The stack: each promise is missed when it is broken, and its secrets can be made."""

import copy
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_ops.deploy.env_file import complete
from fraud_ops.deploy.swarm import stack_problems

ROOT = Path(__file__).resolve().parents[3]
STACK = yaml.safe_load((ROOT / "deploy" / "stack.yml").read_text())


def after(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    stack = copy.deepcopy(STACK)
    change(stack["services"])
    return stack_problems(stack)


def test_the_stack_keeps_its_promises():
    assert stack_problems(STACK) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda s: s.pop("sanctions"), "sanctions: not there"),
        (lambda s: s["rules"].update(ports=["8001:8001"]), "past Traefik"),
        (lambda s: s["rules"].update(read_only=False), "can write"),
        (lambda s: s["rules"]["secrets"].remove("FRAUD_TOKEN_KEY"), "FRAUD_TOKEN_KEY"),
        (lambda s: s["rules"]["secrets"].append("FRAUD_PAN_KEY"), "does not read"),
        (lambda s: s["rules"]["environment"].update(FRAUD_TOKEN_KEY="k"), "a secret"),
        (
            lambda s: s["rules"]["environment"].update(FRAUD_XGBOOST_URL="http://x"),
            "URL",
        ),
        (lambda s: s["rules"]["deploy"].update(replicas=1), "second replica"),
        (
            lambda s: s["rules"]["deploy"]["update_config"].update(order="stop-first"),
            "stay",
        ),
        (lambda s: s["orchestrator"]["deploy"].pop("labels"), "Traefik must know"),
    ],
)
def test_a_broken_promise_is_found(change: Any, problem: str):
    assert any(problem in line for line in after(change))


def test_secrets_of_the_swarm_are_made_from_the_environment_file(tmp_path: Path):
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\ncat > "{tmp_path}/$3"\n')
    docker.chmod(0o755)
    (tmp_path / ".env").write_text(complete((ROOT / ".env.example").read_text()).text)
    urls = {
        "DATABASE_URL": "postgresql://p",
        "REDIS_URL": "redis://r",
        "AMQP_URL": "amqp://a",
    }
    made = subprocess.run(
        [ROOT / "deploy" / "swarm-secrets.sh", "2", tmp_path / ".env"],
        env={"PATH": os.environ["PATH"], "DOCKER": str(docker), **urls},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert made == [f"{name}_2" for name in STACK["secrets"]]
    assert (tmp_path / "DATABASE_URL_2").read_text() == "postgresql://p"
    assert (tmp_path / "FRAUD_API_KEYS_2").read_text().startswith("[{")
