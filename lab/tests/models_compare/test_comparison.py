"""Differences and how sure they are."""

import numpy as np
import pytest

from fraud_lab.models_compare.cases import Case, Cases
from fraud_lab.models_compare.comparison import (
    NothingToCompare,
    agreement,
    compare,
)
from fraud_lab.models_compare.plot import draw


def made(challenger_noise: float, seed: int = 0) -> Cases:
    """A month of payments; both sides see a signal, the challenger through more noise."""
    rng = np.random.default_rng(seed)
    cases = Cases()
    for number in range(3000):
        fraud = bool(rng.random() < 0.03)
        signal = rng.normal(2.0 if fraud else 0.0)
        raw = (signal + rng.normal() * 0.3, signal + rng.normal() * challenger_noise)
        score = tuple(float(1 / (1 + np.exp(4 - 2 * r))) for r in raw)
        verdict = tuple(int(s > 0.5) for s in score)
        cost = tuple(1000.0 if fraud and not v else 20.0 * v for v in verdict)
        account = f"acc-{number % 900}"
        cases.rows.append(
            Case(account, account, number % 30, fraud, 1000, raw, score, verdict, cost)
        )
    return cases


@pytest.fixture(scope="module")
def worse():
    return compare(made(challenger_noise=2.0), seed=1, draws=200, most=10)


class TestDifferences:
    def test_a_worse_challenger_is_found_worse_beyond_doubt(self, worse):
        precision, cards, money = worse
        assert precision.difference < -0.1
        assert precision.to_dict()["difference_interval"][1] < 0
        assert precision.challenger_better < 0.01
        assert cards.difference < 0
        assert money.difference > 0
        assert money.challenger_better < 0.1

    def test_two_of_the_same_do_not_differ(self):
        cases = made(challenger_noise=0.3)
        for figure in compare(cases, seed=1, draws=200):
            low, high = figure.to_dict()["difference_interval"]
            assert low <= 0 <= high

    def test_the_same_seed_gives_the_same_intervals(self, worse):
        again = compare(made(challenger_noise=2.0), seed=1, draws=200, most=10)
        assert [f.to_dict() for f in again] == [f.to_dict() for f in worse]

    def test_the_interval_covers_the_truth_as_often_as_it_says(self):
        """Average precision of many samples, each with its own interval."""
        truth = np.mean(
            [
                compare(made(0.3, s), seed=0, draws=1)[0].value[0]
                for s in range(100, 125)
            ]
        )
        inside = 0
        for sample in range(25):
            figure = compare(made(0.3, sample), seed=sample, draws=60)[0]
            low, high = figure.to_dict()["champion_interval"]
            inside += low <= truth <= high
        # 95 % of 25 is 24; below 19 only by a chance of one in ten thousand.
        assert inside >= 19

    def test_without_fraud_there_is_nothing_to_compare(self):
        cases = made(0.3)
        honest = Cases(rows=[case for case in cases.rows if not case.fraud])
        with pytest.raises(NothingToCompare):
            compare(honest, seed=1, draws=10)


class TestAgreement:
    def test_says_who_stops_which_fraud(self):
        cases = made(2.0)
        found = agreement(cases)
        assert sum(found["fraud_stopped_by"].values()) == cases.fraud.sum()
        assert sum(found["verdicts"].values()) == len(cases)
        assert 0.5 < found["same_verdict"] < 1.0
        assert 0.0 < found["rank_correlation"] < 1.0


def test_the_picture_is_drawn(worse, tmp_path):
    place = tmp_path / "reports" / "picture.png"
    draw(made(2.0), worse, place)
    assert place.read_bytes().startswith(b"\x89PNG")
