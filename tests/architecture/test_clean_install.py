"""What an image of a service holds: its own closure, and nothing that only trains.

Each service is installed into a fresh environment, step by step as the Dockerfile does. Its
app is created there in production mode, and a scorer scores there.
"""

import importlib
import json
import os
import secrets
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from fraud_ops.deploy.closure import contents, install
from fraud_scoring.artifacts.keys import Signer, Verifier, generate_keys
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.testing.contract import score_request
from fraud_scoring.training.assemble import publish
from fraud_scoring.training.synthetic import NOW, synthetic
from fraud_shared.mesh.addresses import SERVICES
from fraud_shared.mesh.tokens import TokenIssuer

ROOT = Path(__file__).resolve().parents[2]
SCORERS = {"isolation_forest", "autoencoder", "xgboost", "lightgbm"}
# Never in an image: what trains, what tests, and what reads other people's pickles.
NOWHERE = (
    "torch",
    "sklearn",
    "onnx",
    "onnxmltools",
    "joblib",
    "pandas",
    "mlflow",
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
    "cel_expr_python": {"rules", "orchestrator"},
    "sqlalchemy": {"orchestrator", "action", "post_auth", "sanctions"},
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
    "FRAUD_TOKEN_KEY": secrets.token_hex(32),
    "FRAUD_PAN_KEY": secrets.token_hex(32),
    "FRAUD_AUDIT_KEY": secrets.token_hex(32),
    "FRAUD_KEY_PEPPER": secrets.token_hex(32),
    "FRAUD_API_KEYS": f'[{{"client": "shop", "hash": "{"0" * 64}", "scopes": ["score"]}}]',
    "FRAUD_SIGNING_PUBLIC_KEY": "given when it starts",
    "FRAUD_ACTION_OTP_KEY": secrets.token_hex(32),
    "FRAUD_ACTION_OTP_WEBHOOK_URL": "http://127.0.0.1:9/otp",
    "FRAUD_ACTION_WEBHOOK_SECRET": secrets.token_hex(32),
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


@pytest.fixture(scope="module")
def service(request):
    return request.param


@pytest.fixture(scope="module")
def python(service, tmp_path_factory):
    """The Python of an environment with the closure of that service."""
    return install(ROOT, service, tmp_path_factory.mktemp(service))


@contextmanager
def serving(python: Path, service: str, folder: Path, **extra: str) -> Iterator[str]:
    """The service as its image starts it; its URL once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        **ENVIRONMENT,
        "FRAUD_VAR": str(folder),
        f"FRAUD_{service.upper()}_PORT": str(port),
        **extra,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", f"fraud_{service}"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        give_up = time.monotonic() + 60
        while not ready(url):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < give_up, (folder / "log").read_text()
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES, indirect=True)
def test_a_service_runs_on_its_own_closure(service, python, tmp_path):
    names = [
        *NOWHERE,
        *ONLY,
        *(f"fraud_{s}" for s in SERVICES),
        "fraud_ops",
        "fraud_lab",
    ]
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT}
    output = run([python, "-c", LOOK, service, *names], cwd=tmp_path, env=environment)

    title, present = json.loads(output.splitlines()[-1])
    assert title
    expected = {name for name, services in ONLY.items() if service in services}
    assert set(present) == expected | {f"fraud_{service}"}
    # What joins GPUs while training is half a gigabyte.
    assert list(python.parent.parent.rglob("libnccl*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("service", sorted(SCORERS), indirect=True)
def test_a_scorer_serves_on_its_own_closure(service, python, tmp_path):
    keys, data = generate_keys(), synthetic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        fitted = importlib.import_module(f"fraud_{service}.train").train(data)
    verifier, signer = Verifier(keys.public_pem), Signer(keys.private_pem)
    registry = FolderRegistry(str(tmp_path / "registry"), verifier, signer)
    made = publish(service, fitted, data, registry, now=NOW)
    version = made.artifact.manifest.version
    for alias in ("champion", "challenger"):
        registry.promote(service, version, alias, now=NOW)

    token = TokenIssuer("orchestrator", "k" * 32).bearer(service)
    given = {
        "MODEL_REGISTRY_URI": str(tmp_path / "registry"),
        "FRAUD_SIGNING_PUBLIC_KEY": keys.public_pem,
    }
    with serving(python, service, tmp_path, **given) as url:
        reply = httpx.post(
            f"{url}/score",
            content=score_request(made, data.test.x[0]),
            headers={"Authorization": token},
        )
        explained = httpx.post(
            f"{url}/explain",
            content=score_request(made, data.test.x[0]),
            headers={"Authorization": token},
        )

    expected = fitted.reference(data.test.x[:1])[0]
    found = reply.json()
    assert found["model"]["version"] == version
    assert found["raw"][fitted.engine.raw_name] == pytest.approx(expected, abs=1e-6)
    assert explained.json()["top_features"]


@pytest.mark.slow
@pytest.mark.parametrize("service", ["rules"], indirect=True)
def test_its_contents_are_weighed(python):
    sizes = {one.name: one.size for one in contents(python)}
    assert "fraud-rules" in sizes
    assert "pip" not in sizes
    assert 10_000_000 < sum(sizes.values()) < 400_000_000
