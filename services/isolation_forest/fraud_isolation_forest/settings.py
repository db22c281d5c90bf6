"""Settings: the common ones of a scorer, and this service's port and models."""

from pydantic_settings import SettingsConfigDict

from fraud_scoring.serving.settings import ScorerSettings


class Settings(ScorerSettings):
    """Environment: `FRAUD_ISOLATION_FOREST_` + field name in capitals."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_ISOLATION_FOREST_")

    port: int = 8002
    internal_port: int = 9002
    models: tuple[str, ...] = ("isolation_forest",)
