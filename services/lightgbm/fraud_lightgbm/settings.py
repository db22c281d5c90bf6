"""Settings: the common ones of a scorer, and this service's port and models."""

from pydantic_settings import SettingsConfigDict

from fraud_scoring.serving.settings import ScorerSettings


class Settings(ScorerSettings):
    """Environment: `FRAUD_LIGHTGBM_` + field name in capitals."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_LIGHTGBM_")

    port: int = 8009
    internal_port: int = 9009
    models: tuple[str, ...] = ("lightgbm", "ieee_cis", "auto_loan")
    # The challenger of XGBoost, unless it was promoted.
    aliases: tuple[str, ...] = ("champion", "challenger")
