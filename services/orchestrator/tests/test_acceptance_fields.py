"""Fields of authentication and contact through the gateway, and what counts as a payment."""

import json
from typing import Any

from fraud_orchestrator.privacy import Privacy
from fraud_shared.testing.factories import make_transaction_in, payment_body

ADDRESS = {"street": "12 rue Cler", "postal_code": "75007", "country": "FR"}
CONTACT = {
    "email": "alix.moreau@example.com",
    "phone": "+33123456789",
    "billing_address": ADDRESS,
    "shipping_address": {**ADDRESS, "street": "12, Rue CLER"},
}
RAW = ("alix.moreau", "+331", "rue Cler", "CLER", "75007")


class TestContact:
    def test_becomes_tokens_and_the_domain(self) -> None:
        payment = make_transaction_in(contact=CONTACT)
        inside = Privacy("k" * 32).inside(payment).contact
        assert inside is not None
        assert inside.email_domain == "example.com"
        assert inside.email is not None
        assert inside.email.startswith("email_")
        assert inside.billing_address == inside.shipping_address

    def test_token_of_another_key_differs(self) -> None:
        payment = make_transaction_in(contact=CONTACT)
        one, other = (Privacy(key * 32).inside(payment).contact for key in "kl")
        assert one is not None
        assert other is not None
        assert one.phone != other.phone

    async def test_is_neither_sent_nor_stored_nor_published(self, start: Any) -> None:
        async with start() as run:
            reply = await run.score(payment_body(contact=CONTACT))
            decision = reply.json()["decision_id"]
            stored = (await run.http.get(f"/v1/decisions/{decision}")).text
        everything = [b"".join(run.neighbours.raw).decode(), stored]
        everything.append(json.dumps(run.neighbours.events))
        assert not [raw for raw in RAW if any(raw in text for text in everything)]
        assert '"email_domain":"example.com"' in stored


class TestLogin:
    async def test_is_decided_and_moves_no_window(self, start: Any) -> None:
        async with start() as run:
            login = payment_body(kind="login", amount_minor=0)
            assert (await run.score(login)).status_code == 200
            assert (await run.score(login)).json()["transaction_id"]
            await run.score(payment_body())
        *_, asked = run.neighbours.asked
        assert asked.history_payments == 0

    async def test_is_read_with_what_is_known_of_the_account(self, start: Any) -> None:
        async with start() as run:
            await run.score(payment_body())
            await run.score(payment_body(kind="login", amount_minor=0))
        *_, asked = run.neighbours.asked
        assert asked.velocity_known
        assert asked.history_payments == 1


class TestAskingAgain:
    async def test_is_recorded_and_counts_once(self, start: Any) -> None:
        first = payment_body()
        again = payment_body(
            supersedes=first["transaction_id"],
            authentication={"three_ds": {"status": "Y", "eci": "05"}},
        )
        async with start() as run:
            await run.score(first)
            reply = await run.score(again)
            await run.score(payment_body())
            stored = await run.http.get(f"/v1/decisions/{reply.json()['decision_id']}")
        assert (
            stored.json()["record"]["transaction"]["supersedes"]
            == (first["transaction_id"])
        )
        _, second, third = run.neighbours.asked
        assert second.history_payments == 0
        assert third.history_payments == 1
