import pytest

from fraud_engines.policy.policy import load
from fraud_engines.policy.policy_schema import DocumentError


def refused(body: bytes, old: bytes, new: bytes) -> tuple[tuple[str, str], ...]:
    assert old in body
    with pytest.raises(DocumentError) as caught:
        load(body.replace(old, new, 1))
    return caught.value.problems


class TestAPolicyFileIsRefused:
    @pytest.mark.parametrize(
        ("old", "new", "place"),
        [
            (b"from: 0.20, allow", b"from: 0.001, allow", None),
            (b"from: 0.60, allow", b"from: 0.01, allow", "body"),
            (b"alone: 0.9999", b"alone: 0.9", "anomaly"),
            (b"alone: 0.9999", b"alone: '0.9999'", "anomaly.alone"),
            (b"high: {verdict: CHALLENGE}", b"high: {verdict: APPROVE}", "flags"),
            (b"match: DECLINE", b"match: APPROVE", "screening"),
            (b"stand_in:", b"standin:", "stand_in"),
            (b"use: otp", b"use: sms", "challenges.2.use"),
            (b"risk: xgboost", b"risk: autoencoder", "body"),
            (b"risk: 0.5\n", b"risk: 0.4\n", "confidence"),
            (b"do: [card_block]", b"do: [card_bloc]", "actions.5.do.0"),
            (b"loss_share: 0.95", b"loss_share: .nan", "body"),
            (b"version: 4", b"version: 4\nversion: 5", "body"),
            (b"name: default", b"name: &a default", None),
            (b"when: {}", b"when: {kind: [transfer]}", "body"),
            (b"name: quasi-cash", b"name: large-transfer", "body"),
        ],
    )
    def test_with_the_place_that_is_wrong(self, policy_body, old, new, place):
        if place is None:
            load(policy_body.replace(old, new, 1))
        else:
            assert place in {where for where, _ in refused(policy_body, old, new)}

    @pytest.mark.parametrize("body", [b"", b"[]", b"a: [", b"\xff", b"- *x", b"{}"])
    def test_when_it_is_no_policy_at_all(self, body):
        with pytest.raises(DocumentError):
            load(body)

    def test_without_repeating_what_it_holds(self, policy_body):
        problems = refused(policy_body, b"use: otp", b"use: 4111111111111111")
        assert "4111" not in str(problems)
