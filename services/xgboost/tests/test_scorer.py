import json

import numpy as np
import pytest
import xgboost

from fraud_scoring.testing.contract import TreeContract, TreeLibrary
from fraud_scoring.training.testing import hard_rows
from fraud_xgboost.scorer import BOOSTER


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


@pytest.fixture(scope="module")
def library(booster):
    def ask(rows, **what):
        return booster.predict(xgboost.DMatrix(rows), **what)

    return TreeLibrary(
        probabilities=ask,
        log_odds=lambda row: ask(row[None, :], output_margin=True)[0],
        contributions=lambda row: ask(row[None, :], pred_contribs=True)[0],
    )


class TestTrees(TreeContract):
    """The contract of boosted trees, against the library that grew them."""
