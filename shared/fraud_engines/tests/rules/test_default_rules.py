"""Each live rule fires on the fraud it was written for, and not on an ordinary payment."""

from datetime import UTC, datetime

import pytest

from fraud_engines.rules.engine import evaluate
from fraud_shared.testing.factories import make_transaction

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TRANSFER = {"is_transfer": 1, "is_card_payment": 0, "is_ecommerce": 0}
POS = {"is_pos": 1, "is_ecommerce": 0}
PAYEE = {"counterparty": {"account": "acc-2", "country": "FR"}}
FAN_OUT = {
    "account_distinct_counterparties_24h": 4,
    "first_seen_counterparty": 1,
    "account_received_sum_24h": 50_000,
}

CASES = {
    "R-001": ({"account_id": "acc-denied-0001"}, {}),
    "R-002": ({"card": {"token": "card-denied-0001"}}, {}),
    "R-003": ({"device": {"device_id": "dev-denied-0001"}}, {}),
    "R-004": ({"merchant": {"merchant_id": "mer-denied-0001"}}, {}),
    "R-005": ({"counterparty": {"account": "acc-mule-0001"}}, {}),
    "R-006": ({"counterparty": {"country": "KP"}}, {}),
    "R-007": ({"card": {"bin": "99999912"}}, {}),
    "R-010": ({}, {"account_count_5m": 5}),
    "R-011": ({}, {"account_count_1h": 15}),
    "R-012": ({}, {"card_small_amount_count_1h": 10, "card_distinct_merchants_1h": 5}),
    "R-013": ({}, {"card_count_5m": 20}),
    "R-014": ({}, {"card_small_amount_count_1h": 4}),
    "R-015": ({}, {"card_count_5m": 4}),
    "R-016": ({}, {"device_count_1h": 15}),
    "R-017": ({}, {"ip_count_5m": 12}),
    "R-018": ({}, {"ip_distinct_cards_1h": 6}),
    "R-019": (
        {},
        {
            "merchant_small_amount_count_1h": 30,
            "amount_ref_minor": 120,
            "first_seen_merchant": 1,
        },
    ),
    "R-020": ({}, POS | {"speed_kmh": 3_000.0, "km_from_last_payment": 800.0}),
    "R-021": (
        {},
        {"cross_border": 1, "first_seen_country": 1, "amount_over_typical": 4},
    ),
    "R-022": ({"merchant": {"country": "FR"}, "location": {"country": "BR"}}, POS),
    "R-023": ({}, {"account_distinct_countries_24h": 3, "first_seen_country": 1} | POS),
    "R-024": ({}, {"is_magstripe": 1, "cross_border": 1, "amount_over_typical": 3.0}),
    "R-025": ({"counterparty": {"account": "acc-2", "country": "MM"}}, TRANSFER),
    "R-026": (
        PAYEE,
        TRANSFER
        | {
            "counterparty_cross_border": 1,
            "first_seen_counterparty": 1,
            "amount_over_typical": 9.0,
            "amount_ref_minor": 50_000,
        },
    ),
    "R-027": ({"merchant": {"country": "IR"}}, {"cross_border": 1}),
    "R-030": ({}, {"is_emulator": 1, "first_seen_device": 1, "failed_logins_1h": 3}),
    "R-031": ({}, {"is_emulator": 1}),
    "R-032": ({}, {"is_rooted": 1, "first_seen_device": 1}),
    "R-033": (
        {},
        {
            "first_seen_device": 1,
            "amount_over_typical": 5.0,
            "amount_ref_minor": 20_000,
        },
    ),
    "R-034": ({}, {"device_distinct_accounts_24h": 5}),
    "R-035": ({}, {"device_distinct_cards_24h": 5}),
    "R-040": ({}, {"failed_logins_1h": 3, "first_seen_device": 1}),
    "R-041": ({}, {"failed_logins_1h": 5}),
    "R-042": (
        PAYEE,
        TRANSFER
        | {
            "days_since_password_change": 1,
            "amount_ref_minor": 50_000,
            "amount_over_typical": 2.5,
        },
    ),
    "R-043": (
        PAYEE,
        TRANSFER
        | {
            "seconds_since_login": 20,
            "first_seen_counterparty": 1,
            "amount_ref_minor": 100_000,
        },
    ),
    "R-050": (
        {},
        {
            "amount_ref_minor": 1_000_000,
            "amount_over_typical": 6.0,
            "first_seen_merchant": 1,
        },
    ),
    "R-051": (
        {},
        {
            "amount_zscore": 16.0,
            "amount_ref_minor": 30_000,
            "amount_over_max_30d": 1.0,
            "first_seen_merchant": 1,
        },
    ),
    "R-052": (
        {},
        {
            "sum_24h_over_daily_30d": 21.0,
            "account_sum_24h": 100_000,
            "account_count_24h": 4,
        },
    ),
    "R-060": ({}, {"terminal_risk_7d": 0.2, "terminal_delayed_count_7d": 10}),
    "R-061": ({}, {"terminal_risk_30d": 0.15, "terminal_delayed_count_30d": 50}),
    "R-062": ({}, {"merchant_risk_30d": 0.1, "merchant_count_24h": 5}),
    "R-063": ({}, {"amount_over_terminal_mean_7d": 11.0, "terminal_count_7d": 20}),
    "R-064": ({}, {"device_risk_30d": 0.4}),
    "R-065": (PAYEE, {"counterparty_risk_30d": 0.3}),
    "R-070": (
        PAYEE,
        TRANSFER
        | {"counterparty_distinct_accounts_24h": 6, "first_seen_counterparty": 1},
    ),
    "R-071": (
        PAYEE,
        TRANSFER
        | {
            "account_received_sum_24h": 100_000,
            "account_out_over_in_24h": 0.95,
            "account_count_24h": 3,
        },
    ),
    "R-072": (PAYEE, TRANSFER | FAN_OUT),
    "R-073": (
        PAYEE,
        TRANSFER
        | {
            "account_age_seconds": 9e4,
            "amount_ref_minor": 100_000,
            "first_seen_counterparty": 1,
        },
    ),
    "R-080": (
        {},
        {"is_night": 1, "first_seen_merchant": 1, "amount_over_typical": 4.0},
    ),
    "R-081": (
        {"merchant": {"mcc": "7995"}},
        {"first_seen_merchant": 1, "amount_over_typical": 5.0},
    ),
    "R-082": (
        {"merchant": {"mcc": "5732"}},
        {
            "first_seen_merchant": 1,
            "amount_over_typical": 9.0,
            "amount_ref_minor": 30_000,
        },
    ),
    "R-083": ({}, POS | {"is_manual_entry": 1, "amount_over_typical": 4.0}),
    "R-084": (PAYEE, TRANSFER | {"remote_access": 1, "beneficiary_age_seconds": 60.0}),
    "R-085": (PAYEE, TRANSFER | {"payee_mismatch": 1, "first_seen_counterparty": 1}),
    "R-086": (
        PAYEE,
        TRANSFER
        | {
            "call_in_progress": 1,
            "beneficiary_age_seconds": 600.0,
            "amount_ref_minor": 30_000,
        },
    ),
    "R-087": ({}, {"cvc_mismatch": 1, "avs_mismatch": 1}),
    "R-090": ({}, {"hour_unusualness": 0.99, "amount_over_typical": 4.0}),
    "R-091": (
        PAYEE,
        TRANSFER
        | {"is_round_amount": 1, "first_seen_counterparty": 1, "two_factor": 0},
    ),
}


def hit(result):
    return {h.rule.partition("@")[0] for h in (*result.hits, *result.shadow)}


class TestEveryRule:
    def test_that_is_evaluated_has_a_case_here(self, ruleset):
        assert {rule.ref.partition("@")[0] for rule in ruleset.evaluated} == set(CASES)

    @pytest.mark.parametrize("rule", sorted(CASES))
    def test_fires_on_its_fraud(self, ruleset, make_features, rule):
        payment, features = CASES[rule]
        result = evaluate(
            ruleset, make_transaction(**payment), make_features(**features), NOW
        )
        assert rule in hit(result)

    @pytest.mark.parametrize(
        ("rule", "name"),
        [
            (rule, name)
            for rule, (_, features) in sorted(CASES.items())
            for name in features
            if features.get(name) != 0
        ],
    )
    def test_needs_each_feature_of_its_fraud(self, ruleset, make_features, rule, name):
        payment, features = CASES[rule]
        rest = {key: value for key, value in features.items() if key != name}
        result = evaluate(
            ruleset, make_transaction(**payment), make_features(**rest), NOW
        )
        assert rule not in hit(result)

    @pytest.mark.parametrize(
        "rule",
        [
            *(rule for rule, (_, features) in CASES.items() if not features),
            "R-022", "R-025", "R-027", "R-081", "R-082",
        ],
    )  # fmt: skip
    def test_needs_the_payment_of_its_fraud(self, ruleset, make_features, rule):
        features = make_features(**CASES[rule][1])
        assert rule not in hit(evaluate(ruleset, make_transaction(), features, NOW))


class TestOrdinaryPayments:
    @pytest.mark.parametrize(
        ("payment", "features"),
        [
            ({}, {}),
            ({"channel": "pos"}, POS),
            ({**PAYEE, "kind": "transfer"}, TRANSFER),
            ({}, {"is_night": 1}),
            ({}, {"first_seen_device": 1}),
            ({}, {"cross_border": 1, "first_seen_country": 1}),
            ({}, {"amount_ref_minor": 1_500_000, "amount_over_typical": 1.0}),
        ],
    )
    def test_ordinary_payments_are_allowed(
        self, ruleset, make_features, payment, features
    ):
        result = evaluate(
            ruleset, make_transaction(**payment), make_features(**features), NOW
        )
        assert (result.rules_flag, result.hits, result.errors) == ("ALLOW", (), ())

    def test_without_history_device_or_merchant_are_allowed(
        self, ruleset, make_features
    ):
        names = (
            "device_count_1h", "first_seen_device", "first_seen_merchant", "speed_kmh",
            "amount_over_typical", "amount_zscore", "merchant_risk_30d", "is_emulator",
        )  # fmt: skip
        payment = make_transaction(device=None, merchant=None, card=None)
        result = evaluate(
            ruleset, payment, make_features(**dict.fromkeys(names, None)), NOW
        )
        assert (result.rules_flag, result.errors) == ("ALLOW", ())


class TestTrustedParties:
    def test_payroll_may_pay_many(self, ruleset, make_features):
        features = make_features(**TRANSFER, **FAN_OUT)
        payment = make_transaction(account_id="acc-payroll-0001", **PAYEE)
        assert "R-072" not in hit(evaluate(ruleset, payment, features, NOW))

    def test_the_tax_office_is_paid_by_many(self, ruleset, make_features):
        features = make_features(
            **TRANSFER,
            counterparty_distinct_accounts_24h=900,
            first_seen_counterparty=1,
        )
        payment = make_transaction(counterparty={"account": "acc-taxoffice-0001"})
        assert "R-070" not in hit(evaluate(ruleset, payment, features, NOW))
