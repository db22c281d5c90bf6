"""What is missing of the evidence is said in one place, in one set of words."""

from typing import Any, get_args

import pytest

from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.degraded import (
    DegradedCode,
    is_whole,
    missing_block,
    missing_codes,
    risk_stand_in,
)
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.signal import RuleHit, RulesResult
from fraud_shared.contracts.transaction import Block, absent_blocks
from fraud_shared.testing.factories import (
    make_model,
    make_rules,
    make_screening,
    make_signal,
    make_transaction,
    missing_signal,
)

CHAMPIONS = ("xgboost", "isolation_forest", "autoencoder")


def request(*missing: str, **overrides: Any) -> DecideRequest:
    """A request with clean evidence but for the models named."""
    signals = tuple(
        missing_signal(name) if name in missing else make_signal(name)
        for name in CHAMPIONS
    )
    fields: dict[str, Any] = {
        "transaction_id": "tx-1",
        "account_id": "acc-1",
        "amount_minor": 1,
        "amount_ref_minor": 1,
        "currency": "EUR",
        "kind": "card_payment",
        "channel": "pos",
        "rules": make_rules(),
        "signals": signals,
        "screening": make_screening(),
        "velocity_known": True,
    }
    return DecideRequest(**{**fields, **overrides})


class TestMissingCodes:
    def test_whole_evidence_has_no_codes(self) -> None:
        assert missing_codes(request()) == ()

    @pytest.mark.parametrize("outcome", ["timed_out", "failed", "skipped"])
    def test_shadow_challenger_that_is_late_is_no_gap(self, outcome: Any) -> None:
        late = missing_signal("lightgbm", outcome)
        signals = (*request().signals, late)
        assert missing_codes(request(signals=signals)) == ()

    def test_challenger_that_was_to_decide_is_a_gap(self) -> None:
        codes = missing_codes(request(risk_model="lightgbm"))
        assert codes == ("MODEL_LIGHTGBM_UNAVAILABLE", "RISK_MODEL_FAILOVER")

    def test_champion_whose_challenger_scored_is_stood_in_for(self) -> None:
        signals = (*request("xgboost").signals, make_signal("lightgbm"))
        asked = request(signals=signals)
        assert risk_stand_in(asked, "xgboost") == "lightgbm"
        codes = missing_codes(asked)
        assert codes == ("MODEL_XGBOOST_UNAVAILABLE", "RISK_MODEL_FAILOVER")

    def test_no_champion_at_all_is_one_code(self) -> None:
        assert missing_codes(request(*CHAMPIONS)) == ("MODELS_UNAVAILABLE",)

    def test_block_that_ended_the_payment_leaves_no_model_missing(self) -> None:
        hit = RuleHit(rule="R-1@1", effect="BLOCK", severity="low", reason="listed")
        rules = make_rules(rules_flag="BLOCK", hits=(hit,))
        skipped = tuple(missing_signal(name, "skipped") for name in CHAMPIONS)
        assert missing_codes(request(rules=rules, signals=skipped)) == ()

    def test_models_of_two_bundles_are_named(self) -> None:
        other = make_model("xgboost").model_copy(update={"bundle": "other"})
        signals = (make_signal("xgboost", model=other), *request().signals[1:])
        codes = missing_codes(request(signals=signals))
        assert codes == ("MODELS_MIXED_BUNDLE",)
        assert is_whole(codes)

    @pytest.mark.parametrize(
        ("rules", "codes", "whole"),
        [
            (RulesResult(outcome="timed_out"), ("RULES_UNAVAILABLE",), False),
            (make_rules(errors=("R-1@1",)), ("RULES_INCOMPLETE",), False),
            (make_rules(failover="same"), ("RULES_FAILOVER",), True),
            (make_rules(failover="differs"), ("RULES_FAILOVER_DIFFERS",), False),
        ],
    )
    def test_rules_say_what_they_lack(
        self, rules: RulesResult, codes: tuple[str, ...], whole: bool
    ) -> None:
        assert missing_codes(request(rules=rules)) == codes
        assert is_whole(codes) is whole

    def test_who_decided_comes_first(self) -> None:
        gone = request(
            "autoencoder",
            velocity_known=False,
            screening=make_screening(status="unavailable"),
        )
        assert missing_codes(gone, blocks=("card",), decided_by="nobody") == (
            "DECISION_UNAVAILABLE",
            "MODEL_AUTOENCODER_UNAVAILABLE",
            "VELOCITY_UNKNOWN",
            "SANCTIONS_UNAVAILABLE",
            "CARD_MISSING",
        )

    def test_every_block_and_every_code_has_a_text(self) -> None:
        for block in get_args(Block):
            assert missing_block(block).text
        for code in (*DegradedCode, *ReasonCode):
            assert code.text
            assert not code.text.endswith(".")
            assert code == code.name

    def test_no_code_is_in_both_lists(self) -> None:
        assert not {*map(str, DegradedCode)} & {*map(str, ReasonCode)}


class TestAbsentBlocks:
    def test_payment_that_brings_all_but_a_counterparty(self) -> None:
        assert absent_blocks(make_transaction()) == ("counterparty",)

    @pytest.mark.parametrize("block", ["device", "location", "session", "customer"])
    def test_empty_block_is_absent(self, block: str) -> None:
        payment = make_transaction()
        empty = type(getattr(payment, block))()
        changed = payment.model_copy(update={block: empty})
        assert block in absent_blocks(changed)

    def test_party_whose_name_was_given_is_there(self) -> None:
        payment = make_transaction(customer=None)
        assert "customer" in absent_blocks(payment)
        assert "customer" not in absent_blocks(payment, {"customer"})
