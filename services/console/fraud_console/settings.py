"""What can be set from outside."""

from datetime import timedelta
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fraud_shared.web.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the console, prefix `FRAUD_CONSOLE_`; durations are ISO 8601 or
    seconds."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_CONSOLE_")

    required_secrets: ClassVar[tuple[str, ...]] = ("token_key", "key")

    port: int = 8010
    internal_port: int = 9010
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    gateway_url: str = Field(
        default="http://127.0.0.1:8000", validation_alias="FRAUD_ORCHESTRATOR_URL"
    )
    # Where the gateway's metrics are read; in development beside its routes.
    gateway_metrics_url: str = ""
    gateway_deadline: timedelta = timedelta(seconds=5)

    # Users' keys at the gateway are derived from it, and messages to the next page signed.
    key: SecretStr = SecretStr("")
    # Signs in as administrator once, from this machine only; never in production.
    one_time_token: SecretStr = SecretStr("")
    session_idle: timedelta = timedelta(minutes=30)
    session_lifetime: timedelta = timedelta(hours=12)
    sign_in_failures: int = Field(default=5, ge=1)
    sign_in_pause: timedelta = timedelta(minutes=5)

    # Sign-in by OpenID Connect, when an issuer is named; local passwords are then off.
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    # Where browsers reach the console: the redirect after OpenID Connect leads there.
    public_url: str = ""

    live_every: timedelta = timedelta(seconds=1)
    live_keep: timedelta = timedelta(minutes=10)
    # Where a trace is looked at, `{trace_id}` in it.
    trace_url: str = ""

    # Each open live page holds a place for as long as it is open.
    max_in_flight: int = Field(default=512, validation_alias="FRAUD_MAX_IN_FLIGHT")

    @property
    def gateway(self) -> str:
        """The gateway's first address."""
        return self.gateway_url.split(",")[0].strip().rstrip("/")

    @property
    def metrics(self) -> str:
        """Where the gateway's metrics are."""
        return self.gateway_metrics_url or f"{self.gateway}/metrics"

    @property
    def oidc(self) -> bool:
        """Whether people sign in by OpenID Connect."""
        return bool(self.oidc_issuer)

    def console_key(self) -> bytes:
        """The secret from which users' keys are derived."""
        return self.secret("FRAUD_CONSOLE_KEY", self.key).encode()

    def unsafe(self) -> list[str]:
        """What production refuses of these settings."""
        found = []
        if self.one_time_token.get_secret_value():
            found.append("FRAUD_CONSOLE_ONE_TIME_TOKEN is refused in production")
        if self.oidc and not (self.oidc_client_id and self.public_url):
            found.append(
                "FRAUD_CONSOLE_OIDC_CLIENT_ID and FRAUD_CONSOLE_PUBLIC_URL are required "
                "with FRAUD_CONSOLE_OIDC_ISSUER"
            )
        return found
