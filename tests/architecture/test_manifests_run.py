"""The ten services, started as the chart's manifests start them.

Each from an environment of only its own dependencies, as user 10001 in a folder that it
cannot write to, with the variables of the rendered manifests and two replicas, on PostgreSQL,
Redis and RabbitMQ. One payment is decided and traced; then every replica is replaced twice
under load, and no payment may fail.
"""

import asyncio
import os
import re
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from fraud_ops.deploy.closure import install
from fraud_ops.deploy.env_file import complete
from fraud_ops.deploy.helm import helm
from fraud_ops.deploy.kubernetes import dns, of_kind, variables_of
from fraud_ops.deploy.variables import entries
from fraud_ops.example import example_payment
from fraud_ops.mesh.redis_server import binary
from fraud_ops.train.command import train_command
from fraud_shared.mesh.addresses import SERVICES, url_variable
from fraud_shared.testing.otlp import receiver
from fraud_shared.testing.servers import fresh_broker, fresh_database

ROOT = Path(__file__).resolve().parents[2]
USER = 10001
REPLICAS = 2
LISTS = ROOT / "services/sanctions/tests/samples/targets.simple.csv"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may start as user 10001"),
]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass
class Replica:
    """One process of one service, as a pod is: its variables stay when it is replaced."""

    service: str
    python: Path
    port: int
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(
                        "setpriv",
                        f"--reuid={USER}",
                        f"--regid={USER}",
                        "--clear-groups",
                    ),
                    *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
                    *(self.python, "-m", f"fraud_{self.service}"),
                ],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def log(self) -> str:
        return (self.folder / "log").read_text()

    async def ready(self, http: httpx.AsyncClient, within_s: float = 120.0) -> None:
        give_up = time.monotonic() + within_s
        while True:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.service}: {self.log()[-2000:]}"
            try:
                if (await http.get(f"{self.url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < give_up, f"{self.service}: {self.log()[-2000:]}"
            await asyncio.sleep(0.1)


@contextmanager
def redis() -> Iterator[str]:
    """A Redis of this test's own."""
    port = free_port()
    process = subprocess.Popen(
        [binary(), "--port", str(port), "--save", "", "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Cluster:
    """All replicas, and what a caller of theirs knows."""

    replicas: dict[str, list[Replica]]
    key: str
    spans: list[Any]
    # What a load balancer sends to: gateways that are ready and not about to go.
    endpoints: list[str] = field(default_factory=list)

    async def score(self, http: httpx.AsyncClient, number: int) -> httpx.Response:
        gateway = self.endpoints[number % len(self.endpoints)]
        return await http.post(
            f"{gateway}/v1/score",
            json=example_payment(),
            headers={"X-API-Key": self.key},
        )

    async def replace(self, replica: Replica, http: httpx.AsyncClient) -> None:
        """What a rolling update does to one pod: no new calls, the signal, a new one."""
        if replica.service == "orchestrator":
            self.endpoints.remove(replica.url)
            await asyncio.sleep(0.5)
        assert await asyncio.to_thread(replica.stop) == 0, replica.log()[-2000:]
        replica.start()
        await replica.ready(http)
        if replica.service == "orchestrator":
            self.endpoints.append(replica.url)


def manifests(secrets: dict[str, str], trace: str) -> dict[str, dict[str, str]]:
    """The variables of each service, as the chart gives them, secrets filled in."""
    values = {
        "env": {"OTEL_EXPORTER_OTLP_ENDPOINT": trace, "OTEL_TRACES_SAMPLER_ARG": "1"}
    }
    with helm() as engine:
        deployed = of_kind(engine.template(ROOT, "standard", values), "Deployment")
    return {
        service: {
            name: secrets[name] if value is None else value
            for name, value in variables_of(deployed[dns(service)]).items()
        }
        for service in SERVICES
    }


def image_variables() -> dict[str, str]:
    """What ENV sets for every image, but where they listen: here, on loopback."""
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    found = dict(
        re.findall(r"^    (FRAUD_[A-Z]+)=(\S+?)(?: \\)?$", dockerfile, re.MULTILINE)
    )
    assert found["FRAUD_ENV"] == "production"
    return {**found, "FRAUD_HOST": "127.0.0.1"}


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The environment of each image, readable for everybody and writable for root."""
    made = {s: install(ROOT, s, tmp_path_factory.mktemp(s)) for s in SERVICES}
    for folder in {p for python in made.values() for p in python.parents}:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    return made


@asynccontextmanager
async def cluster(
    pythons: dict[str, Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Cluster]:
    """All replicas, ready; stopped at the end, each with exit status 0."""
    made = complete((ROOT / ".env.example").read_text())
    secrets = {e.name: e.value.strip("'") for e in entries(made.text) if not e.optional}
    monkeypatch.setenv("FRAUD_SIGNING_KEY", secrets["FRAUD_SIGNING_KEY"])
    train_command(12_000, 11, str(folder / "registry"), days=60, fraud_rate=0.03)
    for name in ("datasets", "lists", "var"):
        (folder / name).mkdir()
    (folder / "lists" / LISTS.name).write_bytes(LISTS.read_bytes())
    os.chown(folder / "datasets", USER, USER)
    for path in (folder, *folder.parents):
        if str(path).startswith("/tmp/"):
            path.chmod(0o755)
    async with fresh_database() as database:
        with ExitStack() as stack:
            trace, spans = stack.enter_context(receiver())
            secrets |= {
                "DATABASE_URL": database,
                "REDIS_URL": stack.enter_context(redis()),
                "AMQP_URL": stack.enter_context(fresh_broker()),
            }
            replicas = _replicas(pythons, folder, manifests(secrets, trace))
            everyone = [one for some in replicas.values() for one in some]
            found = Cluster(replicas, made.keys["shop"], spans)
            async with httpx.AsyncClient(timeout=10) as http:
                try:
                    for one in everyone:
                        one.start()
                    for one in everyone:
                        await one.ready(http)
                    found.endpoints = [one.url for one in replicas["orchestrator"]]
                    yield found
                finally:
                    statuses = {o.port: o.stop() for o in everyone if o.process}
            assert set(statuses.values()) == {0}


def _replicas(
    pythons: dict[str, Path], folder: Path, given: dict[str, dict[str, str]]
) -> dict[str, list[Replica]]:
    made: dict[str, list[Replica]] = {}
    for service in SERVICES:
        made[service] = []
        for number in range(REPLICAS):
            own = folder / "var" / f"{service}-{number}"
            own.mkdir()
            made[service].append(Replica(service, pythons[service], free_port(), own))
    urls = {
        url_variable(s): ",".join(one.url for one in some) for s, some in made.items()
    }
    mounts = {"/registry", "/datasets", "/lists"}
    for service, some in made.items():
        for one in some:
            scratch = one.folder / "scratch"
            scratch.mkdir(mode=0o700)
            os.chown(scratch, USER, USER)
            variables = {
                name: f"{folder}{value}" if value in mounts else value
                for name, value in given[service].items()
            }
            one.environment = {
                "PATH": os.environ["PATH"],
                **image_variables(),
                **variables,
                **urls,
                "FRAUD_VAR": str(scratch),
                "TMPDIR": str(scratch),
                f"FRAUD_{service.upper()}_PORT": str(one.port),
                f"FRAUD_{service.upper()}_INTERNAL_PORT": str(free_port()),
            }
    return made


async def test_a_payment_is_decided_traced_and_survives_a_rolling_update(
    pythons: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with (
        cluster(pythons, tmp_path, monkeypatch) as mesh,
        httpx.AsyncClient(timeout=10) as http,
    ):
        # The first payments find caches cold.
        for number in range(10):
            await mesh.score(http, number)
        reply = await mesh.score(http, 0)
        assert reply.status_code == 200, reply.text
        await _traced(mesh, reply.json()["trace_id"])
        failed, answered = await _under_load(mesh, http)
    assert answered > 100
    assert failed == []


async def _traced(mesh: Cluster, trace_id: str) -> None:
    """One trace of that payment reached the collector, through the services it passed."""
    wanted = {"orchestrator", "rules", "xgboost", "autoencoder", "isolation_forest"}
    give_up = time.monotonic() + 30
    seen: set[str] = set()
    while not wanted | {"decision", "sanctions"} <= seen:
        assert time.monotonic() < give_up, seen
        await asyncio.sleep(0.2)
        seen = {s for s, span in mesh.spans if span.trace_id.hex() == trace_id}


async def _under_load(mesh: Cluster, http: httpx.AsyncClient) -> tuple[list[str], int]:
    """Replace every replica twice while payments come; what failed, how many were sent."""
    failed: list[str] = []
    done = asyncio.Event()
    answered = 0

    async def pay() -> None:
        nonlocal answered
        while not done.is_set():
            try:
                reply = await mesh.score(http, answered)
                if reply.status_code != 200:
                    failed.append(f"{reply.status_code} {reply.text[:200]}")
            except httpx.TransportError as error:
                failed.append(repr(error))
            answered += 1
            await asyncio.sleep(0.05)

    paying = asyncio.create_task(pay())
    for _ in range(2):
        for service in SERVICES:
            for replica in mesh.replicas[service]:
                await mesh.replace(replica, http)
    done.set()
    await paying
    return failed, answered
