"""API keys of payment systems and people: 256 random bits, kept only as a keyed hash."""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Scope = Literal[
    "score",
    "label",
    "read",
    "analyst",
    "rules",
    "models",
    "audit",
    "admin",
    "worker",
    "test",
]
# What each scope lets a key do.
SCOPE_MEANINGS: Mapping[Scope, str] = {
    "score": "Send payments to be decided, and finish their challenges.",
    "label": "Report what became of payments.",
    "read": "Read the decisions, profiles and labels of the key's own payments.",
    "analyst": "Work on cases, holds, blocks and clearings; see every client's decisions.",
    "rules": "Write rules, policies, lists and snoozes, and take them live.",
    "models": "Read models and datasets, promote and roll back.",
    "audit": "Read every client's decisions and the audit trail; change nothing.",
    "admin": "Run the system: keys, parked events, reloads.",
    "worker": "Take approved work (orders about models, studies), and report on it.",
    "test": "Send payments in test mode: nothing counts, trains or touches data.",
}
SCOPES: tuple[Scope, ...] = get_args(Scope)
# Stands alone: a key that could do both would touch what counts by mistake.
TEST_SCOPE: Scope = "test"
# All that one key may have whose payments count.
LIVE_SCOPES: tuple[Scope, ...] = tuple(s for s in SCOPES if s != TEST_SCOPE)
_TEST_ONLY: frozenset[str] = frozenset((TEST_SCOPE,))
# A person or system at work, and the scopes their key needs.
ROLES: Mapping[str, tuple[Scope, ...]] = {
    "integrator": ("score", "label", "read"),
    "acquirer": ("label",),
    "analyst": ("analyst", "read"),
    "rule-author": ("rules", "read"),
    "model-owner": ("models", "read"),
    "auditor": ("audit", "read"),
    "operator": ("admin", "read"),
    "signer": ("worker",),
    "tester": ("test",),
}
# Which scopes see what belongs to other clients, within the tenants of their key.
SEE_ALL: frozenset[Scope] = frozenset(("analyst", "audit", "admin", "rules", "models"))
# Declares a key for every tenant: the network's own analysts and auditors.
EVERY_TENANT = "*"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_NAME = re.compile(NAME)
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Client:
    """Who a key belongs to, and what it may do.

    `tenant`: the clients that share their accounts, cards and labels have one of the same
    name; by default each client is its own. `tenants`: those whose profiles, labels and
    cases this key may besides read and report on.
    """

    name: str
    scopes: frozenset[str]
    tenant: str = ""
    tenants: frozenset[str] = frozenset()
    # Of the key that was used: both keys of a client are the same client.
    key_id: str = field(default="", compare=False)
    key_name: str | None = field(default=None, compare=False)
    expires_at: datetime | None = field(default=None, compare=False)

    @property
    def own_tenant(self) -> str:
        """The tenant its payments belong to."""
        return self.tenant or self.name

    @property
    def in_test_mode(self) -> bool:
        """Whether its requests are answered in test mode: nothing of them counts."""
        return TEST_SCOPE in self.scopes

    @property
    def granted(self) -> frozenset[str]:
        """The scopes that let it in: in test mode no other, whatever is written."""
        return _TEST_ONLY if self.in_test_mode else self.scopes

    @property
    def caller(self) -> str:
        """What rates, logs and stored requests know it by. In test mode another one: what
        is tried out must not use up the rate of what is meant."""
        return f"{self.name}@test" if self.in_test_mode else self.name

    def may_act_for(self, tenant: str) -> bool:
        """Whether it is declared for a tenant."""
        return tenant == self.own_tenant or bool({tenant, EVERY_TENANT} & self.tenants)

    @property
    def visible(self) -> tuple[str, ...]:
        """Every tenant it is declared for, in order; `EVERY_TENANT` alone for all."""
        if EVERY_TENANT in self.tenants:
            return (EVERY_TENANT,)
        return tuple(sorted({self.own_tenant, *self.tenants}))


def _utc_now() -> datetime:
    return datetime.now(UTC)


class KeyRing:
    """The live keys: `fixed` ones, and others that come and go while it is used. A client
    may have two, so that one can be rotated under load.

    `used`: when each key was last used, by its id.
    """

    def __init__(
        self,
        pepper: str,
        entries: Iterable[tuple[str, Client]],
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._pepper = pepper
        self._fixed = dict(entries)
        self._clients = self._fixed
        self._now = now
        self.used: dict[str, datetime] = {}

    @classmethod
    def parse(
        cls, pepper: str, text: str, now: Callable[[], datetime] = _utc_now
    ) -> "KeyRing":
        """Read `[{"client", "hash", "scopes", "tenant"?, "tenants"?, "name"?,
        "expires_at"?}, …]`.

        Raises ValueError when malformed.
        """
        try:
            entries = [_entry(entry) for entry in json.loads(text or "[]")]
        except (KeyError, TypeError) as error:
            raise ValueError("an API key entry lacks client, hash or scopes") from error
        names = [client.name for _, client in entries]
        crowded = {name for name in names if names.count(name) > 2}
        if crowded:
            raise ValueError("a client may have at most two live keys")
        return cls(pepper, entries, now)

    @property
    def fixed(self) -> tuple[Client, ...]:
        """Whose keys the environment names."""
        return tuple(self._fixed.values())

    def replace(self, entries: Iterable[tuple[str, Client]]) -> None:
        """Admit these besides the fixed keys, and no others any more."""
        self._clients = {**dict(entries), **self._fixed}

    def client(self, key: str | None) -> Client | None:
        """Whose key this is, or None, also once it has ended.

        The look-up is by keyed hash, so its timing says nothing about the key itself.
        """
        if not key or len(key) > 256:
            return None
        client = self._clients.get(key_hash(self._pepper, key))
        if client is None:
            return None
        now = self._now()
        if client.expires_at is not None and client.expires_at <= now:
            return None
        self.used[client.key_id] = now
        return client


def is_apart(scopes: Iterable[str]) -> bool:
    """Whether `scopes` are those of one mode: test mode alone, or anything else."""
    given = set(scopes)
    return TEST_SCOPE not in given or given == {TEST_SCOPE}


def _entry(entry: dict[str, object]) -> tuple[str, Client]:
    digest, scopes = str(entry["hash"]), entry["scopes"]
    if not _HASH.fullmatch(digest):
        raise ValueError("the hash of an API key entry is not 64 hexadecimal digits")
    # A bare string would be taken apart into letters.
    if not isinstance(scopes, list) or not set(scopes) <= set(SCOPES):
        raise ValueError(f"the scopes of an API key entry are not of {SCOPES}")
    if not is_apart(scopes):
        raise ValueError("the scope test of an API key entry does not stand alone")
    tenants: Any = entry.get("tenants", [])
    name, tenant = str(entry["client"]), str(entry.get("tenant") or entry["client"])
    # A bare string would be taken apart into letters.
    listed = isinstance(tenants, list)
    named = [name, tenant, *(str(one) for one in tenants if one != EVERY_TENANT)]
    if not listed or not all(map(_NAME.fullmatch, named)):
        raise ValueError("a client or tenant of an API key entry has no usable name")
    given, until = entry.get("name"), entry.get("expires_at")
    return digest, Client(
        name,
        frozenset(scopes),
        tenant,
        frozenset(map(str, tenants)),
        key_id=digest[:16],
        key_name=None if given is None else str(given),
        expires_at=None if until is None else _end(str(until)),
    )


def _end(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("the end of an API key entry has no offset from UTC")
    return at


def is_name(text: str) -> bool:
    """Whether `text` may name a client or tenant."""
    return _NAME.fullmatch(text) is not None


def new_key(client: str) -> str:
    """A fresh key for a client: `fk_<client>_<256 random bits>`."""
    return f"fk_{client}_{secrets.token_urlsafe(32)}"


def key_hash(pepper: str, key: str) -> str:
    """What is stored of a key: HMAC-SHA-256 under the pepper, in hex."""
    return hmac.digest(pepper.encode(), key.encode(), "sha256").hex()
