"""Every user has a key at the gateway, derived from one secret: none is stored.

So that the gateway, which takes who acts from the key, can tell two people apart.
"""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fraud_console.roles import scopes_of
from fraud_shared.web.keys import EVERY_TENANT, SCOPES, key_hash

# Prefix of a user's name as a client of the gateway.
CLIENT = "console."


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose key, and which in a row: raising `generation` makes a new one."""

    name: str
    roles: tuple[str, ...]
    generation: int = 1


def gateway_key(secret: bytes, name: str, generation: int) -> str:
    """The API key of a user: the same each time, from 256 bits of HMAC."""
    message = f"gateway key\n{name}\n{generation}".encode()
    mac = hmac.digest(secret, message, "sha256")
    return f"fk_{CLIENT}{name}_{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def entry(secret: bytes, pepper: str, holder: Holder) -> dict[str, Any]:
    """What the gateway must know of a user: an entry of `FRAUD_API_KEYS`."""
    key = gateway_key(secret, holder.name, holder.generation)
    return {
        "client": CLIENT + holder.name,
        "hash": key_hash(pepper, key),
        "scopes": sorted(scopes_of(holder.roles) & set(SCOPES)),
        "tenants": [EVERY_TENANT],
    }


def entries(
    secret: bytes, pepper: str, holders: Iterable[Holder]
) -> list[dict[str, Any]]:
    """The entries of several users."""
    return [entry(secret, pepper, holder) for holder in holders]
