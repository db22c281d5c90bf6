"""Settings: the common ones of a scorer, and this service's port and models."""

from pydantic_settings import SettingsConfigDict

from fraud_scoring.serving.settings import ScorerSettings


class Settings(ScorerSettings):
    """Environment: `FRAUD_XGBOOST_` + field name in capitals."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_XGBOOST_")

    port: int = 8004
    internal_port: int = 9004
    models: tuple[str, ...] = ("xgboost", "credit_card")
