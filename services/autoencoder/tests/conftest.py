import pytest

from fraud_autoencoder.app import create_app
from fraud_autoencoder.settings import Settings
from fraud_autoencoder.train import train
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
    return ScorerParts("autoencoder", create_app, Settings, train)
