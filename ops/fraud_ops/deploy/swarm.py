"""What deploy/stack.yml promises beyond its schema: secrets, rolling updates, hardening."""

from collections.abc import Iterator, Mapping
from typing import Any

from fraud_ops.deploy.call_graph import DEPLOYED
from fraud_ops.deploy.compose import COMMON, PASSWORD_IN_URL, SECRET
from fraud_ops.deploy.variables import fields_of, settings_of
from fraud_shared.mesh.addresses import CONSOLE, PORTS, SERVICES, url_variable

Stack = Mapping[str, Any]
PUBLIC = ("orchestrator", CONSOLE)
STORES = ("DATABASE_URL", "REDIS_URL", "AMQP_URL")


def stack_problems(stack: Stack) -> list[str]:
    """Everything wrong with a parsed stack file, as `service: what`."""
    services: Stack = stack["services"]
    found = [f"{name}: not there" for name in DEPLOYED if name not in services]
    for name in DEPLOYED:
        if name in services:
            found += [f"{name}: {problem}" for problem in _of(name, services[name])]
    used = {s for one in services.values() for s in one.get("secrets", ())}
    declared = stack.get("secrets", {})
    found += [f"secret {name} is not declared" for name in sorted(used - set(declared))]
    found += [f"secret {name} is not used" for name in sorted(set(declared) - used)]
    found += [
        f"secret {n} must be external"
        for n, s in declared.items()
        if not s.get("external")
    ]
    return found


def _of(name: str, service: Stack) -> Iterator[str]:
    yield from _updates(service.get("deploy", {}))
    yield from _variables(name, service)
    if service.get("read_only") is not True or service.get("cap_drop") != ["ALL"]:
        yield "can write to its image, or keeps capabilities"
    if "ports" in service:
        yield "is published past Traefik"
    labelled = service.get("deploy", {}).get("labels", {})
    if bool(labelled.get("traefik.enable")) != (name in PUBLIC):
        yield "Traefik must know the gateway and the console, and nothing else"
    if not str(service.get("image", "")).endswith("}"):
        yield "its image has no version from outside"


def _updates(deploy: Stack) -> Iterator[str]:
    update = deploy.get("update_config", {})
    if update.get("order") != "start-first":
        yield "a replica must stay until its successor is healthy"
    if update.get("failure_action") != "rollback":
        yield "a failed update must roll back"
    if int(deploy.get("replicas", 1)) < 2:
        yield "has no second replica"
    if "limits" not in deploy.get("resources", {}):
        yield "has no limits"


def _variables(name: str, service: Stack) -> Iterator[str]:
    environment: Stack = service.get("environment", {})
    secrets = set(service.get("secrets", ()))
    read = fields_of(name)
    addresses = {url_variable(other) for other in SERVICES}
    for key in sorted((set(environment) | secrets) - set(read) - addresses):
        if not COMMON.match(key):
            yield f"is told {key}, which it does not read"
    settings = settings_of(name)
    wanted = {settings.variable(field) for field in settings.required_secrets}
    wanted |= {store for store in STORES if store in read}
    for key in sorted(wanted - secrets):
        yield f"is not given the secret {key}"
    for key, value in environment.items():
        if SECRET.search(key) or PASSWORD_IN_URL.search(str(value)):
            yield f"{key} must be a secret"
    for other, port in PORTS.items():
        if environment.get(url_variable(other)) != f"http://{other}:{port}":
            yield f"{url_variable(other)} is not where the stack puts {other}"
