"""What can be set from outside."""

from datetime import timedelta
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from fraud_shared.state.retaining import kept_for
from fraud_shared.web.settings import ServiceSettings


@kept_for("action")
class Settings(ServiceSettings):
    """Settings of the action service, prefix `FRAUD_ACTION_`; durations are ISO 8601 or
    seconds."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_ACTION_")

    required_secrets: ClassVar[tuple[str, ...]] = (
        "token_key",
        "otp_key",
        "webhook_secret",
    )

    port: int = 8006
    internal_port: int = 9006
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")

    # One-time passwords. The previous key only finishes challenges begun under it.
    otp_key: SecretStr = SecretStr("")
    otp_previous_key: SecretStr = SecretStr("")
    otp_scheme: Literal["hotp", "totp"] = "hotp"
    otp_digits: int = Field(default=6, ge=6, le=8)
    otp_period_s: int = Field(default=60, ge=15, le=300)
    otp_attempts: int = Field(default=5, ge=1, le=5)
    otp_ttl: timedelta = timedelta(minutes=5)
    # How often a customer may have the code sent again, and how soon.
    otp_resends: int = Field(default=3, ge=0, le=10)
    otp_resend_pause: timedelta = timedelta(seconds=30)
    otp_webhook_url: str = ""
    # Development only: serves codes at /v1/challenges/{id}/development-code.
    otp_echo: bool = False

    hold_ttl: timedelta = timedelta(days=3)
    block_ttl: timedelta = timedelta(days=7)
    # A case that is open for longer is overdue.
    case_sla: timedelta = timedelta(days=1)

    # Alerts stay stored when no URL is set.
    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    webhook_timeout_s: float = 5.0
    webhook_attempts: int = Field(default=12, ge=1)

    sweep_every_s: float = 1.0
    reconcile_every_s: float = 30.0

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.production and self.otp_echo:
            raise ValueError("FRAUD_ACTION_OTP_ECHO is refused in production")
        if self.production and not self.otp_webhook_url:
            raise ValueError("FRAUD_ACTION_OTP_WEBHOOK_URL is required in production")
        if self.production and not self.redis_url:
            raise ValueError("REDIS_URL is required in production")
        return self

    def otp_keys(self) -> list[bytes]:
        """Server keys for one-time passwords, newest first."""
        keys = [self.secret("FRAUD_ACTION_OTP_KEY", self.otp_key)]
        previous = self.otp_previous_key.get_secret_value()
        return [key.encode() for key in (*keys, previous) if key]

    def webhooks(self) -> dict[str, str]:
        """The URL of each kind of message that has one."""
        urls = {"alert": self.webhook_url, "otp": self.otp_webhook_url}
        return {kind: url for kind, url in urls.items() if url}

    def signing_secret(self) -> bytes:
        """The key that signs webhooks."""
        secret = self.secret("FRAUD_ACTION_WEBHOOK_SECRET", self.webhook_secret)
        return secret.encode()
