"""The action service on each database, with time, store, bus and webhooks in our hands."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from fraud_action.app import create_app
from fraud_action.notifications import DeliveryFailed, Notification, Senders
from fraud_action.service import ActionService
from fraud_action.settings import Settings
from fraud_features.store.port import OnlineStoreUnavailable
from fraud_shared.contracts.action import ActionRequest
from fraud_shared.mesh.tokens import Actor
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client, idle
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.fakes import FakeBus
from fraud_shared.testing.servers import sql_schema, sql_url
from fraud_shared.web.keys import EVERY_TENANT

__all__ = ["sql_schema", "sql_url"]


# Whoever may see everything.
ANNA = Actor("anna", frozenset({"analyst"}), (EVERY_TENANT,), "bank")


class FakeBlocks:
    """Remembers blocks; `down` makes it unavailable, `wipe` forgets everything."""

    def __init__(self) -> None:
        self.until: dict[tuple[str, str], datetime] = {}
        self.down = False

    def wipe(self) -> None:
        self.until.clear()

    async def put_block(self, kind: str, key: str, until: datetime) -> None:
        self._answer()
        self.until[kind, key] = until

    async def drop_block(self, kind: str, key: str) -> None:
        self._answer()
        self.until.pop((kind, key), None)

    def _answer(self) -> None:
        if self.down:
            raise OnlineStoreUnavailable


class FakeSender:
    """Keeps messages; the first `failures` of them fail with `failure`."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.failures = 0
        self.failure = DeliveryFailed("status_503")

    async def send(self, message: Notification) -> None:
        if self.failures:
            self.failures -= 1
            raise self.failure
        self.sent.append(message)


@dataclass
class World:
    """Everything around the service."""

    url: str
    var_dir: Path
    schema: str
    clock: FakeClock = field(default_factory=FakeClock)
    online: FakeBlocks = field(default_factory=FakeBlocks)
    bus: FakeBus = field(default_factory=FakeBus)
    alerts: FakeSender = field(default_factory=FakeSender)
    otp: FakeSender = field(default_factory=FakeSender)
    # Takes the place of the fakes: None opens the senders that the settings name.
    senders: Senders | None = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.senders = {
            ("alert", "webhook"): self.alerts,
            ("otp", "webhook"): self.otp,
        }

    def settings(self, **overrides: Any) -> Settings:
        fields: dict[str, Any] = {
            "database_url": self.url,
            "var_dir": self.var_dir,
            "token_key": SecretStr(TEST_TOKEN_KEY),
            "otp_key": SecretStr("otp-key-of-at-least-32-characters!!"),
            "otp_echo": True,
            # Rounds happen when a test asks for one, never by themselves.
            "sweep_every_s": 3600.0,
            "reconcile_every_s": 3600.0,
        }
        return Settings(**{**fields, **overrides})

    def _app(self, overrides: dict[str, Any]) -> FastAPI:
        return create_app(
            self.settings(**overrides),
            clock=self.clock,
            online=self.online,
            bus=self.bus,
            senders=self.senders,
            schema=self.schema,
        )

    def service(self, **overrides: Any) -> AbstractAsyncContextManager[ActionService]:
        """The parts with an open store and nothing in the background."""
        return idle(self._app(overrides))

    def http(
        self, actor: Actor | None = ANNA, **overrides: Any
    ) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """The running service, asked for `actor`; several at once share the database."""
        return client(self._app(overrides), actor=actor)


@pytest.fixture
def world(sql_url: str, sql_schema: str, tmp_path: Path) -> World:
    return World(sql_url, tmp_path, sql_schema)


@pytest.fixture
def request_for() -> Callable[..., ActionRequest]:
    """An ActionRequest with only the fields that matter."""

    def make(*kinds: str, decision_id: str = "d-1", **overrides: Any) -> ActionRequest:
        fields: dict[str, Any] = {
            "decision_id": decision_id,
            "transaction_id": f"tx-of-{decision_id}",
            "account_id": "acc-1",
            "decision": "CHALLENGE",
            "actions": kinds,
            "amount_minor": 12_300,
            "currency": "EUR",
            "card_token": "card-1",
            "device_id": "dev-1",
            "reason": "risk above band",
        }
        return ActionRequest(**{**fields, **overrides})

    return make


@pytest.fixture
def anna() -> Actor:
    """An analyst who may see every tenant."""
    return ANNA
