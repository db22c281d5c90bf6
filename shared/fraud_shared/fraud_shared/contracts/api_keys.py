"""API keys as operators make, list, rotate and revoke them."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Instant
from fraud_shared.contracts.paging import Query

ScopeName = Literal[
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
Role = Literal[
    "integrator",
    "acquirer",
    "analyst",
    "rule-author",
    "model-owner",
    "auditor",
    "operator",
    "signer",
    "tester",
]
_Client = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Who uses the key.",
        examples=["shop"],
    ),
]
_Tenant = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,63})$")]
_Name = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=64,
        pattern=r"^[^\x00-\x1f\x7f-\x9f]+$",
        description="What tells it apart from the client's other key.",
        examples=["till 7"],
    ),
]
_Expiry = Annotated[
    Instant | None,
    Field(
        description="When it ends (RFC 3339, UTC); null when it does not.",
        examples=["2027-12-01T00:00:00Z"],
    ),
]


class NewKey(Contract):
    """`POST /v1/keys`: a key by a role, by scopes, or both together."""

    client: _Client
    name: _Name = None
    role: Role | None = Field(
        default=None,
        description="Gives the scopes of that role.",
        examples=["integrator"],
    )
    scopes: list[ScopeName] = Field(
        default=[],
        max_length=9,
        description="What the key may do besides.",
        examples=[["score", "read"]],
    )
    tenant: _Tenant | None = Field(
        default=None,
        description="Whose accounts, cards and labels it shares; the client's own if null.",
        examples=["shop"],
    )
    tenants: list[_Tenant] = Field(
        default=[],
        max_length=100,
        description="Whose else it may see and report on; `*` is everybody's.",
        examples=[["shop"]],
    )
    expires_at: _Expiry = None


class Rotation(Contract):
    """`POST /v1/keys/{key_id}/rotate`: a second key like it, and an end for the first."""

    overlap_s: Annotated[int, Field(ge=0, le=90 * 86_400)] = Field(
        default=7 * 86_400,
        description="For how many seconds the old key goes on working.",
        examples=[604_800],
    )
    expires_at: _Expiry = None


class KeyQuery(Query):
    """Whose keys, and whether those that ended too."""

    client: str | None = Field(
        default=None,
        max_length=64,
        description="Of this client only.",
        examples=["shop"],
    )
    ended: bool = Field(
        default=False, description="Also keys that ended.", examples=[False]
    )


class KeyView(Contract):
    """A key without the key: that is shown once, when it is made."""

    key_id: str = Field(
        description="By what it is rotated and revoked.", examples=["k-1"]
    )
    client: _Client
    name: _Name
    scopes: list[str] = Field(description="What it may do.", examples=[["score"]])
    tenant: str = Field(description="Whose are its payments.", examples=["shop"])
    tenants: list[str] = Field(
        description="Whose else it may see; `*` is everybody's.", examples=[[]]
    )
    source: Literal["store", "environment"] = Field(
        description="`environment`: from `FRAUD_API_KEYS`, where it is changed.",
        examples=["store"],
    )
    created_at: Instant | None = Field(
        description="When it was made (RFC 3339, UTC).",
        examples=["2026-12-01T00:00:00Z"],
    )
    created_by: str | None = Field(
        description="The client that made it.", examples=["operator"]
    )
    expires_at: _Expiry
    revoked_at: Instant | None = Field(
        description="When it was revoked, or found to be over (RFC 3339, UTC).",
        examples=["2026-12-08T00:00:00Z"],
    )
    last_used_at: Instant | None = Field(
        description="When it was last used, to a minute (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )


class KeyMade(KeyView):
    """A new key: `key` is shown this once and kept only as a keyed hash."""

    key: str = Field(
        repr=False,
        description="What the client sends as `X-API-Key`.",
        examples=["fk_shop_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"],
    )


class KeyList(Contract):
    """All keys, those of a client together."""

    items: list[KeyView] = Field(description="The keys.")
