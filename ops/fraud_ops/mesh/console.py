"""The console beside a local mesh: its users' keys at the gateway, and the first sign-in."""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fraud_console.gateway_keys import Holder, entries
from fraud_console.service import open_database
from fraud_console.settings import Settings
from fraud_console.users import ADMIN, Users
from fraud_ops.mesh.environment import LocalMesh
from fraud_orchestrator.authentication import DEVELOPMENT_CLIENT
from fraud_shared.mesh.clock import SystemClock
from fraud_shared.web.keys import EVERY_TENANT, LIVE_SCOPES, key_hash


@asynccontextmanager
async def console_users(
    mesh: LocalMesh, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[Users]:
    """The console's users in `DATABASE_URL`, or in the mesh's own file."""
    settings = Settings(
        database_url=environment.get("DATABASE_URL", ""), var_dir=mesh.var
    )
    db = open_database(settings)
    await db.start()
    try:
        yield Users(db, SystemClock())
    finally:
        await db.stop()


async def api_keys(mesh: LocalMesh, environment: Mapping[str, str] = os.environ) -> str:
    """`FRAUD_API_KEYS` of a local gateway that knows every user of the console, besides
    the keys that are configured, or else the development client's."""
    pepper = mesh.secret("FRAUD_KEY_PEPPER")
    configured = environment.get("FRAUD_API_KEYS", "")
    known = json.loads(configured) if configured else [_development(mesh, pepper)]
    async with console_users(mesh, environment) as users:
        holders = [one.holder for one in await users.list() if not one.disabled]
    if ADMIN not in {holder.name for holder in holders}:
        holders.append(Holder(ADMIN, ("admin",)))
    secret = mesh.secret("FRAUD_CONSOLE_KEY").encode()
    taken = {entry["client"] for entry in known}
    own = entries(secret, pepper, holders)
    return json.dumps([*known, *(e for e in own if e["client"] not in taken)])


def _development(mesh: LocalMesh, pepper: str) -> dict[str, object]:
    """What the gateway lets in by itself when no key is configured."""
    return {
        "client": DEVELOPMENT_CLIENT,
        "hash": key_hash(pepper, mesh.key()),
        "scopes": list(LIVE_SCOPES),
        "tenants": [EVERY_TENANT],
    }


def sign_in_url(mesh: LocalMesh, token: str) -> str:
    """Where the administrator signs in, once."""
    return f"{mesh.console_url}/sign-in/once?token={token}"
