import numpy as np
import pytest

from fraud_autoencoder.network import CLIP, Scaling
from fraud_scoring.training.testing import hard_rows


@pytest.fixture(scope="module")
def rows(data):
    return hard_rows(data, np.linspace(-5, 5, 50, dtype=np.float32))


class TestScores:
    def test_equal_torch_on_gaps_and_extremes(self, scorer, fitted, rows):
        assert len(rows) == 10_000
        assert np.isnan(rows).any()
        # Errors reach 40 and more, where float32 itself is coarser than a millionth.
        here, there = scorer.score(rows), fitted.reference(rows)
        assert (np.abs(here - there) / np.maximum(1, there)).max() <= 1e-6

    def test_percentiles_equal_those_of_torch(self, scorer, published, fitted, rows):
        percentile = published.artifact.calibrator
        here = np.array([percentile(raw) for raw in scorer.score(rows).tolist()])
        there = np.array([percentile(raw) for raw in fitted.reference(rows).tolist()])
        assert np.abs(here - there).max() <= 1e-6

    def test_one_row_equals_the_same_row_in_a_batch(self, scorer, rows):
        some = rows[::100]
        single = np.array([scorer.score(row[None, :])[0] for row in some])
        batch = scorer.score(some)
        assert (np.abs(single - batch) / np.maximum(1, batch)).max() <= 1e-6

    def test_nothing_known_is_no_error(self, scorer, data):
        unknown = np.full((1, data.width), np.nan, dtype=np.float32)
        assert scorer.score(unknown)[0] == 0.0

    def test_absurd_values_stay_finite(self, scorer, data):
        absurd = np.full((1, data.width), np.inf, dtype=np.float32)
        assert np.isfinite(scorer.score(absurd)).all()
        assert np.isfinite(scorer.score(-absurd)).all()

    def test_frauds_fit_worse(self, scorer, data):
        raw = scorer.score(data.test.x)
        fraud = data.test.fraud
        assert np.median(raw[fraud]) > np.median(raw[~fraud])


class TestExplanation:
    def test_parts_add_up_to_the_error(self, scorer, rows):
        for row in rows[::500]:
            total = scorer.explain(row).sum()
            assert total == pytest.approx(scorer.score(row[None, :])[0], rel=1e-5)

    def test_the_unknown_has_no_part(self, scorer, data):
        row = data.test.x[0].copy()
        row[3] = np.nan
        assert scorer.explain(row)[3] == 0.0


class TestScaling:
    def test_long_tails_are_taken_by_their_logarithm(self):
        x = np.array([[1.0, 0.5], [10_000.0, -0.5]], dtype=np.float32)
        scaling = Scaling.of(x)
        assert scaling.logarithmic.tolist() == [True, False]
        assert scaling.apply(x)[1, 0] == pytest.approx(1.0, abs=1e-5)

    def test_a_far_value_is_clipped(self):
        scaling = Scaling.of(np.array([[0.0], [1.0]], dtype=np.float32))
        assert scaling.apply(np.array([[1e9]], dtype=np.float32))[0, 0] == CLIP

    def test_a_feature_never_known(self):
        scaling = Scaling.of(np.array([[np.nan], [np.nan]], dtype=np.float32))
        assert np.isfinite(scaling.mean).all()
        assert np.isfinite(scaling.std).all()
