import json

import numpy as np
import pytest
import xgboost

from fraud_scoring.errors import MalformedArtifact
from fraud_scoring.session import OnnxGraph
from fraud_scoring.training.testing import hard_rows
from fraud_xgboost.scorer import BOOSTER, GRAPH


@pytest.fixture(scope="module")
def booster(published):
    return xgboost.Booster(model_file=bytearray(published.artifact.file(BOOSTER)))


@pytest.fixture(scope="module")
def rows(data, booster):
    trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]
    splits = [
        condition
        for tree in trees["trees"]
        for left, condition in zip(
            tree["left_children"], tree["split_conditions"], strict=True
        )
        if left != -1
    ]
    return hard_rows(data, np.array(splits, dtype=np.float32))


def native(booster, rows):
    return booster.predict(xgboost.DMatrix(rows))


def margin(booster, row):
    return booster.predict(xgboost.DMatrix(row[None, :]), output_margin=True)[0]


def contributions(booster, row):
    return booster.predict(xgboost.DMatrix(row[None, :]), pred_contribs=True)[0]


class TestScores:
    def test_equal_the_library_on_ties_gaps_and_extremes(self, scorer, booster, rows):
        assert len(rows) == 10_000
        assert np.isnan(rows).any()
        assert np.abs(scorer.score(rows) - native(booster, rows)).max() <= 1e-6

    def test_no_row_takes_another_path(self, scorer, booster, rows):
        """A wrong turn moves the log-odds by far more than rounding does."""
        p = np.clip(scorer.score(rows), 1e-12, 1 - 1e-7)
        q = np.clip(native(booster, rows), 1e-12, 1 - 1e-7)
        sure = (q > 1e-4) & (q < 1 - 1e-4)
        here, there = np.log(p / (1 - p))[sure], np.log(q / (1 - q))[sure]
        assert np.abs(here - there).max() <= 1e-3

    def test_one_row_equals_the_same_row_in_a_batch(self, scorer, rows):
        some = rows[::100]
        single = [scorer.score(row[None, :])[0] for row in some]
        assert single == scorer.score(some).tolist()

    def test_ranks_fraud_first(self, scorer, data):
        raw, fraud = scorer.score(data.test.x), data.test.fraud
        assert np.median(raw[fraud]) > 10 * np.median(raw[~fraud])


class TestExplanation:
    def test_is_the_library_s_exact_shap(self, scorer, booster, rows):
        for row in rows[::1000]:
            expected = contributions(booster, row)
            assert scorer.explain(row) == pytest.approx(expected[:-1], abs=1e-5)

    def test_parts_and_base_add_up_to_the_log_odds(self, scorer, booster, rows):
        for row in rows[::1000]:
            base = contributions(booster, row)[-1]
            total = scorer.explain(row).sum() + base
            assert total == pytest.approx(margin(booster, row), abs=1e-3)


class TestGraph:
    def test_junk_is_refused(self):
        with pytest.raises(MalformedArtifact):
            OnnxGraph(b"junk", 3)

    def test_another_width_is_refused(self, published, data):
        from fraud_scoring.errors import FeatureMismatch

        with pytest.raises(FeatureMismatch):
            OnnxGraph(published.artifact.file(GRAPH), data.width + 1)
