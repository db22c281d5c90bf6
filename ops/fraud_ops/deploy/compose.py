"""What docker-compose.yml promises beyond its schema: addresses, hardening, secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fraud_ops.deploy.call_graph import DEPLOYED, STORES
from fraud_ops.deploy.variables import fields_of, settings_of
from fraud_shared.mesh.addresses import PORTS, SERVICES, url_variable

Compose = Mapping[str, Any]
GATEWAY = "orchestrator"
# Commands that end: nothing starts them again, and they have no health.
ONE_SHOT = ("train", "retrain", "lists", "load")
# Images without a shell or a client that could ask.
UNPROBED = ("collector", "traces")
# Made here, but no service of the mesh.
BUILT = ("train", "retrain", "lists")
HARDENING: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "restart": "unless-stopped",
    "networks": ["mesh"],
}
LIMITS = ("mem_limit", "pids_limit", "healthcheck", "stop_grace_period")
# Each of these undoes a part of the hardening.
FORBIDDEN = ("privileged", "cap_add", "network_mode", "pid", "ipc", "devices")
# What any service may be told: where the others are, threads, traces.
COMMON = re.compile(r"^(OTEL_[A-Z_]+|[A-Z]+_NUM_THREADS)$")
SECRET = re.compile(r"(KEYS?|PEPPER|SECRET|PASSWORD|_PASS|AUTH)$")
REQUIRED = re.compile(r"^\$\{[A-Z][A-Z0-9_]*:\?[^}]+\}$")
PASSWORD_IN_URL = re.compile(r"://[^/@]*?:(?P<password>\$\{[^}]*\}|[^@/]*)@")
# A version with at least two parts, so that it cannot move to another release.
PINNED = re.compile(r"^[a-z0-9_-]+(/[a-z0-9_-]+)?:v?\d+\.\d+[A-Za-z0-9._-]*$")


def compose_problems(compose: Compose) -> list[str]:
    """Everything wrong with a parsed compose file, as `service: what`."""
    services: Compose = compose.get("services", {})
    missing = [f"{name}: not there" for name in DEPLOYED if name not in services]
    found = [
        f"{name}: {problem}"
        for name, service in services.items()
        for problem in _of_service(name, service, services)
    ]
    return missing + found


def _of_service(name: str, service: Compose, services: Compose) -> Iterator[str]:
    yield from _hardening(name, service)
    yield from _secrets(service)
    yield from _dependencies(service, services)
    if name in DEPLOYED:
        yield from _of_the_mesh(name, service)
    elif name in BUILT:
        if service.get("build", {}).get("target") != "train":
            yield "its image is not the stage that trains"
    elif not PINNED.match(service.get("image", "")):
        yield f"image {service.get('image')!r} is not pinned to a version"


def _hardening(name: str, service: Compose) -> Iterator[str]:
    promised = {**HARDENING, **({"restart": "no"} if name in ONE_SHOT else {})}
    for key, wanted in promised.items():
        if service.get(key) != wanted:
            yield f"{key} must be {wanted}"
    for key in LIMITS:
        if not service.get(key):
            yield f"{key} is not set"
    for key in FORBIDDEN:
        if key in service:
            yield f"{key} is not allowed"
    unhealthy = (service.get("healthcheck") or {}).get("disable")
    if unhealthy and name not in (*ONE_SHOT, *UNPROBED):
        yield "the health check is switched off"
    if str(service.get("user", "")).partition(":")[0] in ("0", "root"):
        yield "runs as root"
    for port in service.get("ports", ()) if name != GATEWAY else ():
        if not str(port).startswith("127.0.0.1:") or name in PORTS:
            yield "only the gateway is published"


def _secrets(service: Compose) -> Iterator[str]:
    for key, value in service.get("environment", {}).items():
        text = str(value)
        # Without a value it comes from the caller's shell.
        if value is not None and SECRET.search(key) and not REQUIRED.match(text):
            yield f"{key} must be required from outside, as ${{NAME:?message}}"
        match = PASSWORD_IN_URL.search(text)
        if match and not REQUIRED.match(match["password"]):
            yield f"the password in {key} must be ${{NAME:?message}}"


def _dependencies(service: Compose, services: Compose) -> Iterator[str]:
    for other, how in service.get("depends_on", {}).items():
        if other not in services:
            yield f"depends on {other}, which is not there"
        elif other in ONE_SHOT:
            if how.get("condition") != "service_completed_successfully":
                yield f"must wait until {other} has ended"
        elif how.get("condition") != "service_healthy":
            yield f"must wait until {other} is healthy"


def _of_the_mesh(name: str, service: Compose) -> Iterator[str]:
    environment: Compose = service.get("environment", {})
    built = service.get("build", {}).get("args", {}).get("SERVICE")
    if built != name:
        yield f"its image is built for {built}"
    if environment.get("FRAUD_ENV") != "production":
        yield "FRAUD_ENV must be production"
    if environment.get("FRAUD_HOST") != "0.0.0.0":
        yield "FRAUD_HOST must be 0.0.0.0, or its neighbours cannot reach it"
    for other, port in PORTS.items():
        address = f"http://{other}:{port}"
        if environment.get(url_variable(other)) != address:
            yield f"{url_variable(other)} must be {address}"
    settings = settings_of(name)
    needed = {settings.variable(field) for field in settings.required_secrets}
    needed |= set(STORES) & set(fields_of(name))
    for key in sorted(needed - set(environment)):
        yield f"is not told {key}"
    addresses = {url_variable(other) for other in SERVICES}
    for key in set(environment) - set(fields_of(name)) - addresses:
        if not COMMON.match(key):
            yield f"is told {key}, which it does not read"
    if name == GATEWAY:
        inside = {str(port).rpartition(":")[2] for port in service.get("ports", [])}
        if inside != {str(PORTS[GATEWAY])}:
            yield f"must publish its port {PORTS[GATEWAY]} and no other"
