"""What authors of rules, model owners and operators ask."""

from datetime import datetime
from typing import Any

from fraud_client.aio.transport import AsyncTransport
from fraud_client.models import (
    CheckReport,
    JsonObject,
    ListEntry,
    Page,
    Promotion,
    Snooze,
    Version,
)
from fraud_client.paths import path, query, timestamp


class AsyncVersioned:
    """Versions of rules or of policies: draft, shadow, in force, retired."""

    def __init__(self, transport: AsyncTransport, prefix: str) -> None:
        self._transport = transport
        self._prefix = prefix

    async def list(
        self, *, limit: int = 100, cursor: str | None = None
    ) -> Page[Version]:
        """Versions, newest first."""
        asked = query({"limit": limit, "cursor": cursor})
        return await self._transport.get(Page[Version], self._prefix, asked)

    async def get(self, version: str) -> Version:
        """One version with its text: by number, or `live`, or `shadow`."""
        return await self._transport.get(Version, path(self._prefix + "/{}", version))

    async def check(self, text: str) -> CheckReport:
        """What is odd about a text that may be stored; nothing is kept. Raises
        InvalidInput, which names what does not type-check."""
        return await self._transport.post(
            CheckReport, f"{self._prefix}/check", {"text": text}, repeatable=True
        )

    async def create(self, text: str, why: str) -> Version:
        """A new draft."""
        return await self._transport.post(
            Version, self._prefix, {"text": text, "why": why}
        )

    async def shadow(self, version: str, why: str) -> Version:
        """Let a draft run beside what is in force, without effect."""
        return await self._transport.post(
            Version,
            path(self._prefix + "/{}/shadow", version),
            {"why": why},
            repeatable=True,
        )

    async def promote(self, version: str, why: str) -> Promotion:
        """Ask for a promotion; by a second person, carry it out."""
        return await self._transport.post(
            Promotion, path(self._prefix + "/{}/promote", version), {"why": why}
        )

    async def rollback(self, to: str, why: str) -> JsonObject:
        """Put an earlier version in force again."""
        return await self._transport.post(
            JsonObject,
            f"{self._prefix}/rollback",
            {"to": int(to) if to.isdecimal() else to, "why": why},
        )

    async def diff(self, older: str, newer: str) -> JsonObject:
        """What differs between two versions."""
        return await self._transport.get(
            JsonObject, path(self._prefix + "/{}/diff/{}", older, newer)
        )

    async def history(self) -> Page[JsonObject]:
        """Who did what, when and why, newest first."""
        return await self._transport.get(Page[JsonObject], f"{self._prefix}/history")

    async def metrics(self) -> JsonObject:
        """Hits, errors and time per rule, shadows beside them; of rulesets only."""
        return await self._transport.get(JsonObject, f"{self._prefix}/metrics")


class AsyncLists:
    """Deny, allow and watch lists."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> JsonObject:
        """The lists there are."""
        return await self._transport.get(JsonObject, "/v1/lists")

    async def entries(
        self, name: str, *, limit: int = 100, cursor: str | None = None
    ) -> Page[ListEntry]:
        """Entries of one list, newest first."""
        asked = query({"limit": limit, "cursor": cursor})
        return await self._transport.get(
            Page[ListEntry], path("/v1/lists/{}/entries", name), asked
        )

    async def add(
        self,
        name: str,
        kind: str,
        value: str,
        reason: str,
        *,
        expires_at: datetime | str | None = None,
    ) -> JsonObject:
        """Add an entry; without `expires_at` it stays."""
        body = {
            "kind": kind,
            "value": value,
            "reason": reason,
            "expires_at": timestamp(expires_at),
        }
        return await self._transport.post(
            JsonObject, path("/v1/lists/{}/entries", name), body
        )

    async def remove(
        self, name: str, entry_id: str, *, reason: str | None = None
    ) -> JsonObject | None:
        """Take an entry off; the record of it stays."""
        return await self._transport.send(
            JsonObject | None,  # type: ignore[arg-type]
            "DELETE",
            path("/v1/lists/{}/entries/{}", name, entry_id),
            params=query({"reason": reason}),
            repeatable=True,
        )


class AsyncSnoozes:
    """Rules that are silent for a value, until a time."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(
        self, *, limit: int = 100, cursor: str | None = None
    ) -> Page[Snooze]:
        """Snoozes in force."""
        asked = query({"limit": limit, "cursor": cursor})
        return await self._transport.get(Page[Snooze], "/v1/snoozes", asked)

    async def add(
        self, rule: str, kind: str, value: str, reason: str, expires_at: datetime | str
    ) -> JsonObject:
        """Silence a rule for a value."""
        body = {
            "rule": rule,
            "kind": kind,
            "value": value,
            "reason": reason,
            "expires_at": timestamp(expires_at),
        }
        return await self._transport.post(JsonObject, "/v1/snoozes", body)

    async def remove(
        self, snooze_id: str, *, reason: str | None = None
    ) -> JsonObject | None:
        """Let the rule speak again; the record of it stays."""
        return await self._transport.send(
            JsonObject | None,  # type: ignore[arg-type]
            "DELETE",
            path("/v1/snoozes/{}", snooze_id),
            params=query({"reason": reason}),
            repeatable=True,
        )


class AsyncModels:
    """Bundles, their cards, and which of them serve."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self) -> JsonObject:
        """Models by alias, with champion and challenger."""
        return await self._transport.get(JsonObject, "/v1/models")

    async def retrainings(
        self, *, limit: int = 100, cursor: str | None = None
    ) -> Page[JsonObject]:
        """Retraining runs, newest first: what was judged, and what became of it."""
        asked = query({"limit": limit, "cursor": cursor})
        return await self._transport.get(Page[JsonObject], "/v1/retrainings", asked)

    async def info(self, model: str) -> JsonObject:
        """Training date, features, metrics and versions of the model that serves."""
        return await self._transport.get(JsonObject, "/v1/model-info", {"model": model})

    async def card(self, name: str, version: str) -> JsonObject:
        """A model's card."""
        return await self._transport.get(
            JsonObject, path("/v1/models/{}/{}/card", name, version)
        )


class AsyncOperations:
    """Probes, versions, parked events, audit."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def ready(self) -> JsonObject:
        """`/readyz` with every part; also when the gateway is not ready."""
        return await self._transport.get(JsonObject, "/readyz", {"verbose": "true"})

    async def version(self) -> JsonObject:
        """The gateway's version and every model that serves."""
        return await self._transport.get(JsonObject, "/v1/version")

    async def parked(
        self, *, limit: int = 100, cursor: str | None = None
    ) -> Page[JsonObject]:
        """Events that could not be used."""
        asked = query({"limit": limit, "cursor": cursor})
        return await self._transport.get(Page[JsonObject], "/v1/parked", asked)

    async def replay_parked(self, parked_id: str) -> JsonObject:
        """Handle a parked event again."""
        return await self._transport.post(
            JsonObject, path("/v1/parked/{}/replay", parked_id)
        )

    async def audit(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[JsonObject]:
        """The audit trail."""
        asked: dict[str, Any] = {"from": timestamp(since), "to": timestamp(until)}
        return await self._transport.get(
            Page[JsonObject],
            "/v1/audit",
            query({**asked, "limit": limit, "cursor": cursor}),
        )
