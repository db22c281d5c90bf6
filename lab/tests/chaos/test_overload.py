"""The judge of `fraud chaos overload` finds what overload does to a mesh without a limit."""

from collections import Counter

from fraud_lab.bench.load import Outcome
from fraud_lab.chaos.overload import Figures, Payments, judge, settled


def outcome(*, answered=1000, whole=None, challenges=90, ms=60.0, seconds=10.0, **more):
    return Outcome(
        latency_ms=[ms] * answered,
        whole=answered if whole is None else whole,
        verdicts=Counter(CHALLENGE=challenges, APPROVE=answered - challenges),
        seconds=seconds,
        **more,
    )


def figures(surge, after=None):
    return Figures(
        knee=100.0,
        peak=100.0,
        ordinary=[outcome()],
        surges={5.0: surge},
        after={5.0: after or outcome()},
    )


def red(found):
    return [gate.name.partition(": ")[2] for gate in judge(found) if not gate.holds]


class TestJudge:
    def test_a_mesh_that_sheds_what_it_cannot_decide_holds_every_gate(self):
        assert red(figures(outcome(shed_ms=[2.0] * 4000))) == []

    def test_verdicts_that_overload_changed_are_seen(self):
        blind = outcome(whole=620, challenges=380, shed_ms=[2.0])
        assert red(figures(blind)) == [
            "undegraded per s, share of peak",
            "CHALLENGE, points from ordinary",
        ]

    def test_slow_answers_slow_refusals_and_silence_are_seen(self):
        slow = outcome(ms=868.0, shed_ms=[40.0], failed=Counter(timeout=6))
        assert red(figures(slow)) == [
            "refused, p99 ms",
            "accepted, p99 ms",
            "without an answer",
        ]

    def test_trouble_long_after_the_surge_is_seen(self):
        after = outcome(disturbed_s=[0.5, 6.5])
        assert settled(after) == 6.5
        assert red(figures(outcome(shed_ms=[2.0]), after)) == ["normal again, s"]


def test_a_refused_payment_comes_next_again():
    payments = Payments(iter([b"1", b"2", b"3"]))
    first = next(payments)
    payments.again(first)
    assert [next(payments), next(payments)] == [b"1", b"2"]


def test_a_full_mesh_is_the_knee_or_what_was_decided_whole():
    assert Figures(knee=4.0, peak=19.0).full == 19.0
    assert Figures(knee=40.0, peak=38.0).full == 40.0
