"""The operator's command by itself: a fresh environment with fraud-ops and its own
dependencies, without its extra `train`, without the laboratory."""

import json
import os
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from fraud_ops.deploy.closure import install
from fraud_ops.example import example_payment
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.train.command import train_command
from fraud_ops.training_extra import LIBRARIES
from fraud_shared.mesh.addresses import PORTS

ROOT = Path(__file__).resolve().parents[2]
ABSENT = (*LIBRARIES, "matplotlib", "pandas", "pytest", "fraud_lab")
LOOK = """
import importlib.util, sys
print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))
"""
READY_WITHIN_S = 120.0
# What supervising takes; a training library alone is several times that.
SUPERVISOR_BYTES = 300_000_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the command and nothing else."""
    return install(ROOT, "ops", tmp_path_factory.mktemp("ops"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mesh's folder whose registry has models, made where the extra is installed."""
    mesh = LocalMesh(tmp_path_factory.mktemp("var"))
    mesh.prepare()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        train_command(
            12_000, 11, mesh.registry, days=60, fraud_rate=0.03, var_dir=mesh.var
        )
    return mesh.var


def environment() -> dict[str, str]:
    """Nothing of this shell but the path, so that embedded stores are used."""
    return {"PATH": os.environ["PATH"], "COLUMNS": "200", "FRAUD_KEY_PEPPER": "p" * 32}


def fraud(
    python: Path, folder: Path, *arguments: str | Path
) -> "subprocess.CompletedProcess[str]":
    """The command's end, run in `folder`."""
    return subprocess.run(
        [python.parent / "fraud", *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


@contextmanager
def up(python: Path, var: Path, first: int) -> Iterator["subprocess.Popen[bytes]"]:
    """`fraud up` on ports from `first`, once its gateway is ready."""
    log = var / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python.parent / "fraud", "up", "--var", var, "--port", str(first)],
            cwd=var, env=environment(), stdout=output, stderr=output,
        )  # fmt: skip
    try:
        give_up = time.monotonic() + READY_WITHIN_S
        while b"The mesh is ready" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def free_ports() -> int:
    """The first of as many free ports in a row as a mesh has services."""
    for first in range(21_000, 30_000, 20):
        with ExitStack() as stack:
            try:
                for port in range(first, first + len(PORTS)):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first
    raise AssertionError("no free ports")


class TestAlone:
    def test_environment_holds_no_library_that_trains_draws_or_tests(self, python):
        done = subprocess.run(
            [python, "-c", LOOK, *ABSENT], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == []

    def test_keys_new_prints_a_key_and_its_entry(self, python, tmp_path):
        done = fraud(python, tmp_path, "keys", "new", "--client", "shop")
        assert done.returncode == 0, done.stderr
        assert "entry for FRAUD_API_KEYS" in done.stdout

    def test_lists_status_describes_a_folder_of_lists(self, python, tmp_path):
        samples = ROOT / "services/sanctions/fraud_sanctions/lists/samples"
        done = fraud(python, tmp_path, "lists", "status", "--lists", samples, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["lists"]

    def test_simulate_writes_payments(self, python, tmp_path):
        done = fraud(python, tmp_path, "simulate", "--payments", "50")
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 50

    @pytest.mark.parametrize(
        "arguments",
        [
            ("train", "--payments", "1000"),
            ("up",),
            ("models", "import", "a.joblib", "--name", "a", "--sample", "a.csv",
             "--label", "y", "--feature-set", "f"),
        ],
    )  # fmt: skip
    def test_command_that_needs_the_extra_ends_with_one_line_that_names_it(
        self, python, tmp_path, arguments
    ):
        done = fraud(python, tmp_path, *arguments)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert "torch" in line
        assert "fraud-ops[train]" in line


class TestUp:
    def test_mesh_with_a_registry_becomes_ready_decides_and_is_operated(
        self, python, trained
    ):
        first = free_ports()
        mesh = LocalMesh(trained, first)
        with up(python, trained, first) as process:
            reply = httpx.post(
                f"{mesh.url}/score",
                json=example_payment(),
                headers={"X-API-Key": mesh.key()},
            )
            assert reply.status_code == 200, reply.text
            assert reply.json()["decision"] in ("APPROVE", "CHALLENGE", "DECLINE")
            assert psutil.Process(process.pid).memory_info().rss < SUPERVISOR_BYTES
            names = trained / "names.csv"
            names.write_text("name\nJane Doe\n")
            url = f"http://127.0.0.1:{mesh.port('sanctions')}"
            for arguments in (
                ("models", "list", "--var", trained),
                ("features", "rebuild", "--again", "--var", trained),
                ("screen", names, "--url", url, "--var", trained),
            ):
                done = fraud(python, trained, *arguments)
                assert done.returncode == 0, done.stdout + done.stderr
        assert process.returncode == 0
