"""Card numbers in text: found however written; clocks, ids and zeros are left alone."""

import json
import unicodedata
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_shared import card_number_fields
from fraud_shared.contracts import card_numbers
from fraud_shared.contracts.iban import electronic, is_iban

PAN = "4111111111111111"
ISSUED = {
    "visa": PAN,
    "visa_13": "4222222222222",
    "visa_19": "4000000000000000006",
    "mastercard": "5555555555554444",
    "mastercard_2": "2223003122003222",
    "amex": "378282246310005",
    "diners": "30569309025904",
    "discover": "6011000990139424",
    "jcb": "3530111333300000",
    "unionpay": "6200000000000005",
    "maestro": "6759649826438453",
    "mir": "2200770239097761",
}
SEPARATORS = [
    *" \t\u00a0\u2003\u2009\u202f\u3000",
    *"-\u2010\u2011\u2012\u2013\u2014\u2212\uff0d",
    *"./_,:;|*+=\\'·•",
    *"\u200b\u200c\u200d\u2060\ufeff\u00ad\u20e3",
    " - ",
    " / ",
    ", ",
    "\u200b \u200b",
]
# Dots and colons between other numbers make addresses and times.
MIXED = [text for text in SEPARATORS if text not in (".", ":")]
ZEROS = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.decimal(chr(code), -1) == 0 and code > 0x39
]


def spread(digits: str, separator: str, size: int = 4) -> str:
    return separator.join(digits[i : i + size] for i in range(0, len(digits), size))


class TestCardNumbersFound:
    @pytest.mark.parametrize("number", ISSUED.values(), ids=ISSUED)
    def test_number_of_each_issuer_is_found(self, number: str) -> None:
        assert card_numbers.contains(number)
        assert card_numbers.masked(f"a {number} b") == "a [masked] b"

    @pytest.mark.parametrize("separator", SEPARATORS, ids=ascii)
    def test_number_with_any_separator_is_found(self, separator: str) -> None:
        for size in (1, 2, 3, 4, 8):
            assert card_numbers.contains(spread(PAN, separator, size)), size

    @pytest.mark.parametrize("zero", ZEROS, ids=unicodedata.name)
    def test_number_in_digits_of_any_script_is_found(self, zero: str) -> None:
        written = "".join(chr(ord(zero) + int(digit)) for digit in PAN)
        assert card_numbers.contains(f"card {written} thanks")
        assert written not in card_numbers.masked(f"card {written} thanks")

    @pytest.mark.parametrize(
        "text",
        [
            "④①①①①①①①①①①①①①①①",
            "❹❶❶❶❶❶❶❶❶❶❶❶❶❶❶❶",
            "⁴¹¹¹¹¹¹¹¹¹¹¹¹¹¹¹",
            "㊶⑪⑪⑪⑪⑪⑪⑪",
            "四一一一一一一一一一一一一一一一",
            "4\ufe0f\u20e3" + "1\ufe0f\u20e3" * 15,
        ],
    )
    def test_number_in_signs_for_digits_is_found(self, text: str) -> None:
        assert card_numbers.contains(text)

    @pytest.mark.parametrize(
        "text",
        [
            "ORDER 12 4111111111111111",
            "2024 4111 1111 1111 1111",
            "PAN4111111111111111",
            "tok_4111111111111111",
            "4111111111111111x",
            "x4111111111111111y",
            "0004111111111111111",
            "41111111111111111227",
            "4111111111111111122027",
            "411111111111111127121234",
            "4111 1111 1111 11111227",
            "4111 1111 1111 1111 12/27 123",
            "1227" + PAN,
            "20261130" + PAN,
            PAN + "0" * 16,
            PAN + "5555555555554444",
            "(4111)1111-1111.1111",
            f"+{PAN}",
            f"1. {PAN}",
            f"{PAN}.50",
            f"IBAN DE89370400440532013000 or {PAN}",
            f"{uuid.UUID(int=0)} {PAN}",
        ],
    )
    def test_number_among_other_things_is_found(self, text: str) -> None:
        assert card_numbers.contains(text)
        assert PAN not in card_numbers.masked(text)

    def test_two_numbers_are_both_masked(self) -> None:
        text = f"{PAN} and {ISSUED['amex']}, {spread(ISSUED['jcb'], '-')}"
        assert card_numbers.masked(text) == "[masked] and [masked], [masked]"

    @given(
        st.sampled_from(sorted(ISSUED.values())),
        st.lists(st.sampled_from(["", "", *MIXED]), min_size=19, max_size=19),
        st.sampled_from(["", "ref ", "№", "x", "0", "00", "Zoë "]),
    )
    def test_number_with_mixed_separators_is_found(
        self, number: str, between: list[str], before: str
    ) -> None:
        if len(number) < 15:  # the short ones must be printed as such numbers are
            between = [between[0]] * 19
        text = before + "".join(map("".join, zip(number, between, strict=False)))
        assert card_numbers.contains(text)

    @given(st.text("0123456789 -.", max_size=200))
    def test_masked_text_holds_no_number(self, text: str) -> None:
        once = card_numbers.masked(text)
        assert not card_numbers.contains(once)
        assert card_numbers.masked(once) == once

    def test_digits_without_end_count_as_number(self) -> None:
        assert card_numbers.contains("4 5 2 0 " * 10_000)


class TestOtherNumbers:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Order 1700000000004",
            "0000000000000",
            "0" * 16,
            "4" * 16,
            "8" * 16,
            "1" * 25,
            "4111111111111112",
            "411111******1111",
            "2026-03-02T12:00:00.123456Z",
            "2026-11-30 22:14:38.101234",
            "30.11.2026 14:38:10,123",
            "20261130143810123456",
            "30112026143810",
            "45395787-6362-4148-8600-000000000000",
            "pan_0af7651916cd43dd8448eb211c80319c",
            "0.4539578763621486",
            "-12.4539578763621486",
            "203.0.113.7, 198.51.100.23, 192.0.2.41",
            "+4917612345670",
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "FR14 2004 1010 0505 0001 3M02 606",
            "tx-20261130-143810-000123",
            "INV-2024-4512-00001234",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0.6099.109 Safari/5",
        ],
    )
    def test_text_that_only_looks_like_one_is_left(self, text: str) -> None:
        assert card_numbers.masked(text) == text

    @given(st.floats(1e9, 4e9), st.sampled_from([1, 10**3, 10**6, 10**9]))
    def test_clock_since_1970_is_no_number(self, seconds: float, unit: int) -> None:
        assert not card_numbers.contains(f"Order {int(seconds * unit)}"[:25]) or (
            seconds > 2e9  # from the year 2033 they begin as numbers of cards do
        )

    @given(st.uuids())
    def test_uuid_is_no_number(self, value: uuid.UUID) -> None:
        assert not card_numbers.contains(f"tx-{value}")
        assert not card_numbers.contains(f"ip_{value.hex}") or value.hex.isdigit()

    @given(st.floats(0, 4e9))
    def test_time_in_writing_is_no_number(self, seconds: float) -> None:
        at = datetime.fromtimestamp(seconds, UTC)
        for text in (at.isoformat(), at.isoformat(" "), f"{at:%d.%m.%Y %H:%M:%S}"):
            assert not card_numbers.contains(text)

    @given(st.floats())
    def test_float_in_writing_is_no_number(self, value: float) -> None:
        assert not card_numbers.contains(repr(value)) or abs(value) >= 1000


class TestLuhn:
    @given(st.text("0123456789", min_size=12, max_size=18))
    def test_exactly_one_last_digit_is_right(self, body: str) -> None:
        assert sum(card_numbers.luhn(body + d) for d in "0123456789") == 1


class TestIban:
    @pytest.mark.parametrize(
        "text",
        [
            "DE89 3704 0044 0532 0130 00",
            "de89370400440532013000",
            "IBAN DE89 3704 0044 0532 0130 00",
            "IBAN: DE89-3704-0044-0532-0130-00",
            "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
        ],
    )
    def test_iban_in_any_writing_has_one_electronic_form(self, text: str) -> None:
        assert electronic(text) == "DE89370400440532013000"

    @pytest.mark.parametrize(
        "text",
        [
            "DE89370400440532013001",
            "DE8937040044053201300",
            "ZZ89370400440532013000",
            "acc-1",
            "",
        ],
    )
    def test_what_is_no_iban_has_none(self, text: str) -> None:
        assert electronic(text) is None
        assert not is_iban(text)


TEXTS = st.text(st.sampled_from("0123456789 -.x%é٤⑪"), max_size=24) | st.sampled_from(
    [PAN, PAN[:8], PAN[8:], "4539%2d5787%2d6362%2d1486", 'a"b', "a\\b"]
)


class TestManyTextsAtOnce:
    @given(st.lists(TEXTS, max_size=8))
    def test_suspects_are_those_that_each_by_itself_may_hold_one(
        self, texts: list[str]
    ) -> None:
        alone = [text for text in texts if card_numbers.may_hold(text)]
        assert card_numbers.suspects(texts) == alone

    @given(
        st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS), max_size=4),
        st.booleans(),
    )
    def test_a_body_holds_what_its_parts_hold(
        self, document: dict[str, object], ascii_only: bool
    ) -> None:
        raw = json.dumps(document, ensure_ascii=ascii_only).encode()
        parts = card_number_fields.in_document(document)
        assert card_number_fields.in_body(raw, document) == parts
        assert card_number_fields.in_body(raw) == parts
