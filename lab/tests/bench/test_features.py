"""The bars of `fraud bench features` for the offline frame."""

import pytest

from fraud_lab.bench.features.command import judge_offline

SHORT = {
    "payments": 100_000,
    "per_second": 250_000,
    "microseconds_per_payment": 4.0,
    "resident_mb": {"most_in_first_half": 500, "most_in_second_half": 600},
}
LONG = {
    "payments": 10_000_000,
    "per_second": 350_000,
    "microseconds_per_payment": 2.9,
    "resident_mb": {"most_in_first_half": 2000, "most_in_second_half": 2200},
}
SAME = {"differing_vectors": 0}


def red(long, rows=SAME):
    return [gate.name for gate in judge_offline([SHORT, long], rows) if not gate.holds]


def test_the_longest_run_is_judged():
    assert red(LONG) == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"per_second": 299_999}, "offline payments/s"),
        ({"microseconds_per_payment": 4.9}, "offline cost per row"),
        (
            {"resident_mb": {"most_in_first_half": 2000, "most_in_second_half": 2500}},
            "offline memory",
        ),
    ],
)
def test_a_slower_dearer_or_larger_run_is_red(change, name):
    (found,) = red(LONG | change)
    assert found.startswith(name)


def test_one_vector_that_differs_is_red():
    assert red(LONG, {"differing_vectors": 1}) == ["offline vectors that differ"]
