"""What is kept of a decision, and computing it again."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from fraud_shared.testing.factories import payment_body

LABEL = {
    "label": "fraud",
    "source": "chargeback",
    "reported_at": "2026-03-02T11:00:00+00:00",
}


class TestTheRecord:
    async def test_a_decision_is_found_by_both_identifiers(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
            by_id = await run.http.get(f"/v1/decisions/{reply['decision_id']}")
            by_transaction = await run.http.get(
                "/v1/decisions", params={"transaction_id": reply["transaction_id"]}
            )
        (row,) = by_transaction.json()["items"]
        assert row["decision_id"] == by_id.json()["reply"]["decision_id"]
        assert by_id.json()["reply"] == reply

    async def test_an_unknown_decision_is_404(self, start: Any) -> None:
        async with start() as run:
            response = await run.http.get("/v1/decisions/nobody")
        assert response.status_code == 404

    async def test_replay_with_the_same_services_is_the_same(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
            replay = await run.http.get(f"/v1/decisions/{reply['decision_id']}/replay")
        assert replay.json()["same"] is True

    async def test_replay_names_what_changed(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
            run.neighbours.scores["xgboost"] = 0.9
            replay = await run.http.get(f"/v1/decisions/{reply['decision_id']}/replay")
        [difference] = replay.json()["differences"]
        assert difference["what"] == "xgboost.score"
        assert (difference["recorded"], difference["recomputed"]) == (0.01, 0.9)

    async def test_replay_without_an_answer_is_no_difference(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
            del run.transport.responders["xgboost"]
            replay = await run.http.get(f"/v1/decisions/{reply['decision_id']}/replay")
        assert replay.status_code == 503


class TestLabels:
    async def test_one_from_the_future_is_refused_by_name(self, start: Any) -> None:
        async with start() as run:
            ahead = (run.clock.now() + timedelta(days=2)).isoformat()
            label = {**LABEL, "transaction_id": "tx-1", "reported_at": ahead}
            refused = await run.http.post("/v1/labels", json=label)
        assert refused.status_code == 422
        assert [e["field"] for e in refused.json()["errors"]] == ["reported_at"]
        assert ahead not in refused.text

    async def test_a_label_is_kept_and_passed_on(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
            body = {**LABEL, "transaction_id": reply["transaction_id"]}
            accepted = await run.http.post("/v1/labels", json=body)
            stored = await run.http.get(f"/v1/decisions/{reply['decision_id']}")
        assert accepted.json()["status"] == "accepted"
        [label] = stored.json()["labels"]
        assert label["label"] == "fraud"
        types = [event["type"] for event in run.neighbours.events]
        assert types.count("fraud.label.reported.v1") == 1

    async def test_the_same_report_again_changes_nothing(self, start: Any) -> None:
        async with start() as run:
            body = {**LABEL, "transaction_id": "t-9"}
            first = await run.http.post("/v1/labels", json=body)
            second = await run.http.post("/v1/labels", json=body)
        assert first.json()["label_id"] == second.json()["label_id"]
        assert second.json()["status"] == "duplicate"
        assert len(run.neighbours.events) == 1


class TestBatch:
    async def test_each_payment_gets_its_own_answer(self, start: Any) -> None:
        good, bad = payment_body(), payment_body(amount_minor=-5)
        async with start() as run:
            response = await run.http.post(
                "/v1/score/batch", json={"transactions": [good, bad]}
            )
        one, two = response.json()["results"]
        assert one["decision"]["decision"] == "APPROVE"
        assert two["decision"] is None
        assert two["problem"]["errors"][0]["field"] == "amount_minor"

    async def test_more_than_a_thousand_are_refused(self, start: Any) -> None:
        async with start() as run:
            response = await run.http.post(
                "/v1/score/batch", json={"transactions": [{}] * 1001}
            )
        assert response.status_code == 422


class TestNoRecordNoAnswer:
    async def test_a_decision_that_cannot_be_recorded_is_not_given(
        self, start: Any, tmp_path: Path
    ) -> None:
        async with start() as run:
            with sqlite3.connect(tmp_path / "orchestrator.db") as database:
                database.execute("DROP TABLE decisions")
            response = await run.score(payment_body())
        assert response.status_code == 503
        assert response.json()["type"] == "urn:fraud:problem:unavailable"
        assert run.neighbours.executed == []
