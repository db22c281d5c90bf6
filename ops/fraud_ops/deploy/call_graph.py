"""Who calls whom, and which stores each service opens: read off the code.

A service that speaks to others does so through its `ServiceClient`, by a name that stands in
its code; what it keeps its state in, its settings say. Events travel through RabbitMQ in
production, so a service that only publishes calls nobody.
"""

import ast
import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from fraud_ops.deploy.variables import fields_of
from fraud_shared.mesh.addresses import (
    CONSOLE,
    CONSOLE_PORT,
    PORTS,
    SERVICES,
    url_variable,
)

# What is deployed: the mesh, and the console beside it.
AT: Mapping[str, int] = {**PORTS, CONSOLE: CONSOLE_PORT}
DEPLOYED: tuple[str, ...] = tuple(AT)
# Settings that name a store, by their variable.
STORES: Mapping[str, str] = {
    "DATABASE_URL": "postgres",
    "REDIS_URL": "redis",
    "AMQP_URL": "rabbitmq",
}
_ASKS = ("call", "ask", "get")
_CLIENTS = ("client", "questions")


def stores_of(service: str) -> set[str]:
    """The stores that the settings of a service have a URL for."""
    return {store for name, store in STORES.items() if name in fields_of(service)}


def calls_of(service: str) -> set[str]:
    """The other services that the code of a service asks.

    A setting of its own for the address of another is a call too. A package that sends requests through a client may name its callees in another of its
    modules, so all names in a package that sends are taken.
    """
    addressed = {o for o in SERVICES if url_variable(o) in fields_of(service)}
    trees = [ast.parse(file.read_text()) for file in _sources(service)]
    if not any(_sends(tree) for tree in trees):
        return addressed
    named = {text for tree in trees for text in _texts(tree)} & set(SERVICES)
    return addressed | (named - {service})


@cache
def call_graph() -> dict[str, set[str]]:
    """`calls_of` every service."""
    return {service: calls_of(service) for service in DEPLOYED}


def _sources(service: str) -> list[Path]:
    package = importlib.import_module(f"fraud_{service}")
    return sorted(Path(str(package.__file__)).parent.rglob("*.py"))


def _sends(tree: ast.AST) -> bool:
    """Whether something called a client is asked: `self._service_client.call(...)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        asked = ast.unparse(node.func.value).rpartition(".")[2]
        if node.func.attr in _ASKS and asked.endswith(_CLIENTS):
            return True
    return False


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
