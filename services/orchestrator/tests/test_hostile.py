"""The gateway's door: every hostile body is refused, and the next payment is decided."""

import json
from typing import Any

import pytest

from fraud_shared.testing.factories import payment_body
from fraud_shared.testing.hostile import (
    CANARY_NAME,
    CANARY_PAN,
    Hostile,
    assert_all_refused,
    assert_refused,
    canary_body,
    corpus,
    with_raw,
)

JSON = {"content-type": "application/json"}
PLAIN = json.dumps(canary_body())
PROMISED = [
    Hostile("nan", with_raw("amount_minor", "NaN"), "amount_minor"),
    Hostile("nan_feature", with_raw("features.V1", "NaN"), "features.V1"),
    Hostile("infinity", with_raw("location.lat", "Infinity"), "location.lat"),
    Hostile("lone_surrogate", with_raw("merchant.name", r'"a\ud800"'), "merchant.name"),
    Hostile("unknown_field", with_raw("surprise", "1"), "surprise"),
    Hostile("unknown_inside", with_raw("card.surprise", "1"), "card.surprise"),
    Hostile("negative_amount", with_raw("amount_minor", "-1"), "amount_minor"),
    Hostile("unknown_currency", with_raw("currency", '"XYZ"'), "currency"),
    Hostile(
        "naive_timestamp",
        with_raw("occurred_at", '"2026-03-02T12:00:00"'),
        "occurred_at",
    ),
    # Nothing of it is parsed, so there is no field to name.
    Hostile("70_kb", (PLAIN + " " * (70_000 - len(PLAIN))).encode(), None),
    Hostile("duplicate_key", f'{PLAIN[:-1]}, "currency": "EUR"}}'.encode(), "currency"),
]


class TestWhatIsPromised:
    @pytest.mark.parametrize("case", PROMISED, ids=lambda case: case.name)
    async def test_is_refused_by_name_and_the_mesh_keeps_serving(
        self, start: Any, case: Hostile, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with start() as run:
            capsys.readouterr()
            reply = await run.http.post("/score", content=case.body, headers=JSON)
            logged = capsys.readouterr().out
            media_type = reply.headers["content-type"]
            assert_refused(case, reply.status_code, media_type, reply.content, logged)
            after = await run.score(payment_body())
        assert after.status_code == 200
        assert after.json()["decision"] == "APPROVE"

    async def test_too_large_is_413(self, start: Any) -> None:
        large = next(case for case in PROMISED if case.name == "70_kb")
        async with start() as run:
            reply = await run.http.post("/score", content=large.body, headers=JSON)
        assert reply.status_code == 413


class TestCorpus:
    @pytest.mark.parametrize("path", ["/score", "/ml/predict"])
    async def test_every_body_is_refused_and_reaches_nobody(
        self, start: Any, path: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        async with start() as run:
            capsys.readouterr()
            await assert_all_refused(
                corpus(), run.http, path, lambda: capsys.readouterr().out
            )
            assert run.neighbours.raw == []
            after = await run.score(payment_body())
        assert after.status_code == 200
        seen = b"".join(run.neighbours.raw)
        assert CANARY_PAN.encode() not in seen
        assert CANARY_NAME.encode() not in seen
