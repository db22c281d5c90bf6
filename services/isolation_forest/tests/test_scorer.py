import numpy as np
import pytest

from fraud_isolation_forest.flat import FlatForest, dump, parse
from fraud_isolation_forest.scorer import FILE
from fraud_isolation_forest.train import average_path
from fraud_scoring.errors import FeatureMismatch, MalformedArtifact
from fraud_scoring.training.testing import hard_rows


@pytest.fixture(scope="module")
def forest(published, data):
    return parse(published.artifact.file(FILE), data.width)


@pytest.fixture(scope="module")
def rows(data, forest):
    thresholds = forest.threshold[np.isfinite(forest.threshold)]
    return hard_rows(data, thresholds)


class TestScores:
    def test_equal_scikit_learn_on_ties_gaps_and_extremes(self, scorer, fitted, rows):
        assert len(rows) == 10_000
        assert np.isnan(rows).any()
        assert np.abs(scorer.score(rows) - fitted.reference(rows)).max() <= 1e-9

    def test_one_row_equals_the_same_row_in_a_batch(self, scorer, rows):
        some = rows[::100]
        single = np.array([scorer.score(row[None, :])[0] for row in some])
        assert np.abs(single - scorer.score(some)).max() <= 1e-12

    def test_unknown_is_the_training_median(self, scorer, forest, data):
        unknown = np.full((1, data.width), np.nan, dtype=np.float32)
        assert scorer.score(unknown) == scorer.score(forest.fill[None, :])

    def test_the_far_away_is_odder(self, scorer, forest):
        ordinary = forest.fill[None, :]
        assert scorer.score(ordinary + 50)[0] > scorer.score(ordinary)[0] + 0.1


class TestExplanation:
    def test_parts_add_up_to_the_score(self, scorer, forest, rows):
        expected_length = forest.length[forest.roots].sum() / forest.scale
        for row in rows[::500]:
            parts = scorer.explain(row)
            score = 2 ** (parts.sum() - expected_length)
            assert score == pytest.approx(scorer.score(row[None, :])[0], abs=1e-9)

    def test_names_the_odd_feature(self, scorer, forest):
        odd = forest.fill.copy()
        odd[5] += 100
        assert np.argmax(scorer.explain(odd)) == 5


class TestFile:
    def test_a_forest_survives_its_file(self, forest, data):
        again = parse(dump(forest), data.width)
        assert np.array_equal(again.left, forest.left)
        assert np.array_equal(again.threshold, forest.threshold)

    def test_another_width_is_refused(self, forest, data):
        with pytest.raises(FeatureMismatch):
            parse(dump(forest), data.width + 1)

    @pytest.mark.parametrize("junk", [b"", b"PK\x03\x04", b"\x93NUMPY junk"])
    def test_junk_is_refused(self, junk):
        with pytest.raises(MalformedArtifact):
            parse(junk, 3)

    @pytest.mark.parametrize(
        "change",
        [
            {"left": np.array([5, 1, 2])},
            {"left": np.array([2, 1, 2])},
            {"left": np.array([-1, 1, 2])},
            {"feature": np.array([9, 0, 0])},
            {"roots": np.array([3])},
            {"length": np.array([np.nan, 1, 1])},
            {"fill": np.array([np.nan, 0], dtype=np.float32)},
            {"depth": 0},
            {"scale": 0.0},
        ],
    )
    def test_a_walk_cannot_leave_the_arrays(self, change):
        sound = {
            "roots": np.array([0]),
            "left": np.array([1, 1, 2]),
            "feature": np.array([0, 0, 0]),
            "threshold": np.array([0.5, np.inf, np.inf], dtype=np.float32),
            "length": np.array([1.0, 1.0, 1.0]),
            "fill": np.array([0.0, 0.0], dtype=np.float32),
            "depth": 1,
            "scale": 1.0,
        }
        assert parse(dump(FlatForest(**sound)), 2)
        with pytest.raises(MalformedArtifact):
            parse(dump(FlatForest(**{**sound, **change})), 2)


class TestAveragePath:
    def test_is_that_of_the_paper(self):
        found = average_path(np.array([1, 2, 3, 256]))
        assert found[:2].tolist() == [0.0, 1.0]
        assert found[2] == pytest.approx(1.2073923, abs=1e-6)
        assert found[3] == pytest.approx(10.2447709, abs=1e-6)
