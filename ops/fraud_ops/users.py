"""`fraud users`: who may sign in to the console, and with which roles."""

import asyncio
import json
import secrets
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from fraud_console.gateway_keys import entry
from fraud_console.roles import ROLES
from fraud_console.users import User, UserRefused
from fraud_ops.mesh.console import console_users
from fraud_ops.mesh.environment import LocalMesh, local_mesh
from fraud_ops.options import Var
from fraud_ops.running import CommandError

console = Console()
users_app = typer.Typer(help="People who sign in to the console.")
Name = Annotated[str, typer.Argument(help="Lower case: a-z, 0-9, '.', '_', '-'.")]
Roles = Annotated[
    list[str], typer.Option("--role", help=f"One or several of {', '.join(ROLES)}.")
]


@users_app.command("add")
def add(
    name: Name,
    role: Roles,
    generate: Annotated[
        bool, typer.Option(help="Make a password and print it once.")
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option(help="Read the password from standard input.")
    ] = False,
    provider: Annotated[
        bool, typer.Option(help="No password: signs in by OpenID Connect.")
    ] = False,
    var: Var = None,
) -> None:
    """Add a user, or change the roles and password of one; ends their sessions."""
    mesh = local_mesh(var)
    password = _password(generate, password_stdin, provider)
    user = asyncio.run(_add(mesh, name, role, password))
    console.print(f"{user.name}: {', '.join(user.roles)}")
    if generate:
        console.print(f"password (shown once): [bold]{password}[/]")
    pepper = mesh.secret("FRAUD_KEY_PEPPER")
    made = entry(mesh.secret("FRAUD_CONSOLE_KEY").encode(), pepper, user.holder)
    console.print(f"entry for FRAUD_API_KEYS: {json.dumps(made)}", soft_wrap=True)
    console.print("`fraud up` lets the gateway know of every user when it starts.")


@users_app.command("list")
def list_users(var: Var = None) -> None:
    """Who may sign in."""
    table = Table("name", "roles", "state")
    for user in asyncio.run(_list(local_mesh(var))):
        state = "disabled" if user.disabled else "may sign in"
        table.add_row(user.name, ", ".join(user.roles), state)
    console.print(table)


@users_app.command("disable")
def disable(name: Name, var: Var = None) -> None:
    """Let a user in no more, and end every session of theirs."""
    if not asyncio.run(_disable(local_mesh(var), name)):
        raise CommandError(f"nobody is called {name}")
    console.print(f"{name} is disabled; take the entry out of FRAUD_API_KEYS too.")


def _password(generate: bool, stdin: bool, provider: bool) -> str | None:
    if generate + stdin + provider > 1:
        raise typer.BadParameter(
            "choose one of --generate, --password-stdin, --provider"
        )
    if provider:
        return None
    if generate:
        return secrets.token_urlsafe(18)
    if stdin:
        return sys.stdin.readline().rstrip("\n")
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return given


async def _add(
    mesh: LocalMesh, name: str, roles: list[str], password: str | None
) -> User:
    async with console_users(mesh) as users:
        try:
            return await users.add(name, roles, password)
        except UserRefused as error:
            raise CommandError(error.detail) from error


async def _list(mesh: LocalMesh) -> list[User]:
    async with console_users(mesh) as users:
        return await users.list()


async def _disable(mesh: LocalMesh, name: str) -> bool:
    async with console_users(mesh) as users:
        return await users.disable(name)
