from typing import Any

import pytest

from fraud_engines.testing import make_request


@pytest.fixture(name="make_request", scope="session")
def _make_request() -> Any:
    return make_request
