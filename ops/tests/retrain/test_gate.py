import numpy as np
import pytest

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_ops.retrain.gate import HeldOut, Side, judge, not_worse
from fraud_ops.retrain.money import policy_costs
from fraud_shared.contracts.decision import Verdict

POLICY = load(DEFAULT_POLICY.read_bytes()).document
COUNT = 2500


@pytest.fixture(scope="module")
def held():
    rng = np.random.default_rng(1)
    fraud = rng.random(COUNT) < 0.03
    return HeldOut(
        fraud=fraud,
        weight=np.ones(COUNT),
        account=rng.integers(0, 600, COUNT),
        amount_minor=rng.integers(2_000, 60_000, COUNT),
        segments={
            "channel pos": np.arange(COUNT) % 2 == 0,
            "channel web": np.arange(COUNT) % 2 == 1,
        },
    )


def side(held, strength, seed, *, only=None):
    """Scores that see frauds this well, everywhere or only in some payments."""
    rng = np.random.default_rng(seed)
    sees = strength * (held.fraud if only is None else held.fraud & only)
    raw = 1.0 / (1.0 + np.exp(4.0 - sees - rng.normal(size=COUNT)))
    return Side(raw, raw)


def checks(held, champion, challenger):
    found = judge(held, champion, challenger, POLICY, seed=1, draws=100)
    return {check.name: check for check in found}


class TestQuality:
    def test_much_better_model_passes_every_check(self, held):
        found = checks(held, side(held, 2.0, 2), side(held, 6.0, 3))
        assert [name for name, check in found.items() if not check.holds] == []

    def test_equal_model_is_not_better_beyond_noise(self, held):
        found = checks(held, side(held, 4.0, 2), side(held, 4.0, 3))
        assert not found["better average precision beyond noise"].holds
        assert not found["cheaper beyond noise"].holds
        assert found["no segment is worse"].holds

    def test_model_that_gave_up_one_segment_is_refused_there(self, held):
        web = held.segments["channel web"]
        found = checks(held, side(held, 3.0, 2), side(held, 8.0, 3, only=web))
        check = found["no segment is worse"]
        assert not check.holds
        assert "channel pos" in check.detail
        assert "channel web" not in check.detail

    def test_better_ranks_with_useless_probabilities_are_not_cheaper(self, held):
        good = side(held, 6.0, 3)
        asleep = Side(good.raw, np.zeros(COUNT))
        found = checks(held, side(held, 3.0, 2), asleep)
        assert found["better average precision beyond noise"].holds
        assert not found["cheaper beyond noise"].holds

    def test_few_frauds_judge_nothing(self, held):
        fraud = held.fraud & (np.cumsum(held.fraud) <= 10)
        few = HeldOut(
            fraud, held.weight, held.account, held.amount_minor, held.segments
        )
        found = checks(few, side(few, 2.0, 2), side(few, 6.0, 3))
        assert list(found) == ["enough frauds to judge by"]
        assert not found["enough frauds to judge by"].holds

    def test_one_account_with_most_frauds_is_no_proof(self, held):
        rng = np.random.default_rng(9)
        account = held.account.copy()
        account[held.fraud] = 0
        lonely = HeldOut(
            held.fraud, held.weight, account, held.amount_minor, held.segments
        )
        caught = rng.random(COUNT) < 0.55
        found = checks(lonely, side(held, 3.0, 2), side(held, 4.0, 3, only=caught))
        assert not found["better average precision beyond noise"].holds

    def test_other_models_may_be_equal_but_not_worse(self, held):
        good, bad = side(held, 5.0, 2).raw, side(held, 1.0, 3).raw
        assert not_worse("autoencoder", held, good, good, seed=1).holds
        assert not not_worse("autoencoder", held, good, bad, seed=1).holds


class TestMoney:
    def test_costs_are_those_of_the_policys_cheapest_verdicts(self, held):
        score = np.linspace(0.0, 1.0, COUNT)
        found = policy_costs(POLICY, score, held.amount_minor, held.fraud)
        verdicts = {verdict.severity: verdict for verdict in Verdict}
        for place in range(0, COUNT, 97):
            verdict = verdicts[int(found.severity[place])]
            amount = int(held.amount_minor[place])
            cost = POLICY.costs.of(verdict, float(held.fraud[place]), amount)
            assert found.cost[place] == pytest.approx(cost)

    def test_sure_fraud_is_stopped_and_sure_innocence_is_not(self, held):
        fraud = held.fraud.astype(float)
        knowing = policy_costs(POLICY, fraud, held.amount_minor, held.fraud)
        asleep = policy_costs(POLICY, 0 * fraud, held.amount_minor, held.fraud)
        assert (knowing.severity[held.fraud] > 0).all()
        assert (knowing.severity[~held.fraud] == 0).all()
        assert knowing.cost.sum() < asleep.cost.sum()
