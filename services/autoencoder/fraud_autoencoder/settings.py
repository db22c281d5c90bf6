"""Settings: the common ones of a scorer, and this service's port and models."""

from pydantic_settings import SettingsConfigDict

from fraud_scoring.serving.settings import ScorerSettings


class Settings(ScorerSettings):
    """Environment: `FRAUD_AUTOENCODER_` + field name in capitals."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_AUTOENCODER_")

    port: int = 8003
    internal_port: int = 9003
    models: tuple[str, ...] = ("autoencoder",)
