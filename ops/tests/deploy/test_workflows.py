"""Workflows: pinned actions, few permissions, nothing that a stranger may choose is run."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraud_ops.deploy.call_graph import DEPLOYED
from fraud_ops.deploy.workflows import FOLDER, problems, workflow_problems

ROOT = Path(__file__).resolve().parents[3]
CHECK = yaml.safe_load((ROOT / FOLDER / "check.yml").read_text())


def step(workflow: Any) -> Any:
    return workflow["jobs"]["check"]["steps"][0]


def test_workflows_of_the_repository_keep_their_promises():
    assert workflow_problems(ROOT) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda w: w.update(permissions="write-all"), "permissions"),
        (lambda w: w["jobs"]["check"].pop("timeout-minutes"), "hours"),
        (lambda w: step(w).update(uses="actions/checkout@v4"), "not pinned"),
        (lambda w: step(w).pop("with"), "token"),
        (lambda w: step(w).update(run="echo ${{ github.head_ref }}"), "stranger"),
    ],
)
def test_a_broken_promise_is_found(change: Any, problem: str):
    workflow = copy.deepcopy(CHECK)
    change(workflow)
    assert any(problem in line for line in problems(workflow))


def test_the_commands_of_ci_are_those_of_the_workflows():
    steps = (ROOT / ".ci" / "run").read_text().splitlines()
    used = "".join((ROOT / FOLDER / f"{n}.yml").read_text() for n in ("check", "test"))
    assert all(f"run: {line}" in used for line in steps if line.startswith("make "))


def test_a_release_has_every_image():
    release = yaml.safe_load((ROOT / FOLDER / "release.yml").read_text())
    images = release["jobs"]["image"]["strategy"]["matrix"]["name"]
    assert images == [*DEPLOYED, "train"]
