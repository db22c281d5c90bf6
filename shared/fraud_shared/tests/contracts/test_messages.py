"""Messages: strict, frozen, silent about what they refuse, and the same after a trip."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from fraud_shared.contracts import action, decision, events, label, screening, signal
from fraud_shared.contracts.base import Contract
from fraud_shared.contracts.decision import Verdict
from fraud_shared.contracts.iso import COUNTRIES, CURRENCY_EXPONENT
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.testing.factories import make_transaction
from fraud_shared.testing.hostile import (
    CANARY_NAME,
    CANARY_PAN,
    Hostile,
    canary_body,
    corpus,
)


def contracts() -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = [Contract]
    for model in found:
        found += [m for m in model.__subclasses__() if m not in found]
    return [model for model in found if model.__module__.startswith("fraud_shared")]


def refusal(case: Hostile) -> str:
    try:
        TransactionIn.model_validate_json(case.body)
    except ValidationError as error:
        return str(error)
    return ""


class TestEveryContract:
    @pytest.mark.parametrize("model", contracts(), ids=lambda m: m.__name__)
    def test_is_frozen_strict_closed_and_silent(self, model: type[BaseModel]) -> None:
        wanted = {
            "frozen": True,
            "strict": True,
            "extra": "forbid",
            "allow_inf_nan": False,
            "hide_input_in_errors": True,
        }
        assert wanted.items() <= dict(model.model_config).items()

    @pytest.mark.parametrize("model", contracts(), ids=lambda m: m.__name__)
    def test_bounds_every_text(self, model: type[BaseModel]) -> None:
        """A text from outside has a limit; replies are ours."""
        if model.__module__.rpartition(".")[2] not in ("transaction", "label"):
            return
        for name, schema in model.model_json_schema().get("properties", {}).items():
            for part in [schema, *schema.get("anyOf", [])]:
                if part.get("type") == "string" and "format" not in part:
                    bounded = {"maxLength", "pattern", "enum", "const"} & part.keys()
                    assert bounded, f"{model.__name__}.{name}"


class TestErrors:
    def test_of_the_whole_corpus_hold_no_value(self) -> None:
        # A key nobody knows is named by pydantic; the edge hides it where it must.
        texts = {c.name: refusal(c) for c in corpus() if c.field != "(unprintable)"}
        assert sum(map(bool, texts.values())) > 300
        assert [name for name, text in texts.items() if CANARY_PAN in text] == []
        assert [name for name, text in texts.items() if CANARY_NAME in text] == []

    def test_a_payment_does_not_show_its_pan(self) -> None:
        payment = TransactionIn.model_validate_json(json.dumps(canary_body()))
        assert CANARY_PAN not in repr(payment)
        assert CANARY_PAN not in str(payment)


class TestTransaction:
    def test_inside_the_mesh_has_no_place_for_a_pan(self) -> None:
        with pytest.raises(ValidationError, match="pan"):
            Transaction.model_validate_json(json.dumps(canary_body()))

    def test_redacted_has_no_names_and_is_otherwise_the_same(self) -> None:
        payment = make_transaction(
            customer={"name": CANARY_NAME, "birth_date": "1990-02-03"},
            counterparty={"name": CANARY_NAME, "country": "DE"},
            device={"device_id": "d", "user_agent": CANARY_NAME},
        )
        text = payment.redacted().model_dump_json()
        assert CANARY_NAME not in text
        assert "1990" not in text
        kept = payment.redacted()
        assert kept.counterparty is not None
        assert kept.counterparty.country == "DE"
        assert kept.redacted() == kept

    def test_survives_the_trip(self) -> None:
        payment = make_transaction(customer={"birth_date": "1990-02-03"})
        again = Transaction.model_validate_json(payment.model_dump_json())
        assert again == payment

    @given(
        st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)),  # noqa: DTZ001
        st.integers(-14, 14),
    )
    def test_any_instant_means_the_same_everywhere(
        self, wall: datetime, hours: int
    ) -> None:
        at = wall.replace(tzinfo=timezone(timedelta(hours=hours)))
        found = make_transaction(occurred_at=at).occurred_at
        assert found == at
        assert found.astimezone(UTC) == at

    @given(st.integers())
    def test_amounts_are_bounded_integers(self, amount: int) -> None:
        body = json.dumps(canary_body() | {"amount_minor": amount})
        if 0 <= amount <= 10**13:
            assert TransactionIn.model_validate_json(body).amount_minor == amount
        else:
            with pytest.raises(ValidationError):
                TransactionIn.model_validate_json(body)

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_every_finite_feature_is_kept_to_the_bit(self, value: float) -> None:
        payment = make_transaction(features={"V1": value})
        again = Transaction.model_validate_json(payment.model_dump_json())
        assert again.features["V1"] == value


class TestIdentifiers:
    def test_an_event_keeps_its_id(self) -> None:
        first = events.event_id("tx-1", events.DECISION_MADE)
        assert first == events.event_id("tx-1", events.DECISION_MADE)
        others = {
            events.event_id("tx-2", events.DECISION_MADE),
            events.event_id("tx-1", events.LABEL_REPORTED),
            events.event_id("tx-1", events.DECISION_MADE, "again"),
        }
        assert len(others - {first}) == 3

    def test_an_action_keeps_its_id(self) -> None:
        first = action.action_id("d-1", "alert")
        assert first == action.action_id("d-1", "alert")
        assert first != action.action_id("d-1", "case")
        assert first != action.action_id("d-2", "alert")


class TestWords:
    def test_verdicts_are_ordered_by_severity(self) -> None:
        order = [Verdict.APPROVE, Verdict.CHALLENGE, Verdict.DECLINE]
        assert [verdict.severity for verdict in order] == [0, 1, 2]

    def test_codes_have_their_form(self) -> None:
        assert all(len(code) == 3 and code.isupper() for code in CURRENCY_EXPONENT)
        assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)
        assert set(CURRENCY_EXPONENT.values()) == {0, 2, 3, 4}

    @pytest.mark.parametrize(
        ("code", "digits"),
        [
            ("EUR", 2),
            ("JPY", 0),
            ("KWD", 3),
            ("CLF", 4),
            ("UYW", 4),
            ("XAD", 2),
            ("CHE", 2),
            ("COU", 2),
            ("MXV", 2),
            ("UYI", 0),
            ("XCG", 2),
            ("BGN", 2),
        ],
    )
    def test_currency_has_the_exponent_of_the_register(
        self, code: str, digits: int
    ) -> None:
        assert CURRENCY_EXPONENT[code] == digits

    @pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "DEM", "HRK", "eur"])
    def test_what_is_no_active_currency_has_none(self, code: str) -> None:
        assert code not in CURRENCY_EXPONENT

    @pytest.mark.parametrize(
        ("model", "fields"),
        [
            (label.LabelReport, {"label": "maybe"}),
            (label.LabelReport, {"reported_at": "1772452800"}),
            (screening.PartyQuery, {"birth_date": "631152000"}),
            (signal.Signal, {"score": 1.5}),
            (decision.Reason, {"weight": float("nan")}),
        ],
    )
    def test_what_is_outside_is_refused(
        self, model: type[BaseModel], fields: dict[str, Any]
    ) -> None:
        with pytest.raises(ValidationError) as caught:
            model.model_validate_json(json.dumps(fields))
        named = {error["loc"][0] for error in caught.value.errors()}
        assert set(fields) <= named
