"""First models are trained in a process of their own."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.first_models import (
    TrainingFailed,
    run_training,
    train_arguments,
    train_if_empty,
)
from fraud_scoring.artifacts.keys import Signer, Verifier, development_keys
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.testing import NOW, linear_draft

# Imports what trains by itself, and no test library that would have brought it along.
SUPERVISOR = """
import sys
from pathlib import Path
from rich.console import Console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.first_models import train_if_empty
import fraud_ops.mesh.up
train_if_empty(LocalMesh(Path(sys.argv[1])), 40_000, Console())
loaded = {"torch", "sklearn", "polars", "scipy", "numba", "xgboost"} & set(sys.modules)
print("loaded:", *sorted(loaded))
"""
ORPHAN = """
import subprocess, sys
from fraud_ops.mesh.children import end_with_parent
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], preexec_fn=end_with_parent
)
print(child.pid, flush=True)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class TestTrainIfEmpty:
    @pytest.mark.slow
    def test_first_training_leaves_models_and_no_library_behind(self, tmp_path):
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(
            [sys.executable, "-c", SUPERVISOR, tmp_path],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "train autoencoder" in done.stdout
        assert done.stdout.splitlines()[-1] == "loaded:"
        verifier = Verifier(development_keys(tmp_path).public_pem)
        registry = FolderRegistry(str(tmp_path / "registry"), verifier)
        assert registry.aliases("xgboost").target("champion")

    def test_registry_with_a_champion_is_left_alone(self, tmp_path, monkeypatch):
        for name in ("MODEL_REGISTRY_URI", "MLFLOW_TRACKING_URI"):
            monkeypatch.delenv(name, raising=False)
        keys = development_keys(tmp_path)
        registry = FolderRegistry(
            str(tmp_path / "registry"),
            Verifier(keys.public_pem),
            Signer(keys.private_pem),
        )
        made = registry.publish(linear_draft(), now=NOW)
        version = made.manifest.version
        registry.promote("xgboost", version, "champion", now=NOW)
        screen = io.StringIO()
        train_if_empty(LocalMesh(tmp_path), 10, Console(file=screen))
        assert screen.getvalue() == ""
        assert registry.versions("xgboost") == (version,)


class TestChild:
    def test_its_command_is_this_interpreter_s_and_names_registry_and_folder(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("MODEL_REGISTRY_URI", "file:///models")
        arguments = train_arguments(LocalMesh(tmp_path), 500)
        assert arguments[:4] == [sys.executable, "-m", "fraud_ops", "train"]
        options = dict(zip(arguments[4::2], arguments[5::2], strict=True))
        assert options["--payments"] == "500"
        assert options["--registry"] == "file:///models"
        assert options["--var"] == str(tmp_path)

    def test_training_that_fails_is_an_error_with_its_status(self):
        with pytest.raises(TrainingFailed, match="status 3"):
            run_training([sys.executable, "-c", "raise SystemExit(3)"])

    def test_child_ends_when_its_parent_has_ended(self):
        done = subprocess.run(
            [sys.executable, "-c", ORPHAN],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        pid = int(done.stdout)
        give_up = time.monotonic() + 30
        while alive(pid):
            assert time.monotonic() < give_up
