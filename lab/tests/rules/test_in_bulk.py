"""Rules over columns say what the online engine says of each payment."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_engines.rules import engine
from fraud_engines.rules.fields import PAYMENT_FIELDS, flat
from fraud_engines.testing import ORDINARY, make_features
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.agreement import (
    said,
    said_in_bulk,
    said_online,
    vector,
    with_gaps,
)
from fraud_lab.rules.in_bulk import RulesetColumns
from fraud_shared.testing.factories import make_transaction

NOW = datetime(2026, 3, 1, tzinfo=UTC)
INTS = ("account_count_5m", "amount_ref_minor")
DOUBLES = ("speed_kmh", "amount_over_typical")
BOOLS = ("is_pos", "first_seen_device")
TEXTS = ("merchant_country", "location_country", "channel")
FIELDS = (*INTS, *DOUBLES, *BOOLS)
EDGES = (0, 1, -1, 3, 2**53, -(2**63) + 1024, 2**63 - 1024)


class TestSimulatedPayments:
    def test_shipped_rules_agree_with_the_engine(self, shipped, config, simulated):
        frame = with_gaps(simulated, 1)
        ours = list(said_in_bulk(RulesetColumns(shipped), frame))
        theirs = list(said_online(shipped, config, frame))
        assert len(ours) == len(theirs) > 1_500
        assert ours == [said for _, said in theirs]
        assert sum(bool(hits) for hits, _, _ in ours) > 20
        assert sum(bool(errors) for _, _, errors in ours) > 20


def _both(ruleset, rows, now=NOW):
    """Online and in bulk, of payments with these features and texts."""
    theirs, rows_of = [], []
    for row in rows:
        texts = {n: row.pop(n, None) for n in TEXTS}
        payment = make_transaction(
            channel=texts["channel"] or "pos",
            merchant={"merchant_id": "m-1", "country": texts["merchant_country"]},
            location={"country": texts["location_country"]},
        )
        features = make_features(**row)
        theirs.append(said(engine.evaluate(ruleset, payment, features, now)))
        rows_of.append(
            engine_fields(payment)
            | dict(zip(PAYMENT_FEATURES.names, features.values, strict=True))
        )
    names = PAYMENT_FEATURES.names
    kinds = {"int": pl.Int64, "timestamp": pl.Datetime("us", "UTC")}
    schema = {
        n: pl.Float64 if n in names else kinds.get(PAYMENT_FIELDS[n], pl.String)
        for n in rows_of[0]
    }
    frame = pl.DataFrame(rows_of, schema=schema)
    applied = RulesetColumns(ruleset).apply(frame, now)
    ours = list(said_in_bulk(_Fixed(applied), frame))
    return ours, theirs, applied


class _Fixed:
    def __init__(self, applied):
        self._applied = applied

    def apply(self, _):
        return self._applied


def engine_fields(payment):
    return flat(payment)


class TestWhatIsMissing:
    def test_lost_feature_is_an_error_and_absent_one_is_not(self, write_rules):
        rules = write_rules("account_count_5m > 3", "speed_kmh > 3.0")
        lost = {"account_count_24h": None, "account_count_5m": None, "speed_kmh": None}
        ours, theirs, _ = _both(rules, [lost, {"account_count_5m": None}])
        assert ours == theirs
        assert ours[0][2] == {"R-001@1", "R-002@1"}
        assert not ours[1][2]

    def test_false_side_settles_a_lost_one(self, write_rules):
        rules = write_rules("speed_kmh > 3.0 && is_pos")
        ours, theirs, _ = _both(
            rules, [{"account_count_24h": None, "speed_kmh": None, "is_pos": 0.0}]
        )
        assert ours == theirs == [(frozenset(), frozenset(), frozenset())]

    def test_overflow_of_an_integer_is_an_error(self, write_rules):
        rules = write_rules("amount_ref_minor * 4611686018427387904 > 0")
        ours, theirs, applied = _both(rules, [{"amount_ref_minor": 4.0}])
        assert ours == theirs
        assert ours[0][2] == {"R-001@1"}
        assert not applied.asked_singly


class TestSnooze:
    @pytest.mark.parametrize("hours", [-1, 0, 1])
    def test_snoozed_rule_acts_from_its_end_on(self, write_rules, hours):
        until = (NOW + timedelta(hours=hours)).isoformat()
        rules = write_rules({"when": "is_pos", "snoozed_until": until})
        ours, theirs, _ = _both(rules, [{"is_pos": 1.0}])
        assert ours == theirs
        assert bool(ours[0][0]) == (hours <= 0)


class TestSpecialForms:
    @pytest.mark.parametrize(
        "when",
        [
            "merchant_country.matches('D.')",
            "[1, 2].exists(x, x == account_count_5m)",
            "size(channel) > 5",
            "account_count_5m % 2 == 1",
        ],
    )
    def test_what_has_no_columns_is_asked_of_the_engine(self, write_rules, when):
        rows = [
            {"account_count_5m": float(n), "merchant_country": c, "channel": "mobile"}
            for n in range(4)
            for c in ("DE", "FR", None)
        ]
        ours, theirs, applied = _both(write_rules(when), rows)
        assert ours == theirs
        assert applied.asked_singly

    def test_lists_and_text_order_agree(self, write_rules):
        rules = write_rules(
            "in_watched(merchant_country)",
            "merchant_country < location_country",
            "merchant_country in ['DE', 'KP']",
            lists={"watched": ["kp", "Germany"]},
        )
        countries = ("DE", "KP", "US", None)
        rows = [
            {"merchant_country": a, "location_country": b}
            for a in countries
            for b in countries
        ]
        ours, theirs, applied = _both(rules, rows)
        assert ours == theirs
        assert not applied.asked_singly
        assert len({hits for hits, _, _ in ours}) == 3


def _numbers(names, literals, signs):
    leaves = st.sampled_from(names) | literals.map(repr)
    return st.recursive(
        leaves,
        lambda x: st.tuples(x, st.sampled_from(signs), x).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        max_leaves=3,
    )


_ints = _numbers(INTS, st.sampled_from(EDGES), ("+", "-", "*", "/", "%"))
_doubles = _numbers(
    DOUBLES, st.sampled_from((0.0, 1.5, -2.0, 1e300)), ("+", "-", "*", "/")
)
_texts = st.sampled_from((*TEXTS, "'DE'", "'pos'"))
_sign = st.sampled_from(("<", "<=", ">", ">=", "==", "!="))


def _compared(of):
    return st.tuples(of, _sign, of).map(lambda t: f"({t[0]} {t[1]} {t[2]})")


_atoms = st.one_of(
    st.sampled_from((*BOOLS, "true", "in_watched(merchant_country)")),
    _compared(_ints),
    _compared(_doubles),
    _compared(_texts),
    _ints.map(lambda x: f"(double({x}) > speed_kmh)"),
    _ints.map(lambda x: f"({x} in [1, account_count_5m])"),
)
_expressions = st.recursive(
    _atoms,
    lambda x: st.one_of(
        st.tuples(x, st.sampled_from(("&&", "||", "==")), x).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        x.map(lambda e: f"!{e}"),
        st.tuples(x, x, x).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        st.tuples(x, _ints, _ints).map(lambda t: f"(({t[0]} ? {t[1]} : {t[2]}) > 1)"),
    ),
    max_leaves=5,
)
_number = st.none() | st.sampled_from([float(n) for n in EDGES])
_row = st.fixed_dictionaries(
    {
        **dict.fromkeys(INTS, st.none() | st.sampled_from([0.0, 1.0, 3.0, 2.0**53])),
        **dict.fromkeys(DOUBLES, st.none() | st.sampled_from([0.0, 1.5, -2.0, 1e300])),
        **dict.fromkeys(BOOLS, st.sampled_from([None, 0.0, 1.0])),
        "account_count_24h": st.sampled_from([None, 1.0]),
        "merchant_country": st.sampled_from([None, "DE", "KP"]),
        "location_country": st.sampled_from([None, "DE", "FR"]),
        "channel": st.sampled_from(["pos", "mobile"]),
    }
)


class TestGeneratedExpressions:
    @settings(deadline=None)
    @given(
        when=st.lists(_expressions, min_size=1, max_size=3),
        rows=st.lists(_row, min_size=1, max_size=6),
    )
    def test_any_expression_agrees_with_the_engine(self, write_rules, when, rows):
        rules = write_rules(*when, lists={"watched": ["KP"]})
        ours, theirs, _ = _both(rules, [dict(row) for row in rows])
        assert ours == theirs


def test_vector_names_the_feature_set():
    assert vector(tuple(ORDINARY[n] for n in PAYMENT_FEATURES.names)) == make_features()
