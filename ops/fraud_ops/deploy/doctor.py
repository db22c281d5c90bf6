"""What production would refuse of an environment, service by service.

The services refuse it themselves when they start (`fraud_shared.web.production`); here all
of it is listed before any is started.
"""

import json
from collections.abc import Sequence

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from fraud_ops.deploy.variables import settings_of
from fraud_shared.mesh.addresses import SERVICES
from fraud_shared.web.production import refusals, repeated, secrets_of
from fraud_shared.web.run import problems
from fraud_shared.web.settings import ServiceSettings


def doctor_command(services: Sequence[str], *, as_json: bool = False) -> None:
    """Print each refusal with the services it stops; exit status 1 when there is one."""
    unknown = sorted(set(services) - set(SERVICES))
    if unknown:
        raise typer.BadParameter(f"services are {', '.join(SERVICES)}")
    found = diagnose(services or SERVICES)
    if as_json:
        lines = [{"problem": p, "services": list(s)} for p, s in found.items()]
        print(json.dumps({"refused": bool(found), "problems": lines}))  # noqa: T201
    else:
        Console().print(_table(found) if found else "production refuses nothing")
    if found:
        raise typer.Exit(1)


def diagnose(services: Sequence[str]) -> dict[str, list[str]]:
    """Refusals of the current environment, each with the services it stops."""
    found: dict[str, list[str]] = {}
    everywhere: dict[str, str] = {}
    for service in services:
        kind = settings_of(service)
        settings, refused = _read(kind)
        if settings is not None:
            refused += refusals(settings)
            everywhere |= secrets_of(settings)
        for line in dict.fromkeys(refused):
            found.setdefault(line, []).append(service)
    for line in repeated(everywhere):
        found.setdefault(line, []).append("all")
    return found


def _read(kind: type[ServiceSettings]) -> tuple[ServiceSettings | None, list[str]]:
    """The settings as production would read them, and what is wrong with them alone."""
    refused: list[str] = []
    for environment in ("production", "development"):
        try:
            return kind(env=environment), refused
        except ValidationError as error:
            # Rules of production: without them the rest can still be looked at.
            refused += [p for p in problems(kind, error) if p not in refused]
    return None, refused


def _table(found: dict[str, list[str]]) -> Table:
    table = Table(title="Production refuses")
    table.add_column("what", overflow="fold")
    table.add_column("services", overflow="fold")
    for line, services in found.items():
        everyone = len(services) == len(SERVICES)
        table.add_row(line, "all" if everyone else ", ".join(services))
    return table
