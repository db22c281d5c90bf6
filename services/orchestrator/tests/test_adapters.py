"""Messages of payment systems as payments: golden files, exact amounts, clear errors."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_orchestrator.adapters import iso8583, iso20022
from fraud_orchestrator.adapters.fields import MessageInvalid, minor_units
from fraud_shared.contracts.iso import CURRENCY_EXPONENT, CURRENCY_OF_NUMBER
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.testing.factories import NOON

GOLDEN = Path(__file__).parent / "golden"
NUMBER_OF = {code: number for number, code in CURRENCY_OF_NUMBER.items()}
MESSAGES = 2_000


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text())


def pacs(
    text: str | bytes, *, xml: bool = False, channel: str = "online_banking"
) -> Any:
    raw = text if isinstance(text, bytes) else text.encode()
    return iso20022.pacs008(iso20022.read(raw, xml=xml), channel=channel)


def card(elements: dict[str, str]) -> dict[str, Any]:
    return iso8583.payment(elements, now=NOON, token_of=lambda _: "pan-token")


class TestGoldenFiles:
    @pytest.mark.parametrize("style", ["xml", "json"])
    def test_pacs008_is_the_same_in_both_styles(self, style: str) -> None:
        raw = (GOLDEN / f"pacs008.{style}").read_bytes()
        assert pacs(raw, xml=style == "xml") == golden("pacs008.payments.json")

    def test_pain001_takes_payer_and_exponent_from_the_message(self) -> None:
        document = iso20022.read((GOLDEN / "pain001.xml").read_bytes(), xml=True)
        found = iso20022.pain001(document, channel="mobile")
        assert found == golden("pain001.payments.json")

    def test_0100_is_a_card_payment(self) -> None:
        assert card(golden("iso8583.json")) == golden("iso8583.payment.json")

    @pytest.mark.parametrize(
        "name",
        ["pacs008.payments.json", "pain001.payments.json", "iso8583.payment.json"],
    )
    def test_every_payment_is_one_that_the_gateway_takes(self, name: str) -> None:
        found = golden(name)
        for body in found if isinstance(found, list) else [found]:
            TransactionIn.model_validate_json(json.dumps(body))


def written(minor: int, currency: str, random: Random) -> str:
    """An amount as some system writes it: with the decimals of its currency, or fewer."""
    exponent = CURRENCY_EXPONENT[currency]
    text = f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"
    if "." in text and random.random() < 0.5:
        text = text.rstrip("0").rstrip(".")
    return text


class TestAmounts:
    @pytest.mark.parametrize("style", ["xml", "json"])
    def test_two_thousand_transfers_have_none_wrong(self, style: str) -> None:
        random = Random(7)
        currencies = sorted(CURRENCY_EXPONENT)
        message = (GOLDEN / "pacs008.xml").read_text()
        head, _, rest = message.partition('<IntrBkSttlmAmt Ccy="EUR">1250.5')
        document = golden("pacs008.json")
        one = document["Document"]["FIToFICstmrCdtTrf"]["CdtTrfTxInf"][0]
        wrong = []
        for _ in range(MESSAGES // 2):
            currency = random.choice(("JPY", "KWD", "CLF", "EUR", *currencies))
            minor = random.randrange(10 ** random.randrange(1, 14))
            text = written(minor, currency, random)
            if style == "xml":
                (found, _) = pacs(
                    f'{head}<IntrBkSttlmAmt Ccy="{currency}">{text}{rest}', xml=True
                )
            else:
                one["IntrBkSttlmAmt"] = {"Ccy": currency, "Amt": text}
                (found, _) = pacs(json.dumps(document))
            if (found["amount_minor"], found["currency"]) != (minor, currency):
                wrong.append((minor, currency, text))
        assert wrong == []

    def test_two_thousand_card_payments_have_none_wrong(self) -> None:
        random = Random(8)
        elements = golden("iso8583.json")
        wrong = []
        for _ in range(MESSAGES):
            currency = random.choice(sorted(NUMBER_OF))
            minor = random.randrange(10 ** random.randrange(1, 13))
            found = card(elements | {"4": f"{minor:012d}", "49": NUMBER_OF[currency]})
            if (found["amount_minor"], found["currency"]) != (minor, currency):
                wrong.append((minor, currency))
        assert wrong == []

    @given(st.integers(0, 10**13), st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))
    def test_any_amount_comes_back_as_it_was(self, minor: int, currency: str) -> None:
        text = written(minor, currency, Random(minor))
        assert minor_units(text, currency, "Amt") == minor

    @pytest.mark.parametrize(
        ("text", "currency"),
        [
            ("1.005", "EUR"), ("0.5", "JPY"), ("1.0001", "KWD"), ("-1", "EUR"),
            ("NaN", "EUR"), ("1e30", "EUR"), ("", "EUR"), ("1,50", "EUR"),
            ("1", "XXX"), ("100000000000000", "EUR"),
        ],
    )  # fmt: skip
    def test_what_would_be_rounded_or_guessed_is_refused(
        self, text: str, currency: str
    ) -> None:
        with pytest.raises(MessageInvalid):
            minor_units(text, currency, "Amt")


class TestWrongMessages:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            (("GrpHdr", None), "FIToFICstmrCdtTrf.GrpHdr"),
            (("CdtTrfTxInf", None), "FIToFICstmrCdtTrf.CdtTrfTxInf"),
            (("CdtTrfTxInf", [{}]), "FIToFICstmrCdtTrf.CdtTrfTxInf[0].IntrBkSttlmAmt"),
            (("CdtTrfTxInf", ["x"]), "FIToFICstmrCdtTrf.CdtTrfTxInf[0]"),
        ],
    )
    def test_error_names_the_element(self, change: Any, field: str) -> None:
        document = golden("pacs008.json")
        name, value = change
        message = document["Document"]["FIToFICstmrCdtTrf"]
        if value is None:
            del message[name]
        else:
            message[name] = value
        with pytest.raises(MessageInvalid) as refused:
            pacs(json.dumps(document))
        assert refused.value.errors[0][0] == field

    def test_time_without_offset_is_refused(self) -> None:
        text = (GOLDEN / "pacs008.xml").read_text().replace("58+01:00", "58")
        with pytest.raises(MessageInvalid) as refused:
            pacs(text, xml=True)
        assert refused.value.errors[0][1] == "has no offset from UTC"

    @pytest.mark.parametrize(
        "text",
        [
            '<!DOCTYPE d [<!ENTITY e "x">]><Document>&e;</Document>',
            '<!DOCTYPE d SYSTEM "file:///etc/passwd"><Document/>',
            "<Document>",
            "<Other/>",
            "<a>" * 5000,
            f"<Document>{'<a>' * 50}{'</a>' * 50}</Document>",
        ],
        ids=["entity", "external", "open", "other", "bomb", "deep"],
    )
    def test_hostile_xml_is_refused(self, text: str) -> None:
        with pytest.raises(MessageInvalid):
            pacs(text, xml=True)

    @pytest.mark.parametrize(
        ("number", "value"),
        [
            ("mti", "0200"), ("2", "12"), ("3", "990000"), ("4", "12.50"),
            ("7", "1340000000"), ("11", ""), ("49", "000"),
        ],
    )  # fmt: skip
    def test_wrong_element_is_named_by_its_number(
        self, number: str, value: str
    ) -> None:
        with pytest.raises(MessageInvalid) as refused:
            card(golden("iso8583.json") | {number: value})
        assert refused.value.errors[0][0] == number


class TestCardRequests:
    @pytest.mark.parametrize(
        ("change", "kind", "channel"),
        [
            ({"3": "010000"}, "withdrawal", "atm"),
            ({"3": "200000"}, "refund", "pos"),
            ({"22": "810"}, "card_payment", "ecommerce"),
            ({"25": "51", "4": "0"}, "account_verification", "pos"),
        ],
    )
    def test_kind_and_channel_follow_the_elements(
        self, change: dict[str, str], kind: str, channel: str
    ) -> None:
        found = card(golden("iso8583.json") | change)
        assert (found["kind"], found["channel"]) == (kind, channel)

    def test_year_is_the_nearest_to_now(self) -> None:
        elements = golden("iso8583.json") | {"7": "1231235959"}
        now = NOON.replace(year=2026, month=1, day=1, hour=0)
        found = iso8583.payment(elements, now=now, token_of=str)
        assert found["occurred_at"] == "2025-12-31T23:59:59+00:00"

    def test_account_of_the_message_is_taken_before_the_token(self) -> None:
        assert card(golden("iso8583.json") | {"102": "acc-9 "})["account_id"] == "acc-9"


class TestRoutes:
    async def test_pacs008_in_xml_gives_a_result_for_each_transfer(
        self, start: Any
    ) -> None:
        raw = (GOLDEN / "pacs008.xml").read_bytes()
        async with start() as run:
            reply = await run.http.post(
                "/v1/score/pacs008",
                content=raw,
                headers={"content-type": "application/xml"},
            )
        assert reply.status_code == 200, reply.text
        results = reply.json()["results"]
        assert [r["decision"]["transaction_id"] for r in results] == [
            "8a562c67-ca16-48ba-b074-65581be6f001",
            "TX-2",
        ]

    async def test_0100_is_decided_and_its_number_goes_nowhere(
        self, start: Any
    ) -> None:
        elements = golden("iso8583.json") | {"2": "4000000000000002"}
        async with start() as run:
            reply = await run.http.post("/v1/score/iso8583", json=elements)
        assert reply.status_code == 200, reply.text
        seen = b"".join(run.neighbours.raw) + json.dumps(run.neighbours.events).encode()
        assert b"4000000000000002" not in seen + reply.content
        assert reply.json()["decision"] == "APPROVE"

    async def test_card_number_elsewhere_is_refused(self, start: Any) -> None:
        elements = golden("iso8583.json") | {"102": "4000000000000002"}
        async with start() as run:
            reply = await run.http.post("/v1/score/iso8583", json=elements)
        assert reply.status_code == 422
        assert "4000000000000002" not in reply.text

    @pytest.mark.parametrize("media", ["text/plain", "application/x-yaml"])
    async def test_other_media_are_refused(self, start: Any, media: str) -> None:
        async with start() as run:
            reply = await run.http.post(
                "/v1/score/pain001", content=b"x", headers={"content-type": media}
            )
        assert reply.status_code == 415


def test_sent_time_is_near_now() -> None:
    found = card(golden("iso8583.json"))["occurred_at"]
    assert abs(NOON.fromisoformat(found) - NOON) < timedelta(days=1)
