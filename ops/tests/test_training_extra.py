"""What the command does without the extra `train`."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from fraud_ops.cli import app
from fraud_ops.training_extra import LIBRARIES, TrainingExtraMissing, require_training

# Runs several commands where the libraries cannot be imported, and prints their statuses.
WITHOUT = """
import importlib.abc, json, sys
from typer.testing import CliRunner
ABSENT, COMMANDS = map(json.loads, sys.argv[1:])
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
from fraud_ops.cli import app
for command in COMMANDS:
    done = CliRunner().invoke(app, command)
    print(command[0], done.exit_code, repr(done.exception or ""))
"""
ABSENT = (*LIBRARIES, "matplotlib", "polars", "scipy", "pandas", "fraud_lab")
OPERATING = (
    ("keys", "new", "--client", "shop"),
    ("models", "list"),
    ("simulate", "--payments", "20", "--summary"),
)
TRAINING = (
    ("train", "--payments", "1000"),
    ("up",),
    ("models", "import", "a.joblib", "--name", "a", "--sample", "a.csv",
     "--label", "y", "--feature-set", "f"),
)  # fmt: skip


class TestWithout:
    def test_command_that_trains_nothing_runs(self, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, json.dumps(ABSENT), json.dumps(OPERATING)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "FRAUD_KEY_PEPPER": "p" * 32},
            capture_output=True,
            text=True,
            check=True,
        )
        wanted = [f"{command[0]} 0 ''" for command in OPERATING]
        assert done.stdout.splitlines() == wanted, done.stderr

    @pytest.mark.parametrize("arguments", TRAINING, ids=lambda a: a[0])
    def test_command_that_needs_the_extra_ends_with_an_error_that_names_it(
        self, tmp_path, monkeypatch, arguments
    ):
        monkeypatch.setitem(sys.modules, "torch", None)
        for name in ("MODEL_REGISTRY_URI", "MLFLOW_TRACKING_URI"):
            monkeypatch.delenv(name, raising=False)
        done = CliRunner().invoke(app, [*arguments, "--var", str(tmp_path)])
        assert isinstance(done.exception, TrainingExtraMissing)
        [line] = str(done.exception).splitlines()
        assert "needs torch:" in line
        assert "fraud-ops[train]" in line


class TestWith:
    def test_extra_that_is_installed_lets_a_command_go_on(self):
        require_training("this test")
