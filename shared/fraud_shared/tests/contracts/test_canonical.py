"""One form for one thing: addresses, account numbers, card numbers, e-mail, instants."""

import ipaddress
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_shared.contracts.canonical import account_text, card_text, ip_text
from fraud_shared.contracts.clearing import ClearRequest
from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.testing.factories import make_transaction_in, payment_body

IBAN = "DE89370400440532013000"
PAN = "4111111111111111"


def with_ip(text: str) -> str | None:
    device = make_transaction_in(device={"ip": text}).device
    return device and device.ip


class TestAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "203.0.113.7",
            "::ffff:203.0.113.7",
            "::FFFF:CB00:7107",
            "0:0:0:0:0:ffff:203.0.113.7",
            "0000:0000:0000:0000:0000:ffff:cb00:7107",
        ],
    )
    def test_ipv4_in_any_spelling_is_one(self, text: str) -> None:
        assert with_ip(text) == "203.0.113.7"

    @pytest.mark.parametrize(
        "text",
        [
            "2001:db8::1",
            "2001:DB8:0:0:0:0:0:1",
            "2001:0db8:0000:0000:0000:0000:0000:0001",
            "2001:db8:0::0:1",
            "2001:db8::0.0.0.1",
        ],
    )
    def test_ipv6_in_any_spelling_is_one(self, text: str) -> None:
        assert with_ip(text) == "2001:db8::1"

    def test_zone_does_not_count(self) -> None:
        assert with_ip("fe80::1%eth0") == with_ip("FE80:0::1%7") == "fe80::1"

    @pytest.mark.parametrize(
        "text",
        [
            "not-an-ip",
            "203.0.113.7:443",
            "[2001:db8::1]",
            " 203.0.113.7",
            "203.0.113.7 ",
            "203.0.113.007",
            "203.0.113",
            "3405803783",
            "0xcb.0.0x71.7",
            "203.0.113.256",
            "2001:db8::1::",
            "",
            "٢٠٣.0.113.7",
        ],
    )
    def test_what_is_no_address_is_refused(self, text: str) -> None:
        with pytest.raises(ValidationError) as caught:
            with_ip(text)
        assert caught.value.errors()[0]["loc"] == ("device", "ip")

    @given(st.ip_addresses())
    def test_every_address_keeps_its_form(self, address: object) -> None:
        once = ip_text(str(address))
        assert ip_text(once) == once

    @given(st.ip_addresses(v=6))
    def test_long_and_short_forms_agree(self, address: ipaddress.IPv6Address) -> None:
        assert ip_text(address.exploded.upper()) == ip_text(str(address))


class TestAccount:
    @pytest.mark.parametrize(
        "text",
        [
            IBAN,
            IBAN.lower(),
            "DE89 3704 0044 0532 0130 00",
            f"IBAN {IBAN}",
            "De89-3704-0044-0532-0130-00",
        ],
    )
    def test_iban_printed_or_electronic_is_one_in_every_message(
        self, text: str
    ) -> None:
        payment = make_transaction_in(
            account_id=text, counterparty={"name": "A", "account": text}
        )
        assert payment.account_id == IBAN
        assert payment.counterparty is not None
        assert payment.counterparty.account == IBAN
        query = {"role": "customer", "name": "A", "account": text}
        assert PartyQuery.model_validate_json(json.dumps(query)).account == IBAN
        clearing = {
            "account": text,
            "entity_id": "e-1",
            "who": "w",
            "why": "y",
            "until": "2026-11-30T12:00:00Z",
        }
        assert ClearRequest.model_validate_json(json.dumps(clearing)).account == IBAN

    @pytest.mark.parametrize(
        "text", ["acc-1", "DE89370400440532013001", "de-12", "AB12"]
    )
    def test_other_reference_is_left(self, text: str) -> None:
        assert make_transaction_in(account_id=text).account_id == text

    def test_email_counts_once_however_its_domain_is_written(self) -> None:
        written = ["Ann.B@EXAMPLE.com", "Ann.B@example.com.", "Ann.B@Example.Com"]
        assert {account_text(text) for text in written} == {"Ann.B@example.com"}
        punycode = {
            account_text(f"a@{d}") for d in ("Bücher.example", "BÜCHER.example")
        }
        assert punycode == {account_text("a@XN--BCHER-KVA.example")}

    @given(st.text(max_size=40))
    def test_form_of_a_form_is_the_same(self, text: str) -> None:
        once = account_text(text)
        assert account_text(once) == once


class TestCardNumber:
    @pytest.mark.parametrize(
        "text",
        [
            PAN,
            f"0{PAN}",
            f"000{PAN}",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111‑1111‑1111‑1111",
            "4111\u00a01111.1111/1111",
            "４１１１１１１１１１１１１１１１",
            "٤١١١١١١١١١١١١١١١",
        ],
    )
    def test_number_in_any_spelling_is_one(self, text: str) -> None:
        body = payment_body(card={"token": None, "bin": None, "last4": None})
        body["card"] = {"pan": text}
        card = TransactionIn.model_validate_json(json.dumps(body)).card
        assert card is not None
        assert card.pan == PAN

    @pytest.mark.parametrize("text", ["4111x1111", "", "4111", PAN + "0000", "a" * 500])
    def test_what_is_no_number_is_refused(self, text: str) -> None:
        body = payment_body()
        body["card"] = {"pan": text}
        with pytest.raises(ValidationError):
            TransactionIn.model_validate_json(json.dumps(body))

    @given(st.text("0123456789 -", max_size=30))
    def test_form_of_a_form_is_the_same(self, text: str) -> None:
        once = card_text(text)
        assert card_text(once) == once


class TestInstant:
    @given(
        st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
        st.integers(-14 * 60, 14 * 60),
    )
    def test_instant_with_any_offset_is_one(self, at: datetime, minutes: int) -> None:
        zone = timezone(timedelta(minutes=minutes))
        utc = at.replace(tzinfo=timezone.utc)  # noqa: UP017
        one, other = (
            make_transaction_in(transaction_id="t", occurred_at=text)
            for text in (utc, utc.astimezone(zone))
        )
        assert one.model_dump_json() == other.model_dump_json()
