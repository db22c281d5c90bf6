"""Events that a consumer cannot use: kept with bytes and reason until somebody replays them.

Refusing such an event would stop the producer's outbox behind it; dropping it would lose
what it says.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import structlog
from pydantic import ValidationError

from fraud_shared.card_number_fields import in_body, in_document, masked
from fraud_shared.contracts.card_numbers import contains
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.contracts.parked import ParkedDocument, ParkedEvent
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.bus import Envelope, EventHandler
from fraud_shared.state.consumer import EVENTS, MAX_BATCH_BYTES
from fraud_shared.state.database import Database
from fraud_shared.state.event_spans import handling
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.state.telemetry import EVENTS_PARKED
from fraud_shared.state.types import UtcDateTime
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.problems import FraudError, NotFound
from fraud_shared.web.service import HotRoute

log = structlog.get_logger()
# What a producer may have written beside a message, as far as it can be stored.
_NAME = re.compile(r"[\x21-\x7e]{1,128}")
_TRACE = re.compile(r"[0-9a-f-]{1,64}")


class StillUnreadable(FraudError):
    """The event still cannot be used."""

    status = 422
    type = "event-unreadable"
    detail = "Send a corrected CloudEvent as the body, or upgrade this service first."


def parked_table(metadata: sa.MetaData) -> sa.Table:
    """The table of a service's parked events."""
    return sa.Table("parked", metadata, *parked_columns())


def parked_columns() -> list[sa.Column[Any] | sa.Index]:
    """Columns of that table, for the table and for its migration."""
    return [
        sa.Column("parked_id", sa.String(64), primary_key=True),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("event_id", sa.String(128)),
        sa.Column("event_type", sa.String(128)),
        sa.Column("traceparent", sa.String(64)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("parked_at", UtcDateTime, nullable=False),
        sa.Column("replayed_at", UtcDateTime),
        sa.Index("parked_waiting", "replayed_at", "parked_at"),
    ]


class Parking:
    """Keeps events aside. The same bytes park once, however often they are delivered."""

    def __init__(
        self,
        db: Database,
        table: sa.Table,
        clock: Clock,
        *,
        service: str,
        check: Callable[[CloudEvent], object],
    ) -> None:
        """`check` reads an event's data and raises ValueError when it cannot be used."""
        self._db = db
        self._table = table
        self._clock = clock
        self._service = service
        self._check = check

    async def keep(self, event: CloudEvent, reason: str) -> None:
        """Park an event whose envelope could be read."""
        body = event.model_dump_json(exclude_none=True).encode()
        known = {
            "event_id": event.id,
            "event_type": event.type,
            "traceparent": event.traceparent,
        }
        if in_body(body):
            # What is wrong with it must not stay here: only a correction can be replayed.
            body = json.dumps(masked(json.loads(body)), separators=(",", ":")).encode()
            known = masked(known)
        await self._keep(body, reason, **known)

    async def keep_document(self, document: Any) -> None:
        """Park a JSON document that is no CloudEvent."""
        if in_document(document):
            document = masked(document)
        body = json.dumps(document, separators=(",", ":")).encode()
        await self._keep(body, "no_cloud_event")

    async def keep_bytes(self, received: Envelope, reason: str) -> None:
        """Park a message from the broker as it came; card numbers in it are masked."""
        body = _without_card_numbers(received.body)
        event_id, trace = received.event_id, received.traceparent or ""
        await self._keep(
            body,
            reason,
            event_id=event_id if _NAME.fullmatch(event_id) else None,
            event_type=received.type if _NAME.fullmatch(received.type) else None,
            traceparent=trace if _TRACE.fullmatch(trace) else None,
        )

    async def _keep(self, body: bytes, reason: str, **known: str | None) -> None:
        statement = (
            self._db.insert(self._table)
            .values(
                parked_id=hashlib.sha256(body).hexdigest(),
                reason=reason,
                body=body,
                parked_at=self._clock.now(),
                **known,
            )
            .on_conflict_do_nothing(index_elements=["parked_id"])
            .returning(self._table.c.parked_id)
        )
        async with self._db.begin() as conn:
            new = (await conn.execute(statement)).first() is not None
        if new:
            EVENTS_PARKED.labels(self._service).inc()
            log.warning("event_parked", reason=reason, event_id=known.get("event_id"))

    async def page(self, asked: PageQuery) -> Page[ParkedEvent]:
        """What waits for somebody to look at it, oldest first."""
        table = self._table
        keys = (Key(table.c.parked_at), Key(table.c.parked_id))
        query = sa.select(table).where(table.c.replayed_at.is_(None))
        async with self._db.read() as conn:
            rows, cursor = await fetch_page(
                conn, query, keys, asked.limit, asked.cursor
            )
        return Page[ParkedEvent](
            items=[ParkedEvent(**_shown(row)) for row in rows], next_cursor=cursor
        )

    async def show(self, parked_id: str) -> ParkedDocument:
        """One parked event with what it says. Raises NotFound."""
        row = await self._read(parked_id)
        try:
            document = json.loads(row["body"])
        except ValueError:
            document = None
        return ParkedDocument(**_shown(row), document=document)

    async def replay(
        self, parked_id: str, corrected: CloudEvent | None, handler: EventHandler
    ) -> ParkedEvent:
        """Handle a parked event, or its correction, and mark it.

        Raises NotFound, StillUnreadable. A second replay applies nothing twice, because
        the event keeps its id.
        """
        row = await self._read(parked_id)
        try:
            event = corrected or CloudEvent.model_validate_json(row["body"])
            self._check(event)
        except ValueError:
            raise StillUnreadable from None
        await handler([event])
        now = self._clock.now()
        this = self._table.c.parked_id == parked_id
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(self._table).where(this).values(replayed_at=now)
            )
        return ParkedEvent(**_shown({**row, "replayed_at": now}))

    async def _read(self, parked_id: str) -> sa.RowMapping:
        query = sa.select(self._table).where(self._table.c.parked_id == parked_id)
        async with self._db.read() as conn:
            row = (await conn.execute(query)).mappings().first()
        if row is None:
            raise NotFound
        return row


def parking_events_route(parking: Parking, handler: EventHandler) -> HotRoute:
    """`POST /v1/events`: 204 once every event of the batch is durably handled or parked."""

    async def accept(documents: list[dict[str, Any]], _: RequestContext) -> RawResponse:
        """CloudEvents 1.0, JSON batch format. A repeat of an event id changes nothing."""
        events: list[CloudEvent] = []
        for document in documents:
            try:
                events.append(CloudEvent.model_validate(document))
            except ValidationError:
                await parking.keep_document(document)
        with handling(events, "http", EVENTS):
            await handler(events)
        return RawResponse(b"", 204)

    return HotRoute(
        EVENTS,
        request=list[dict[str, Any]],
        response=None,
        handler=accept,
        operation_id="acceptEvents",
        summary="Accept a batch of CloudEvents",
        max_body_bytes=MAX_BATCH_BYTES,
        tags=("events",),
    )


def _without_card_numbers(body: bytes) -> bytes:
    """The same bytes, unless they hold a card number, as JSON or as text."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
        return masked(text).encode() if contains(text) else body
    if not in_document(document):
        return body
    return json.dumps(masked(document), separators=(",", ":")).encode()


def _shown(row: Any) -> dict[str, Any]:
    own = {name: row[name] for name in ParkedEvent.model_fields if name in row}
    return {**own, "size_bytes": len(row["body"])}
