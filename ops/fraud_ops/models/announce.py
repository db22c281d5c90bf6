"""After an order: the broker hears of it, and a running gateway has its scorers look."""

import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fraud_ops.mesh.http import Client
from fraud_scoring.registry.aliases import AliasBook
from fraud_shared.contracts.events import (
    MODEL_PROMOTED,
    CloudEvent,
    ModelPromoted,
    event_id,
)
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.state.bus import Envelope, envelope
from fraud_shared.state.rabbit import RabbitBus

REFRESH_S = 60.0
ADMIN_KEY = "FRAUD_ADMIN_KEY"


def event(book: AliasBook, alias: str, now: datetime) -> CloudEvent:
    """`fraud.model.promoted.v1`; the same order twice has the same id."""
    target = book.target(alias)
    data = ModelPromoted(
        name=book.name, version=target.version, alias=alias, bundle=target.bundle
    )
    return CloudEvent(
        id=event_id(book.name, MODEL_PROMOTED, f"{alias}\n{book.revision}"),
        source="urn:fraud:models",
        type=MODEL_PROMOTED,
        subject=book.name,
        time=now,
        data=data.model_dump(),
    )


async def publish(events: Sequence[CloudEvent], bus: RabbitBus) -> None:
    """Confirmed by the broker, or raises; the bus is closed then."""
    envelopes: list[Envelope] = [envelope(one) for one in events]
    try:
        await bus.publish(envelopes)
    finally:
        await bus.close()


async def refresh(url: str, key: str) -> dict[str, Any] | None:
    """What each scorer did, or None when no gateway answers there. Raises `PermissionError`
    for a key without the admin scope."""
    client = Client(url, key, connections=1)
    try:
        status, body = await client.post(
            "/v1/admin/refresh-models", b"", timeout_s=REFRESH_S
        )
    except DependencyError:
        return None
    finally:
        await client.close()
    if status in (401, 403):
        raise PermissionError(f"the gateway refuses this key: set {ADMIN_KEY}")
    if status != 200:
        return None
    found: dict[str, Any] = json.loads(body)
    return found


def admin_key(otherwise: str) -> str:
    """The key for admin routes; a developer's own mesh has one for everything."""
    return os.environ.get(ADMIN_KEY) or otherwise
