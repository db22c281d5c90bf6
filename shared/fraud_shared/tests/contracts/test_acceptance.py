"""How a payment was authenticated and how its payer is reached: optional, and additive."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_shared.contracts.contact import Address, mailbox, telephone
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.testing.factories import (
    make_transaction,
    make_transaction_in,
    payment_body,
)

GOLDEN = Path(__file__).parent / "golden" / "payment_with_everything.json"
NEW = (
    "authentication",
    "initiator",
    "wallet",
    "network_token",
    "contact",
    "hints",
    "segment",
    "merchant_group",
    "supersedes",
)


def golden() -> dict[str, Any]:
    return json.loads(GOLDEN.read_text())


class TestGoldenPayment:
    def test_payment_with_every_field_is_accepted(self) -> None:
        payment = TransactionIn.model_validate_json(GOLDEN.read_bytes())
        assert all(getattr(payment, name) is not None for name in NEW)
        assert payment.counterparty is not None
        assert payment.counterparty.first_used_at is not None

    def test_every_field_survives_the_trip(self) -> None:
        body = {k: v for k, v in golden().items() if k != "contact"}
        body["card"] = {"token": "card-1"}
        inside = Transaction.model_validate_json(json.dumps(body))
        assert Transaction.model_validate_json(inside.model_dump_json()) == inside


class TestPaymentWithoutThem:
    def test_is_written_as_before_the_fields_existed(self) -> None:
        written = json.loads(make_transaction(counterparty={}).model_dump_json())
        assert not set(NEW) & written.keys()
        assert "first_used_at" not in written["counterparty"]

    @pytest.mark.parametrize(
        ("kind", "supersedes", "counted"),
        [
            ("card_payment", None, True),
            ("payout", None, True),
            ("login", None, False),
            ("signup", None, False),
            ("transfer", "tx-0", False),
        ],
    )
    def test_what_counts_is_a_payment_of_its_own(
        self, kind: str, supersedes: str | None, counted: bool
    ) -> None:
        payment = make_transaction(kind=kind, supersedes=supersedes)
        assert payment.counted is counted


@pytest.mark.parametrize(
    ("at", "value"),
    [
        ("authentication.three_ds.eci", "5"),
        ("authentication.three_ds.status", "OK"),
        ("authentication.cvc", "123"),
        ("authentication.payee", "MTCH"),
        ("initiator.party", "bank"),
        ("contact.email", "nobody"),
        ("contact.phone", "0301234567"),
        ("contact.billing_address.country", "XX"),
        ("wallet", "purse"),
        ("hints.remote_access", "yes"),
    ],
)
def test_wrong_value_is_refused_by_its_field(at: str, value: Any) -> None:
    body = golden()
    *path, last = at.split(".")
    part = body
    for name in path:
        part = part[name]
    part[last] = value
    with pytest.raises(ValidationError) as refused:
        TransactionIn.model_validate_json(json.dumps(body))
    assert [".".join(map(str, e["loc"])) for e in refused.value.errors()] == [at]
    assert value not in str(refused.value)


class TestMailbox:
    @pytest.mark.parametrize(
        "text",
        [
            "alix.moreau@gmail.com",
            " Alix.Moreau@GMAIL.com ",
            "alixmoreau+shop@googlemail.com",
            "a.l.i.x.moreau@gmail.com",
            "alixmoreau@gmail.com",
        ],
    )
    def test_every_spelling_is_one_mailbox(self, text: str) -> None:
        assert mailbox(text) == "alixmoreau@gmail.com"

    def test_domain_is_ascii_and_points_count_elsewhere(self) -> None:
        assert mailbox("A.B@Bücher.Example") == "a.b@xn--bcher-kva.example"

    @pytest.mark.parametrize("text", ["a", "a@", "@b.example", "a@b", "a b@c.example"])
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="e-mail"):
            mailbox(text)

    @given(st.emails())
    def test_normal_form_is_its_own_normal_form(self, text: str) -> None:
        try:
            once = mailbox(text)
        except ValueError:
            return
        assert mailbox(once) == once


class TestTelephone:
    @pytest.mark.parametrize(
        "text", ["+33 1 23 45 67 89", "0033123456789", "+33(1)23.45.67-89"]
    )
    def test_every_spelling_is_one_number(self, text: str) -> None:
        assert telephone(text) == "+33123456789"


class TestAddress:
    def test_accents_case_and_punctuation_do_not_count(self) -> None:
        one = Address(
            street="12, Rue Cléry", postal_code="75 007", city="Paris", country="FR"
        )
        other = Address(street="12 rue clery", postal_code="75007", country="FR")
        assert one.normal() == other.normal()

    def test_another_number_is_another_address(self) -> None:
        one = Address(street="12 rue Cler", postal_code="75007", country="FR")
        assert one.normal() != one.model_copy(update={"street": "13 rue Cler"}).normal()


def test_contact_does_not_show_in_a_representation() -> None:
    payment = make_transaction_in(contact=golden()["contact"])
    assert "alix" not in repr(payment)
    assert payment_body(kind="login")["kind"] == "login"
