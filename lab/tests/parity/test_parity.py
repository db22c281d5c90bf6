"""The comparison sees a single bit."""

import math

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.parity.parity import bits, compare

WIDTH = len(PAYMENT_FEATURES.names)


def vector(first: float | None) -> tuple[float | None, ...]:
    return (first, *(0.5,) * (WIDTH - 1))


class TestCompare:
    def test_equal_vectors_are_equal(self) -> None:
        found = compare({"t": vector(1.0)}, {"t": vector(1.0)}, set())
        assert (found.compared, found.differing, found.missing) == (1, 0, 0)

    def test_the_last_bit_counts_and_is_named(self) -> None:
        close = math.nextafter(1.0, 2.0)
        found = compare({"t": vector(close)}, {"t": vector(1.0)}, set())
        assert found.differing == 1
        assert found.by_feature == {PAYMENT_FEATURES.names[0]: 1}
        assert found.example is not None
        assert found.example["served"] == close

    def test_unknown_is_not_zero(self) -> None:
        assert compare({"t": vector(None)}, {"t": vector(0.0)}, set()).differing == 1
        assert bits(0.0) != bits(-0.0)

    def test_a_vector_that_was_never_served_is_missing(self) -> None:
        found = compare({}, {"t": vector(1.0)}, set())
        assert (found.differing, found.missing) == (0, 1)
