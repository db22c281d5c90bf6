import pytest

from fraud_lightgbm.app import create_app
from fraud_lightgbm.settings import Settings
from fraud_lightgbm.train import train
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

__all__ = ["app", "data", "fitted", "keys", "published", "registry", "scorer"]


@pytest.fixture(scope="session")
def parts():
    return ScorerParts("lightgbm", create_app, Settings, train)
