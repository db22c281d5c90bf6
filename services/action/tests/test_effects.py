from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from fraud_action.effects import Terms, plan
from fraud_shared.contracts.action import ActionKind, action_id

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TERMS = Terms(timedelta(minutes=5), timedelta(days=3), timedelta(days=7))


class TestPlan:
    def test_each_kind_once_in_the_order_asked_for(self, request_for):
        effects = plan(request_for("case", "alert", "case"), NOW, TERMS)
        assert [effect.kind for effect in effects] == ["case", "alert"]

    def test_id_depends_on_decision_and_kind_only(self, request_for):
        first = plan(request_for("alert", amount_minor=1), NOW, TERMS)
        again = plan(request_for("alert", amount_minor=2), NOW + timedelta(1), TERMS)
        assert first[0].action_id == again[0].action_id == action_id("d-1", "alert")

    @pytest.mark.parametrize("kind", get_args(ActionKind))
    def test_every_kind_of_the_contract_is_planned(self, request_for, kind):
        (effect,) = plan(request_for(kind), NOW, TERMS)
        assert effect.status == "done"
        assert effect.reference is not None

    @pytest.mark.parametrize(
        ("kind", "what"),
        [
            ("card_block", ("card", "card-1")),
            ("account_block", ("account", "acc-1")),
            ("device_block", ("device", "dev-1")),
        ],
    )
    def test_block_names_what_it_blocks(self, request_for, kind, what):
        (effect,) = plan(request_for(kind), NOW, TERMS)
        assert (effect.block_kind, effect.block_key) == what
        assert effect.expires_at == NOW + TERMS.block

    def test_block_of_what_the_payment_did_not_name_fails(self, request_for):
        (effect,) = plan(request_for("card_block", card_token=None), NOW, TERMS)
        assert (effect.status, effect.reference) == ("failed", None)
