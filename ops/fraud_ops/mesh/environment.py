"""What every service of a local mesh is told: stores, secrets, threads."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraud_scoring.artifacts.keys import PRIVATE_FILE, PUBLIC_FILE, development_keys
from fraud_scoring.registry.port import address
from fraud_shared.mesh.addresses import CONSOLE, CONSOLE_PORT, PORTS, url_variable
from fraud_shared.web import secrets
from fraud_shared.web.span_export import FOLDER, named

SECRETS = (
    "FRAUD_TOKEN_KEY",
    "FRAUD_PAN_KEY",
    "FRAUD_AUDIT_KEY",
    "FRAUD_KEY_PEPPER",
    "FRAUD_DEV_API_KEY",
    "FRAUD_CONSOLE_KEY",
)
_PORTS = {**PORTS, CONSOLE: CONSOLE_PORT}


@dataclass(frozen=True)
class LocalMesh:
    """Where a local mesh keeps its files and on which ports it listens."""

    var: Path
    first_port: int = 8000

    def port(self, service: str) -> int:
        """The port of a service or of the console, shifted with `first_port`."""
        return _PORTS[service] - PORTS["orchestrator"] + self.first_port

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return f"http://127.0.0.1:{self.port('orchestrator')}"

    @property
    def console_url(self) -> str:
        """Where the console answers."""
        return f"http://127.0.0.1:{self.port(CONSOLE)}"

    @property
    def registry(self) -> str:
        """The model registry's address."""
        given = (
            os.environ.get(name, "")
            for name in ("MODEL_REGISTRY_URI", "MLFLOW_TRACKING_URI")
        )
        return address(*given) or str(self.var / "registry")

    @property
    def traces(self) -> Path:
        """Where the services write their spans."""
        return self.var / "traces"

    def tracing(self) -> dict[str, str]:
        """Spans to files of the mesh, unless the environment says where they go."""
        if named():
            return {}
        return {
            FOLDER: os.environ.get(FOLDER) or str(self.traces),
            "OTEL_BSP_SCHEDULE_DELAY": os.environ.get(
                "OTEL_BSP_SCHEDULE_DELAY", "1000"
            ),
        }

    def key(self) -> str:
        """The API key of the development client."""
        return self.secret("FRAUD_DEV_API_KEY")

    def secret(self, name: str) -> str:
        """A secret from the environment, or this mesh's own."""
        return secrets.resolve(
            name, os.environ.get(name, ""), production=False, var_dir=self.var
        )

    def environment(self, redis_url: str) -> dict[str, str]:
        """The complete environment of a service process."""
        own = {name: self.secret(name) for name in SECRETS}
        urls = {url_variable(s): f"http://127.0.0.1:{self.port(s)}" for s in PORTS}
        ports = {f"FRAUD_{s.upper()}_PORT": str(self.port(s)) for s in _PORTS}
        ports |= {
            f"FRAUD_{s.upper()}_INTERNAL_PORT": str(self.port(s) + 1000) for s in _PORTS
        }
        single = dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
        )
        # Nobody delivers codes here, so that whoever tries it out has to ask for them.
        delivered = os.environ.get("FRAUD_ACTION_OTP_WEBHOOK_URL")
        production = os.environ.get("FRAUD_ENV") == "production"
        codes = "false" if delivered or production else "true"
        return {
            **single,
            "FRAUD_ACTION_OTP_ECHO": codes,
            **os.environ,
            **own,
            **urls,
            **ports,
            "REDIS_URL": redis_url,
            "FRAUD_VAR": str(self.var),
            "MODEL_REGISTRY_URI": self.registry,
            "DATASET_URI": os.environ.get("DATASET_URI") or str(self.var / "datasets"),
        }

    @contextmanager
    def fresh(self, first_port: int) -> "Iterator[LocalMesh]":
        """A mesh with this one's models and keys, on other ports, its stores thrown away."""
        folder = Path(tempfile.mkdtemp(prefix="fraud-"))
        try:
            for name in (PRIVATE_FILE, PUBLIC_FILE, "secrets.env"):
                if (self.var / name).exists():
                    shutil.copy(self.var / name, folder / name)
            if Path(self.registry).is_dir():
                (folder / "registry").symlink_to(Path(self.registry).resolve())
            yield LocalMesh(folder, first_port)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def prepare(self) -> None:
        """Make the folder, the secrets and the signing keys, where they are missing."""
        self.var.mkdir(parents=True, exist_ok=True)
        for name in SECRETS:
            self.secret(name)
        development_keys(self.var)


def local_mesh(var: Path | None = None, port: int = 8000) -> LocalMesh:
    """The mesh in `var` (default `FRAUD_VAR` or ./var)."""
    return LocalMesh(var or Path(os.environ.get("FRAUD_VAR", "var")), port)
