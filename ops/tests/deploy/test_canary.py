"""The canary's script, with commands that say what they were given."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "deploy" / "canary.sh"


@pytest.fixture
def canary(tmp_path: Path):
    """Runs the script against a comparison in which the challenger is better so often."""

    def run(*arguments: str, better: float = 0.5) -> tuple[int, str]:
        reported = tmp_path / "reported"
        reported.write_text("")
        kubectl = tmp_path / "kubectl"
        kubectl.write_text(f'#!/bin/sh\necho "$@" >> {reported}\n')
        compared = {
            "figures": {"cost of 1,000 payments": {"challenger_better": better}}
        }
        fraud = tmp_path / "fraud"
        fraud.write_text(f"#!/bin/sh\necho tables\necho '{json.dumps(compared)}'\n")
        for file in (kubectl, fraud):
            file.chmod(0o755)
        done = subprocess.run(
            [SCRIPT, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "KUBECTL": str(kubectl),
                "FRAUD": str(fraud),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, reported.read_text()

    return run


def test_start_gives_the_challenger_a_share_and_waits_for_the_gateways(canary):
    status, reported = canary("start", "0.05")
    assert status == 0
    assert "FRAUD_CHALLENGER_MODE=share FRAUD_CHALLENGER_SHARE=0.05" in reported
    assert "rollout status deploy/orchestrator" in reported


def test_stop_returns_to_shadow(canary):
    assert "FRAUD_CHALLENGER_MODE=shadow" in canary("stop")[1]


def test_promotion_needs_a_challenger_that_is_better_almost_surely(canary):
    assert canary("promote", better=0.94) == (1, "")
    status, reported = canary("promote", better=0.96)
    assert status == 0
    assert "FRAUD_CHALLENGER_SHARE=1" in reported


def test_unknown_step_changes_nothing(canary):
    assert canary("begin") == (2, "")
