import pytest
from pydantic_settings import SettingsConfigDict

from fraud_scoring.artifacts.keys import generate_keys
from fraud_scoring.serving.runtime import create_scorer_service
from fraud_scoring.serving.settings import ScorerSettings
from fraud_scoring.testing import linear_engine, memory_registry
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client


class Settings(ScorerSettings):
    model_config = SettingsConfigDict(env_prefix="FRAUD_TEST_SCORER_")

    port: int = 8099
    models: tuple[str, ...] = ("xgboost",)


@pytest.fixture(scope="session")
def keys():
    return generate_keys()


@pytest.fixture
def memory(keys):
    return memory_registry(keys)


@pytest.fixture
def start(memory, keys, tmp_path):
    """Start a scorer of linear models over the registry in memory."""

    def start(
        engine=None, *, trial=lambda artifact: None, named_rows=False, **overrides
    ):
        fields = {
            "token_key": TEST_TOKEN_KEY,
            "public_key": keys.public_pem,
            "var_dir": tmp_path / "var",
            "poll_seconds": 0.02,
            **overrides,
        }
        app = create_scorer_service(
            "xgboost",
            Settings(**fields),
            engine or linear_engine(),
            registry=memory,
            trial=trial,
            named_rows=named_rows,
        )
        return client(app)

    return start
