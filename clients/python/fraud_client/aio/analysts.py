"""What analysts ask: cases, holds, blocks, entities, screening."""

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fraud_client.aio.transport import AsyncTransport
from fraud_client.models import (
    Block,
    Case,
    Entity,
    Hold,
    JsonObject,
    Page,
    RelatedCase,
    ScreeningResult,
)
from fraud_client.paths import path, query, timestamp


class AsyncCases:
    """The queue of cases."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        status: str | None = None,
        assignee: str | None = None,
        sort: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Case]:
        """Cases; `sort="priority"` puts the largest expected loss first."""
        asked = {"status": status, "assignee": assignee, "sort": sort}
        return await self._transport.get(
            Page[Case], "/v1/cases", query({**asked, "limit": limit, "cursor": cursor})
        )

    async def get(self, case_id: str) -> Case:
        """One case."""
        return await self._transport.get(Case, path("/v1/cases/{}", case_id))

    async def assign(self, case_id: str, assignee: str | None) -> Case:
        """Give it to somebody; None takes it back to the queue."""
        return await self._transport.post(
            Case,
            path("/v1/cases/{}/assign", case_id),
            {"assignee": assignee},
            repeatable=True,
        )

    async def note(self, case_id: str, text: str) -> Case:
        """Add a note; the case with everything done about it."""
        return await self._transport.post(
            Case, path("/v1/cases/{}/notes", case_id), {"text": text}
        )

    async def resolve(
        self, case_id: str, outcome: str, note: str | None = None
    ) -> Case:
        """Store a finding; about a payment it becomes its label."""
        return await self._transport.post(
            Case,
            path("/v1/cases/{}/resolve", case_id),
            {"outcome": outcome, "note": note},
            repeatable=True,
        )

    async def resolve_many(
        self, case_ids: Sequence[str], outcome: str, note: str | None = None
    ) -> JsonObject:
        """Resolve a burst with one finding."""
        body = {"case_ids": builtins.list(case_ids), "outcome": outcome, "note": note}
        return await self._transport.post(
            JsonObject, "/v1/cases/resolve", body, repeatable=True
        )

    async def related(self, case_id: str) -> Page[RelatedCase]:
        """Cases that share an account, card, device, counterparty or merchant."""
        return await self._transport.get(
            Page[RelatedCase], path("/v1/cases/{}/related", case_id)
        )

    async def evidence(self, case_id: str) -> JsonObject:
        """What a dispute or a report needs, each figure with its record."""
        return await self._transport.get(
            JsonObject, path("/v1/cases/{}/evidence", case_id)
        )


class AsyncHolds:
    """Payments that are held."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> Page[Hold]:
        """Held payments, newest first."""
        asked = query({"limit": limit, "cursor": cursor})
        return await self._transport.get(Page[Hold], "/v1/holds", asked)

    async def release(self, hold_id: str, reason: str) -> Hold:
        """Let a payment go."""
        return await self._transport.post(
            Hold, path("/v1/holds/{}/release", hold_id), {"reason": reason}
        )


class AsyncBlocks:
    """Blocked cards, accounts, devices."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        entity: str | None = None,
        id: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Block]:
        """Blocks in force, newest first."""
        asked = {"entity": entity, "id": id, "limit": limit, "cursor": cursor}
        return await self._transport.get(Page[Block], "/v1/blocks", query(asked))

    async def add(
        self, entity: str, id: str, reason: str, expires_at: datetime | str
    ) -> Block:
        """Block a card, account or device until a time."""
        body = {
            "entity": entity,
            "id": id,
            "reason": reason,
            "expires_at": timestamp(expires_at),
        }
        return await self._transport.post(Block, "/v1/blocks", body)

    async def extend(
        self, block_id: str, expires_at: datetime | str, reason: str
    ) -> Block:
        """Let a block end later."""
        return await self._transport.post(
            Block,
            path("/v1/blocks/{}/extend", block_id),
            {"expires_at": timestamp(expires_at), "reason": reason},
            repeatable=True,
        )

    async def remove(self, block_id: str, reason: str) -> JsonObject | None:
        """Lift a block."""
        return await self._transport.send(
            JsonObject | None,  # type: ignore[arg-type]
            "DELETE",
            path("/v1/blocks/{}", block_id),
            params={"reason": reason},
            repeatable=True,
        )


class AsyncEntities:
    """Accounts, cards, devices, merchants, counterparties."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def get(self, kind: str, id: str) -> Entity:
        """Payments, habits, links, blocks and lists of one."""
        return await self._transport.get(Entity, path("/v1/entities/{}/{}", kind, id))

    async def profile(self, account_id: str) -> JsonObject:
        """What an account usually does."""
        return await self._transport.get(
            JsonObject, path("/v1/profiles/{}", account_id)
        )


class AsyncScreening:
    """Sanctions screening, and pairs that were cleared."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def screen(self, parties: Sequence[Mapping[str, Any]]) -> ScreeningResult:
        """Screen up to 1,000 parties; nothing is kept."""
        body = {"parties": [dict(party) for party in parties]}
        return await self._transport.post(
            ScreeningResult, "/v1/screen", body, repeatable=True
        )

    async def lists(self) -> JsonObject:
        """The sanctions lists in use, and what was refused at the last load."""
        return await self._transport.get(JsonObject, "/v1/sanctions/lists")

    async def entity(self, entity_id: str) -> JsonObject:
        """One listed entity in full."""
        return await self._transport.get(
            JsonObject, path("/v1/sanctions/entities/{}", entity_id)
        )

    async def cleared(
        self, *, account: str | None = None, entity_id: str | None = None
    ) -> JsonObject:
        """Clearings of an account or an entity, also those that ended."""
        asked = query({"account": account, "entity_id": entity_id})
        return await self._transport.get(JsonObject, "/v1/cleared", asked)

    async def clear(
        self, account: str, entity_id: str, why: str, until: datetime | str
    ) -> JsonObject:
        """Clear a pair until a day; it is void as soon as the listing changes."""
        body = {
            "account": account,
            "entity_id": entity_id,
            "why": why,
            "until": timestamp(until),
        }
        return await self._transport.post(JsonObject, "/v1/cleared", body)

    async def revoke(self, clearing_id: str) -> JsonObject:
        """Take a clearing back; the record of it stays."""
        return await self._transport.post(
            JsonObject,
            path("/v1/cleared/{}/revoke", clearing_id),
            {},
            repeatable=True,
        )
