"""Settings that every service has. Nothing else reads the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from fraud_shared.web import secrets


class ServiceSettings(BaseSettings):
    """The common part; a service's own class adds its port and fields with its prefix."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    env: Literal["development", "production"] = Field(
        default="development", validation_alias="FRAUD_ENV"
    )
    host: str = Field(default="127.0.0.1", validation_alias="FRAUD_HOST")
    port: int
    log_level: str = Field(default="INFO", validation_alias="FRAUD_LOG_LEVEL")
    var_dir: Path = Field(default=Path("var"), validation_alias="FRAUD_VAR")
    token_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="FRAUD_TOKEN_KEY"
    )
    max_in_flight: int = Field(default=64, validation_alias="FRAUD_MAX_IN_FLIGHT")
    max_body_bytes: int = 64 * 1024
    default_deadline_ms: float = 1000.0
    deadline_cap_ms: float = 10_000.0

    @property
    def production(self) -> bool:
        """Whether missing secrets and URLs stop the start."""
        return self.env == "production"

    def secret(self, name: str, value: SecretStr) -> str:
        """The secret `name`, from the environment or, in development, from var_dir."""
        return secrets.resolve(
            name,
            value.get_secret_value(),
            production=self.production,
            var_dir=self.var_dir,
        )

    def token_secret(self) -> str:
        """The key that signs service tokens (`FRAUD_TOKEN_KEY`)."""
        return self.secret("FRAUD_TOKEN_KEY", self.token_key)
