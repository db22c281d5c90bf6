"""What is refused names its field, and no window has moved."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from fraud_features.store.observation import Observation
from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore
from fraud_shared.testing.factories import NOON, make_transaction, payment_body
from fraud_shared.testing.servers import redis_url

JSON = {"content-type": "application/json"}
FUTURE, ANCIENT = NOON + timedelta(minutes=6), NOON - timedelta(days=8)


def raw(path: str, text: str) -> bytes:
    """A payment of acc-1 with this JSON text at one place."""
    node = body = payment_body()
    *parents, last = path.split(".")
    for parent in parents:
        node[parent] = node = dict(node.get(parent, {}))
    node[last] = "@@"
    return json.dumps(body).replace('"@@"', text).encode()


BAD: list[tuple[str, str, str]] = [
    # where, what, the field that the problem names
    ("occurred_at", f'"{FUTURE.isoformat()}"', "occurred_at"),
    ("occurred_at", f'"{ANCIENT.isoformat()}"', "occurred_at"),
    ("occurred_at", '"yesterday"', "occurred_at"),
    ("currency", '"XYZ"', "currency"),
    ("features", '{"no feature": 1}', "features"),
    ("features.V1", "NaN", "features.V1"),
    ("features.V1", "[1]", "features.V1"),
    ("features.V1", '"much"', "features.V1"),
    ("features", '{"V1": 0.5, "V99": 1.0}', "features.V99"),
    # Computed here from the payment itself; nobody may say it for us.
    ("features", '{"account_count_24h": 0}', "features.account_count_24h"),
    ("amount_minor", "NaN", "amount_minor"),
    ("amount_minor", '"42"', "amount_minor"),
    ("amount_minor", "42.5", "amount_minor"),
    ("account_id", "17", "account_id"),
    ("merchant.terminal_id", "{}", "merchant.terminal_id"),
    ("location.lat", "91", "location.lat"),
    ("card.surprise", "1", "card.surprise"),
]


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[OnlineStore]:
    """Each online store, empty."""
    url = "memory://" if request.param == "memory" else redis_url()
    opened = open_online_store(url, prefix=f"test-{uuid.uuid4().hex}", timeout_ms=2000)
    yield opened
    await opened.reset()
    await opened.close()


async def everything(store: OnlineStore) -> list[Observation]:
    """What a next payment would read, here and now and a week on."""
    return [
        await store.peek(
            make_transaction(
                transaction_id="probe", occurred_at=NOON + timedelta(days=days)
            )
        )
        for days in (0, 7)
    ]


async def problem_of(run: Any, route: str, body: bytes) -> dict[str, Any]:
    """The problem that a route answers a payment with, alone or in a batch."""
    if route == "/v1/score/batch":
        body = b'{"transactions":[' + body + b"]}"
    reply = (await run.http.post(route, content=body, headers=JSON)).json()
    if "results" in reply:
        [result] = reply["results"]
        reply = result["problem"]
    return dict(reply)


class TestBadInput:
    @pytest.mark.parametrize("route", ["/score", "/v1/score/batch"])
    async def test_the_field_is_named_and_nothing_moves(
        self, start: Any, route: str, store: OnlineStore
    ) -> None:
        async with start(online=store) as run:
            await run.score(payment_body())
            before = await everything(store)
            for path, text, field in BAD:
                problem = await problem_of(run, route, raw(path, text))
                assert problem["status"] == 422, path
                named = [error["field"] for error in problem["errors"]]
                assert any(field in name for name in named), path
                assert await everything(store) == before, path

    async def test_a_good_payment_does_move_them(
        self, start: Any, store: OnlineStore
    ) -> None:
        async with start(online=store) as run:
            before = await everything(store)
            await run.score(payment_body())
            assert await everything(store) != before
