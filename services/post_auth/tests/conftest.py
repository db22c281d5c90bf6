"""post_auth on each database, with time and the online store in our hands."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from fraud_features.store.observation import LabelEffect
from fraud_features.store.port import OnlineStoreUnavailable
from fraud_post_auth.app import create_app
from fraud_post_auth.dataset import Features
from fraud_post_auth.service import PostAuthService
from fraud_post_auth.settings import Settings
from fraud_shared.contracts.action import ChallengeResolved
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import (
    CHALLENGE_RESOLVED,
    DECISION_MADE,
    LABEL_REPORTED,
    CloudEvent,
    event_id,
)
from fraud_shared.contracts.label import LabelReported
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client, idle
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.factories import NOON, make_decision_made
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]


class FakeRisk:
    """Keeps each payment's last label effect; `down` makes it unavailable."""

    def __init__(self) -> None:
        self.effects: dict[str, LabelEffect] = {}
        self.down = False

    async def apply_label(self, label: LabelEffect) -> None:
        if self.down:
            raise OnlineStoreUnavailable
        self.effects[label.transaction_id] = label


@dataclass
class World:
    """Everything around the service."""

    url: str
    var_dir: Path
    schema: str
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON + timedelta(400)))
    online: Any = field(default_factory=FakeRisk)

    def _app(self, overrides: dict[str, Any]) -> FastAPI:
        fields: dict[str, Any] = {
            "database_url": self.url,
            "var_dir": self.var_dir,
            "token_key": SecretStr(TEST_TOKEN_KEY),
            # Rounds happen when a test asks for one, never by themselves.
            "export_check_s": 3600.0,
            "project_every_s": 3600.0,
        }
        return create_app(
            Settings(**{**fields, **overrides}),
            clock=self.clock,
            online=self.online,
            features=Features("test", "1", "0" * 64, ("first", "second")),
            schema=self.schema,
        )

    def service(self, **overrides: Any) -> AbstractAsyncContextManager[PostAuthService]:
        """The parts with an open store and nothing in the background."""
        return idle(self._app(overrides))

    def http(self, **overrides: Any) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """The running service; several at once share the database."""
        return client(self._app(overrides))


@pytest.fixture
def world(sql_url: str, sql_schema: str, tmp_path: Path) -> World:
    return World(sql_url, tmp_path, sql_schema)


def make_made(
    number: int, *, verdict: str = "APPROVE", values: Any = (1.0, None), **payment: Any
) -> DecisionMade:
    """Decision `d-<number>` about payment `tx-<number>`."""
    client = payment.pop("client", "shop")
    name = f"d-{number}" if client == "shop" else f"d-{client}-{number}"
    return make_decision_made(
        name,
        f"tx-{number}",
        client=client,
        verdict=verdict,
        values=values,
        **payment,
    )


def event(
    event_type: str, subject: str, data: Any, discriminator: str = ""
) -> CloudEvent:
    return CloudEvent(
        id=event_id(subject, event_type, discriminator),
        source="/fraud/test",
        type=event_type,
        subject=subject,
        time=NOON,
        data=data.model_dump(mode="json"),
    )


@pytest.fixture
def decided() -> Callable[..., CloudEvent]:
    """`fraud.decision.made.v1` of decision number n."""

    def make(number: int, **overrides: Any) -> CloudEvent:
        made = make_made(number, **overrides)
        return event(DECISION_MADE, made.decision.decision_id, made)

    return make


@pytest.fixture
def labelled() -> Callable[..., CloudEvent]:
    """`fraud.label.reported.v1` about payment number n."""

    def make(
        number: int,
        label: str = "fraud",
        source: str = "chargeback",
        *,
        at: datetime = NOON + timedelta(days=3),
        reversal: bool = False,
        tenant: str = "shop",
    ) -> CloudEvent:
        label_id = (
            f"label-{tenant}-{number}-{source}-{label}-{at:%Y%m%d%H%M%S}-{reversal}"
        )
        report = LabelReported.model_validate(
            {
                "transaction_id": f"tx-{number}",
                "label": label,
                "source": source,
                "reported_at": at,
                "reversal": reversal,
                "label_id": label_id,
                "tenant": tenant,
            }
        )
        return event(LABEL_REPORTED, f"tx-{number}", report, label_id)

    return make


@pytest.fixture
def resolved() -> Callable[..., CloudEvent]:
    """`fraud.challenge.resolved.v1` about payment number n."""

    def make(number: int, outcome: str = "passed") -> CloudEvent:
        data = ChallengeResolved.model_validate(
            {
                "challenge_id": f"otp-{number}",
                "decision_id": f"d-{number}",
                "transaction_id": f"tx-{number}",
                "account_id": "acc-1",
                "outcome": outcome,
                "tenant": "shop",
                "resolved_at": NOON + timedelta(minutes=2),
            }
        )
        return event(CHALLENGE_RESOLVED, f"tx-{number}", data, f"otp-{number}")

    return make
