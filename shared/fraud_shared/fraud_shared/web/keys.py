"""API keys of payment systems and people: 256 random bits, kept only as a keyed hash."""

import hmac
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Scope = Literal["score", "label", "read", "analyst", "admin"]
SCOPES: tuple[Scope, ...] = ("score", "label", "read", "analyst", "admin")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Client:
    """Who a key belongs to, and what it may do."""

    name: str
    scopes: frozenset[str]


class KeyRing:
    """The live keys. A client may have two, so that one can be rotated under load."""

    def __init__(self, pepper: str, entries: Iterable[tuple[str, Client]]) -> None:
        self._pepper = pepper.encode()
        self._clients = dict(entries)

    @classmethod
    def parse(cls, pepper: str, text: str) -> "KeyRing":
        """Read `[{"client", "hash", "scopes"}, …]`. Raises ValueError when malformed."""
        try:
            entries = [_entry(entry) for entry in json.loads(text or "[]")]
        except (KeyError, TypeError) as error:
            raise ValueError("an API key entry lacks client, hash or scopes") from error
        names = [client.name for _, client in entries]
        crowded = {name for name in names if names.count(name) > 2}
        if crowded:
            raise ValueError("a client may have at most two live keys")
        return cls(pepper, entries)

    def client(self, key: str | None) -> Client | None:
        """Whose key this is, or None.

        The look-up is by keyed hash, so its timing says nothing about the key itself.
        """
        if not key or len(key) > 256:
            return None
        digest = key_hash(self._pepper.decode(), key)
        for known, client in self._clients.items():
            if hmac.compare_digest(known, digest):
                return client
        return None


def _entry(entry: dict[str, object]) -> tuple[str, Client]:
    digest, scopes = str(entry["hash"]), entry["scopes"]
    if not _HASH.fullmatch(digest):
        raise ValueError("the hash of an API key entry is not 64 hexadecimal digits")
    # A bare string would be taken apart into letters.
    if not isinstance(scopes, list) or not set(scopes) <= set(SCOPES):
        raise ValueError(f"the scopes of an API key entry are not of {SCOPES}")
    return digest, Client(str(entry["client"]), frozenset(scopes))


def new_key(client: str) -> str:
    """A fresh key for a client: `fk_<client>_<256 random bits>`."""
    return f"fk_{client}_{secrets.token_urlsafe(32)}"


def key_hash(pepper: str, key: str) -> str:
    """What is stored of a key: HMAC-SHA-256 under the pepper, in hex."""
    return hmac.digest(pepper.encode(), key.encode(), "sha256").hex()
