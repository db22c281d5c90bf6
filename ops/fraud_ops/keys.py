"""Making API keys."""

import json
import os

import typer
from rich.console import Console

from fraud_shared.web.keys import SCOPES, is_apart, key_hash
from fraud_shared.web.keys import new_key as fresh_key

console = Console()


def new_key_command(
    client: str, scopes: str, tenant: str = "", tenants: str = ""
) -> None:
    """Print a fresh key, and the entry that lets it in; the key is not kept."""
    wanted = [scope.strip() for scope in scopes.split(",")]
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown:
        raise typer.BadParameter(f"scopes are {', '.join(SCOPES)}")
    if not is_apart(wanted):
        raise typer.BadParameter("the scope test stands alone")
    pepper = os.environ.get("FRAUD_KEY_PEPPER", "")
    if not pepper:
        raise typer.BadParameter("set FRAUD_KEY_PEPPER, as for the gateway")
    key = fresh_key(client)
    entry: dict[str, object] = {
        "client": client,
        "hash": key_hash(pepper, key),
        "scopes": wanted,
    }
    if tenant:
        entry["tenant"] = tenant
    if tenants:
        entry["tenants"] = [one.strip() for one in tenants.split(",")]
    console.print(f"key (shown once): [bold]{key}[/]")
    console.print(f"entry for FRAUD_API_KEYS: {json.dumps(entry)}", soft_wrap=True)
