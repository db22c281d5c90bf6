"""What an image of a service holds: its own closure, and nothing that only trains.

Each test installs one service into a fresh environment, step by step as the Dockerfile
does, and creates its app there in production mode.
"""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fraud_shared.mesh.addresses import SERVICES

ROOT = Path(__file__).resolve().parents[2]
SCORERS = {"isolation_forest", "autoencoder", "xgboost", "lightgbm"}
# Never in an image: what trains, what tests, and what reads other people's pickles.
NOWHERE = (
    "torch",
    "sklearn",
    "onnx",
    "onnxmltools",
    "joblib",
    "pytest",
    "httpx",
)
# Heavy libraries, and the only services that may have them.
ONLY = {
    "numpy": SCORERS | {"sanctions"},
    "scipy": {"xgboost", "lightgbm"},
    "onnxruntime": SCORERS,
    "xgboost": {"xgboost"},
    "lightgbm": {"lightgbm"},
    "polars": {"post_auth"},
    "cel_expr_python": {"rules"},
    "sqlalchemy": {"orchestrator", "action", "post_auth"},
    "redis": {"orchestrator", "action", "post_auth"},
}
# Imports what is there: a shared library with a missing part fails only when loaded.
LOOK = """
import importlib.util, json, sys
service, names = sys.argv[1], sys.argv[2:]
app = importlib.import_module(f"fraud_{service}.app").create_app()
present = [name for name in names if importlib.util.find_spec(name)]
for name in present:
    importlib.import_module(name)
print(json.dumps([app.title, present]))
"""
ENVIRONMENT = {
    "FRAUD_ENV": "production",
    "FRAUD_TOKEN_KEY": "k" * 32,
    "FRAUD_PAN_KEY": "k" * 32,
    "FRAUD_KEY_PEPPER": "k" * 32,
    "FRAUD_API_KEYS": f'[{{"client": "shop", "hash": "{"0" * 64}", "scopes": ["score"]}}]',
    "FRAUD_SIGNING_PUBLIC_KEY": "given when it starts",
    "FRAUD_ACTION_OTP_KEY": "k" * 32,
    "FRAUD_ACTION_OTP_WEBHOOK_URL": "http://127.0.0.1:9/otp",
    "FRAUD_ACTION_WEBHOOK_SECRET": "k" * 32,
    "DATABASE_URL": "postgresql://fraud:fraud@127.0.0.1:9/fraud",
    "REDIS_URL": "redis://127.0.0.1:9/0",
    "AMQP_URL": "amqp://127.0.0.1:9/",
    "MODEL_REGISTRY_URI": "registry",
    "DATASET_URI": "datasets",
}


def run(command: Sequence[str | Path], **options: object) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(python: Path, *arguments: str | Path) -> str:
    """Our pip at work in another environment, which needs none of its own."""
    return run([sys.executable, "-m", "pip", "--python", python, *arguments], cwd=ROOT)


def install(service: str, folder: Path) -> Path:
    """An environment with what the Dockerfile puts into the image; returns its Python."""
    run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"])
    python = folder / "venv" / "bin" / "python"
    closure = runpy.run_path(str(ROOT / "deploy" / "requirements.py"))["closure"]
    outside, own = closure(ROOT, service)
    (folder / "outside.txt").write_text("\n".join(outside))
    third = ("--only-binary", ":all:", "-c", "requirements.lock")
    pip(python, "install", "--quiet", *third, "-r", folder / "outside.txt")
    pip(python, "uninstall", "--quiet", "--yes", "nvidia-nccl-cu12")
    wheel = ("wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    run([sys.executable, "-m", "pip", *wheel, "-w", folder / "wheels", *own])
    wheels = sorted((folder / "wheels").glob("*.whl"))
    pip(python, "install", "--quiet", "--no-deps", "--no-index", *wheels)
    return python


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_on_its_own_closure(service: str, tmp_path: Path):
    python = install(service, tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    names = [*NOWHERE, *ONLY, *(f"fraud_{s}" for s in SERVICES), "fraud_ops"]
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT}
    output = run([python, "-c", LOOK, service, *names], cwd=empty, env=environment)

    title, present = json.loads(output.splitlines()[-1])
    assert title
    expected = {name for name, services in ONLY.items() if service in services}
    assert set(present) == expected | {f"fraud_{service}"}
    assert list((tmp_path / "venv").rglob("libnccl*")) == []
