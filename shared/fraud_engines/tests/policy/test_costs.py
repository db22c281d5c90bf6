from fraud_engines.policy.costs import Costs
from fraud_shared.contracts.decision import Verdict

COSTS = Costs(
    loss_share=0.9,
    loss_fee_minor=1000,
    challenge_minor=50,
    challenge_stops=0.9,
    challenge_loses=0.1,
    false_decline_share=0.1,
    false_decline_minor=500,
)


class TestExpectedCosts:
    def test_of_approving_is_the_risk_times_the_loss(self):
        assert COSTS.of(Verdict.APPROVE, 0.1, 10_000) == 0.1 * 10_000

    def test_of_challenging_counts_leaks_and_lost_customers(self):
        expected = 50 + 0.1 * 0.1 * 10_000 + 0.9 * 0.1 * 1_500
        assert abs(COSTS.of(Verdict.CHALLENGE, 0.1, 10_000) - expected) < 1e-6

    def test_of_declining_counts_only_good_payments(self):
        assert COSTS.of(Verdict.DECLINE, 1.0, 10_000) == 0.0
        assert COSTS.of(Verdict.DECLINE, 0.0, 10_000) == 1_500


class TestTheCheapest:
    def test_rises_with_the_amount_at_the_same_risk(self):
        both = (Verdict.APPROVE, Verdict.CHALLENGE)
        assert COSTS.cheapest(both, 0.03, 500) is Verdict.APPROVE
        assert COSTS.cheapest(both, 0.03, 500_000) is Verdict.CHALLENGE

    def test_between_equals_is_the_milder(self):
        free = Costs(
            loss_share=0.0,
            loss_fee_minor=0,
            challenge_minor=0,
            challenge_stops=1.0,
            challenge_loses=0.0,
            false_decline_share=0.0,
            false_decline_minor=0,
        )
        assert free.cheapest(tuple(Verdict), 0.5, 100) is Verdict.APPROVE
