import warnings

import pytest

from fraud_scoring.keys import generate_keys
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_scoring.training.synthetic import NOW, synthetic
from fraud_xgboost.train import train


@pytest.fixture(scope="session")
def keys():
    return generate_keys()


@pytest.fixture(scope="session")
def data():
    return synthetic()


@pytest.fixture(scope="session")
def fitted(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the training libraries' own
        return train(data)


@pytest.fixture(scope="session")
def registry(keys):
    return memory_registry(keys)


@pytest.fixture(scope="session")
def published(fitted, data, registry):
    made = publish("xgboost", fitted, data, registry, now=NOW)
    registry.promote("xgboost", made.artifact.manifest.version, "champion", now=NOW)
    return made


@pytest.fixture(scope="session")
def scorer(fitted, published):
    return fitted.engine.load(published.artifact)
