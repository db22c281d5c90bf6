"""Problems name the field, never the value; broken JSON is placed if it can be."""

import json
from contextlib import suppress
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fraud_shared.contracts.screening import ScreeningRequest
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.testing.hostile import CANARY_PAN, with_raw
from fraud_shared.web import problems, strict_json
from fraud_shared.web.problems import InvalidInput, MalformedBody


class TestFieldName:
    @pytest.mark.parametrize(
        ("location", "shown"),
        [
            ((), "body"),
            (("merchant", "mcc"), "merchant.mcc"),
            (("signals", 3, "score"), "signals.3.score"),
            ((CANARY_PAN,), "(unprintable)"),
            ((f"card{CANARY_PAN}", "pan"), "(unprintable).pan"),
            (("4-5-3-9-5-7-8-7",), "(unprintable)"),
            (("a b",), "(unprintable)"),
            (("a\n",), "(unprintable)"),
            (("a" * 65,), "(unprintable)"),
            (("",), "(unprintable)"),
        ],
    )
    def test_shows_plain_names_only(
        self, location: tuple[str | int, ...], shown: str
    ) -> None:
        assert problems.field_name(location) == shown

    @given(st.lists(st.text() | st.integers(0, 99)))
    def test_is_always_printable(self, location: list[str | int]) -> None:
        shown = problems.field_name(location)
        assert shown.isascii()
        assert shown.isprintable()


class TestBrokenJson:
    @pytest.mark.parametrize("levels", [150, 450, 900, 990, 5_000])
    def test_deep_nesting_without_the_strict_check_is_no_crash(
        self, levels: int
    ) -> None:
        raw = with_raw("features.V1", "[" * levels + "]" * levels)
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(TransactionIn).validate_json(raw)
        error = problems.from_validation(caught.value, raw)
        assert 400 <= error.status < 500

    def test_at_most_twenty_fields_are_listed(self) -> None:
        raw = json.dumps({f"f{n}": 1 for n in range(50)})
        with pytest.raises(ValidationError) as caught:
            TransactionIn.model_validate_json(raw)
        assert len(problems.from_validation(caught.value).errors) == 20


class TestEchoes:
    """A list whose items are wrong is not said to be short as well."""

    @pytest.mark.parametrize(
        ("parties", "fields"),
        [
            ([{"role": "customer", "name": ""}], ["parties.0.name"]),
            ([{"role": "customer"}, {}], ["parties.0", "parties.1.role"]),
            ([], ["parties"]),
        ],
    )
    def test_each_fault_is_named_once(
        self, parties: list[dict[str, str]], fields: list[str]
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            ScreeningRequest.model_validate_json(json.dumps({"parties": parties}))
        named = [field for field, _ in problems.from_validation(caught.value).errors]
        assert named[: len(fields)] == fields
        assert ("parties" in named) is ("parties" in fields)


class TestStrictJson:
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=20,
        )
    )
    def test_takes_every_well_formed_document(self, document: object) -> None:
        raw = json.dumps(document).encode()
        depth = _depth(document)
        if depth <= strict_json.MAX_DEPTH:
            strict_json.read(raw)
        else:
            with pytest.raises(MalformedBody):
                strict_json.read(raw)

    @pytest.mark.parametrize("levels", [16, 17])
    def test_the_limit_is_sixteen_levels(self, levels: int) -> None:
        raw = b"[" * levels + b"]" * levels
        # Many brackets side by side are not deep.
        strict_json.read(b"[" + b",".join([b"[]"] * 100) + b"]")
        if levels <= 16:
            strict_json.read(raw)
        else:
            with pytest.raises(MalformedBody):
                strict_json.read(raw)

    @given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1))
    def test_finds_every_duplicate(self, fields: dict[str, int]) -> None:
        text = json.dumps(fields)
        again = json.dumps(next(iter(fields)))
        with pytest.raises(MalformedBody):
            strict_json.read(f"{text[:-1]}, {again}: 0}}".encode())

    @given(st.binary())
    def test_bytes_are_taken_or_refused(self, raw: bytes) -> None:
        with suppress(MalformedBody, InvalidInput):
            strict_json.read(raw)


def _depth(value: object) -> int:
    children = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((_depth(child) for child in children), default=0)


class Vector(BaseModel):
    model_config = ConfigDict(extra="forbid")

    transaction: str
    features: dict[str, float]


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: list[str]
    features: list[float]


SEVERAL = TypeAdapter(Vector | Annotated[list[Named], Field(min_length=1)])


class TestSeveralForms:
    """Of a request that may have several forms, only what is wrong with the one that was
    meant is said, in its own words."""

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"transaction": "t", "features": {"a": "x"}}, ["features.a"]),
            ({"transaction": "t"}, ["features"]),
            ([{"names": ["a"], "features": [1], "more": 1}], ["0.more"]),
            ([{"names": ["a"]}, {}], ["0.features", "1.names", "1.features"]),
            ([], ["body"]),
            (3, ["body"]),
        ],
    )
    def test_the_one_that_fits_best(self, body, fields):
        with pytest.raises(ValidationError) as caught:
            SEVERAL.validate_json(json.dumps(body))
        error = problems.from_validation(caught.value, several=True)
        assert [field for field, _ in error.errors] == fields
