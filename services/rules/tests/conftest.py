from typing import Any

import pytest

from fraud_engines.testing import make_features


@pytest.fixture(name="make_features", scope="session")
def _make_features() -> Any:
    return make_features
