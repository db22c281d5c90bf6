import lightgbm
import numpy as np
import pytest

from fraud_lightgbm.scorer import BOOSTER
from fraud_scoring.testing.contract import TreeContract, TreeLibrary
from fraud_scoring.training.testing import hard_rows


@pytest.fixture(scope="module")
def booster(published):
    return lightgbm.Booster(model_str=published.artifact.file(BOOSTER).decode())


@pytest.fixture(scope="module")
def rows(data, booster):
    lines = booster.model_to_string().splitlines()
    listed = [line.split("=")[1] for line in lines if line.startswith("threshold=")]
    splits = np.array(" ".join(listed).split(), dtype=float)
    return hard_rows(data, splits[np.abs(splits) < 1e30].astype(np.float32))


@pytest.fixture(scope="module")
def library(booster):
    return TreeLibrary(
        probabilities=booster.predict,
        log_odds=lambda row: booster.predict(row[None, :], raw_score=True)[0],
        contributions=lambda row: np.asarray(
            booster.predict(row[None, :], pred_contrib=True)
        )[0],
    )


class TestTrees(TreeContract):
    """The contract of boosted trees, against the library that grew them."""
