"""Whom screening is asked about, and who has to be named."""

import json
from typing import Any, get_args

import pytest

from fraud_orchestrator.privacy import parties
from fraud_orchestrator.stages.screening import MUST_BE_NAMED
from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.contracts.transaction import Kind, TransactionIn
from fraud_shared.testing.factories import make_screening, payment_body


def asked(**changes: Any) -> dict[str, PartyQuery]:
    body = payment_body(**changes)
    return {one.role: one for one in parties(TransactionIn.model_validate(body))}


def test_only_the_customer_is_known_by_the_account() -> None:
    found = asked(
        account_id="acc-7",
        customer={"name": "Jane Smith"},
        counterparty={"name": "John Doe", "account": "acc-7"},
    )
    assert found["customer"].account == "acc-7"
    assert found["counterparty"].account is None


def test_merchant_name_is_screened() -> None:
    merchant = {"merchant_id": "mer-1", "name": "Zoltarin Krandalov", "country": "RU"}
    found = asked(merchant=merchant)["merchant"]
    assert (found.name, found.country) == ("Zoltarin Krandalov", "RU")


def test_account_alone_is_screened_as_a_number() -> None:
    found = asked(counterparty={"account": "TR330006100519786457841326"})
    assert found["counterparty"].name is None
    assert found["counterparty"].identifiers == ("TR330006100519786457841326",)


def test_name_without_a_letter_names_nobody() -> None:
    found = asked(counterparty={"name": "-- ?"}, merchant={"name": "***"})
    assert "counterparty" not in found
    assert "merchant" not in found


def test_every_kind_of_payment_says_who_must_be_named() -> None:
    assert set(MUST_BE_NAMED) == set(get_args(Kind))
    assert MUST_BE_NAMED["transfer"] == {"counterparty"}


class TestIncomplete:
    @pytest.mark.parametrize(
        "counterparty",
        [
            None,
            {"account": "x-1"},
            {"country": "DE"},
            {"name": "...", "account": "x-1"},
        ],
    )
    async def test_transfer_to_nobody_named_is_never_clear(
        self, start: Any, counterparty: Any
    ) -> None:
        body = payment_body(kind="transfer", counterparty=counterparty)
        async with start() as run:
            await run.score(body)
        [request] = run.neighbours.asked
        assert request.screening.status == "incomplete"
        assert request.screening.detail == "SCREENING_INCOMPLETE"

    async def test_transfer_to_a_named_party_is_clear(self, start: Any) -> None:
        body = payment_body(kind="transfer", counterparty={"name": "Jane Smith"})
        async with start() as run:
            await run.score(body)
        assert run.neighbours.asked[0].screening.status == "clear"

    async def test_card_payment_needs_no_counterparty(self, start: Any) -> None:
        async with start() as run:
            await run.score(payment_body())
        assert run.neighbours.asked[0].screening.status == "clear"

    async def test_hit_of_another_party_stays_a_hit(self, start: Any) -> None:
        body = payment_body(kind="transfer", customer={"name": "Jane Smith"})
        async with start() as run:
            run.neighbours.screening = make_screening(status="match")
            await run.score(body)
        assert run.neighbours.asked[0].screening.status == "match"

    async def test_old_lists_are_said_as_well(self, start: Any) -> None:
        body = payment_body(kind="transfer", customer={"name": "Jane Smith"})
        async with start() as run:
            run.neighbours.screening = make_screening(detail="SANCTIONS_STALE")
            await run.score(body)
        found = run.neighbours.asked[0].screening
        assert (found.status, found.detail) == ("incomplete", "SANCTIONS_STALE")

    async def test_without_the_policy_the_gap_is_named(self, start: Any) -> None:
        async with start() as run:
            del run.transport.responders["decision"]
            reply = (await run.score(payment_body(kind="transfer"))).json()
        assert reply["decision"] == "CHALLENGE"
        assert "SCREENING_INCOMPLETE" in reply["degraded"]


async def test_screening_knows_whose_parties_they_are(start: Any) -> None:
    received: list[Any] = []
    async with start() as run:
        answer = run.transport.responders["sanctions"]

        async def screen(path: str, body: bytes) -> tuple[int, bytes]:
            received.append(json.loads(body))
            reply: tuple[int, bytes] = await answer(path, body)
            return reply

        run.transport.responders["sanctions"] = screen
        body = payment_body(account_id="acc-7", customer={"name": "Jane Smith"})
        assert (await run.score(body)).status_code == 200
    payments = [one["payment"] for one in received if one["payment"]]
    transaction_id = body["transaction_id"]
    assert payments == [{"transaction_id": transaction_id, "account_id": "acc-7"}]
