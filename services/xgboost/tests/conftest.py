import pytest

from fraud_scoring.testing.contract import (
    ScorerParts,
    app,
    data,
    fitted,
    keys,
    published,
    registry,
    scorer,
)
from fraud_xgboost.app import create_app
from fraud_xgboost.settings import Settings
from fraud_xgboost.train import train

__all__ = ["app", "data", "fitted", "keys", "published", "registry", "scorer"]


@pytest.fixture(scope="session")
def parts():
    return ScorerParts("xgboost", create_app, Settings, train)
