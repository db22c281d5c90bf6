"""One definition: vector, hash, request model, export and docs follow from it."""

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fraud_features.definitions.currency import RATIOS, to_reference
from fraud_features.definitions.expression import ExpressionInvalid
from fraud_features.definitions.feature import Feature
from fraud_features.definitions.registry import (
    CREDIT_CARD,
    PAYMENT_FEATURES,
    FeatureSet,
    request_set,
)
from fraud_features.store.observation import observed
from fraud_features.store.schema import SLOTS
from fraud_features.testing import payment
from fraud_shared.contracts.iso import CURRENCY_EXPONENT

ONLINE = {"velocity", "profile", "risk"}


def feature(name="x", source="transaction", expression="amount"):
    return Feature(name, "float", source, expression, "", "for a test")


class TestVector:
    def test_without_the_online_store_all_of_it_is_unknown(self):
        vector = PAYMENT_FEATURES.vector(payment(0), None)
        values = dict(zip(PAYMENT_FEATURES.features, vector.values, strict=True))
        assert all(v is None for f, v in values.items() if f.source in ONLINE)
        assert (
            values[
                PAYMENT_FEATURES.features[PAYMENT_FEATURES.index["amount_ref_minor"]]
            ]
            == 1000
        )

    def test_a_cold_observation_reads_like_none(self):
        raw = (7,) * len(SLOTS)
        cold = observed(raw, known=False, blocked=(), stand_in=(0, 0))
        assert PAYMENT_FEATURES.vector(payment(0), cold) == PAYMENT_FEATURES.vector(
            payment(0), None
        )

    def test_it_names_its_set(self):
        vector = PAYMENT_FEATURES.vector(payment(0), None)
        assert (vector.feature_set, vector.hash) == ("bank", PAYMENT_FEATURES.hash)
        assert len(vector.values) == len(PAYMENT_FEATURES.names)

    def test_another_sets_vector_is_refused(self):
        with pytest.raises(ValueError, match="another feature set"):
            CREDIT_CARD.named(PAYMENT_FEATURES.vector(payment(0), None))

    @given(
        st.lists(
            st.none() | st.integers(0, 10**15), min_size=len(SLOTS), max_size=len(SLOTS)
        )
    )
    def test_no_integers_make_it_fail_or_infinite(self, raw):
        seen = observed(tuple(raw), known=True, blocked=(), stand_in=(0, 0))
        # Squares that contradict the sum cannot come from a store.
        raw = list(seen.raw)
        raw[SLOTS.index("typical_n")] = 1
        seen = observed(tuple(raw), known=True, blocked=(), stand_in=(0, 0))
        values = PAYMENT_FEATURES.vector(payment(0, lat=1.0, lon=2.0), seen).values
        assert all(v is None or math.isfinite(v) for v in values)

    def test_what_the_caller_computes_is_passed_on(self):
        sent = payment(0, features={"V1": -1.5, "V2": None, "V3": "text"})
        values = CREDIT_CARD.named(CREDIT_CARD.vector(sent, None))
        assert (values["V1"], values["V2"], values["V3"], values["V4"]) == (
            -1.5,
            None,
            None,
            None,
        )


class TestHash:
    def test_it_moves_with_meaning_and_not_with_wording(self):
        base = FeatureSet("s", "1", [feature()])
        reworded = FeatureSet(
            "s", "1", [Feature("x", "float", "transaction", "amount", "", "!")]
        )
        changed = FeatureSet("s", "1", [feature(expression="amount + 1")])
        reordered = FeatureSet("s", "1", [feature("y"), feature("x")])
        ordered = FeatureSet("s", "1", [feature("x"), feature("y")])
        assert base.hash == reworded.hash
        assert base.hash != changed.hash
        assert ordered.hash != reordered.hash


class TestExport:
    def test_the_file_is_complete_and_stable(self):
        content = json.loads(PAYMENT_FEATURES.to_json())
        assert content["hash"] == PAYMENT_FEATURES.hash
        assert [f["name"] for f in content["features"]] == list(PAYMENT_FEATURES.names)
        assert PAYMENT_FEATURES.to_json() == PAYMENT_FEATURES.to_json()

    def test_the_docs_name_every_feature(self):
        table = PAYMENT_FEATURES.docs_table()
        assert all(f"`{name}`" in table for name in PAYMENT_FEATURES.names)


class TestRequestModel:
    def test_missing_is_unknown(self):
        vector = PAYMENT_FEATURES.from_mapping({"account_count_1h": 3})
        assert PAYMENT_FEATURES.named(vector)["account_count_1h"] == 3
        assert PAYMENT_FEATURES.named(vector)["account_count_24h"] is None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("account_count_1h", float("nan")),
            ("account_count_1h", "3"),
            ("no_such", 1.0),
        ],
    )
    def test_an_error_names_the_field(self, name, value):
        with pytest.raises(ValidationError) as caught:
            PAYMENT_FEATURES.from_mapping({name: value})
        assert caught.value.errors()[0]["loc"] == (name,)


class TestExpressions:
    @pytest.mark.parametrize(
        ("source", "expression", "problem"),
        [
            ("transaction", "amonut", "unknown name"),
            ("transaction", "account_n_1h", "needs the online store"),
            ("transaction", "().__class__", "not allowed"),
            ("velocity", "[x for x in (1, 2)]", "not allowed"),
        ],
    )
    def test_a_wrong_one_stops_the_start(self, source, expression, problem):
        with pytest.raises(ExpressionInvalid, match=problem):
            FeatureSet("s", "1", [feature(source=source, expression=expression)])

    def test_a_name_may_not_hide_a_fact(self):
        with pytest.raises(ExpressionInvalid, match="taken"):
            FeatureSet("s", "1", [feature("hour", expression="amount")])

    def test_a_name_twice_is_refused(self):
        with pytest.raises(ValueError, match="twice"):
            request_set("s", "1", ["a", "a"])


class TestCurrency:
    def test_every_currency_has_a_rate(self):
        assert RATIOS.keys() == CURRENCY_EXPONENT.keys()

    def test_minor_units_differ_by_currency(self):
        assert to_reference(12345, "EUR") == 12345
        assert to_reference(16300, "JPY") == 10000
        assert to_reference(392, "BHD") == 100

    @given(st.sampled_from(sorted(RATIOS)), st.integers(0, 10**13))
    def test_it_rounds_to_the_nearest_cent(self, code, amount):
        numerator, denominator = RATIOS[code]
        assert (
            abs(to_reference(amount, code) * denominator - amount * numerator) * 2
            <= denominator
        )


class TestProfileFeatures:
    def values(self, **slots):
        raw = [None] * len(SLOTS)
        for name, value in slots.items():
            raw[SLOTS.index(name)] = value
        seen = observed(tuple(raw), known=True, blocked=(), stand_in=(0, 0))
        when = datetime(2025, 6, 1, 12, tzinfo=UTC)
        sent = payment(0, occurred_at=when, lat=48.8566, lon=2.3522)
        return PAYMENT_FEATURES.named(PAYMENT_FEATURES.vector(sent, seen))

    def test_impossible_travel_has_its_speed(self):
        hour_ago = 1748775600_000000  # 2025-06-01 11:00 UTC
        london = {"last_lat": 51_507_400, "last_lon": -127_800}
        values = self.values(located_t=hour_ago, history_payments=1, **london)
        assert values["km_from_last_payment"] == pytest.approx(343.6, abs=0.5)
        assert values["speed_kmh"] == pytest.approx(values["km_from_last_payment"])

    def test_a_new_account_has_nothing_to_be_unusual_against(self):
        values = self.values(history_payments=0, account_device_known=0, typical_n=0)
        assert values["first_seen_device"] is None
        assert values["amount_zscore"] is None
        assert values["hour_unusualness"] is None

    def test_first_seen_with_history(self):
        values = self.values(
            history_payments=9, account_device_known=0, account_ip_known=1
        )
        assert values["first_seen_device"] == 1
        assert values["first_seen_ip"] == 0

    def test_deviations_from_the_usual(self):
        amounts = [1000, 2000, 3000, 4000, 5000]
        squares = sum(a * a for a in amounts)
        values = self.values(
            typical_n=5, typical_sum=sum(amounts), squares_hi=0, squares_lo=squares
        )
        assert values["amount_zscore"] == pytest.approx(
            (1000 - 3000) / math.sqrt(2_000_000)
        )
        assert values["amount_over_typical"] == pytest.approx(1 / 3)
