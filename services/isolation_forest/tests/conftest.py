import pytest

from fraud_isolation_forest.app import create_app
from fraud_isolation_forest.settings import Settings
from fraud_isolation_forest.train import train
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
    return ScorerParts("isolation_forest", create_app, Settings, train)
