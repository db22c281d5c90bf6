"""Settings that every service has. Nothing else reads the environment."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from fraud_shared.web import secrets
from fraud_shared.web.connections import ConnectionLimits


class ServiceSettings(BaseSettings):
    """The common part; a service's own class adds its port and fields with its prefix."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    # Fields that production must have a value for, beside those with a rule of their own.
    required_secrets: ClassVar[tuple[str, ...]] = ("token_key",)

    env: Literal["development", "production"] = Field(
        default="development", validation_alias="FRAUD_ENV"
    )
    host: str = Field(default="127.0.0.1", validation_alias="FRAUD_HOST")
    port: int
    # In production probes, metrics and the API's description are here, and not on `port`.
    internal_port: int = 9099
    internal_host: str = Field(default="", validation_alias="FRAUD_INTERNAL_HOST")
    log_level: str = Field(default="INFO", validation_alias="FRAUD_LOG_LEVEL")
    var_dir: Path = Field(default=Path("var"), validation_alias="FRAUD_VAR")
    token_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="FRAUD_TOKEN_KEY"
    )
    max_in_flight: int = Field(default=64, validation_alias="FRAUD_MAX_IN_FLIGHT")
    max_batches_in_flight: int = Field(
        default=4, ge=1, validation_alias="FRAUD_MAX_BATCHES_IN_FLIGHT"
    )
    max_body_bytes: int = 64 * 1024
    # What one connection, address or client may hold open (`web/connections.py`).
    head_timeout: timedelta = Field(
        default=timedelta(seconds=5), validation_alias="FRAUD_HEAD_TIMEOUT"
    )
    body_timeout: timedelta = Field(
        default=timedelta(seconds=5), validation_alias="FRAUD_BODY_TIMEOUT"
    )
    max_head_bytes: int = Field(
        default=16 * 1024, ge=1024, validation_alias="FRAUD_MAX_HEAD_BYTES"
    )
    max_headers: int = Field(default=100, ge=1, validation_alias="FRAUD_MAX_HEADERS")
    max_line_bytes: int = Field(
        default=8 * 1024, ge=256, validation_alias="FRAUD_MAX_LINE_BYTES"
    )
    max_connections: int = Field(
        default=4096, ge=1, validation_alias="FRAUD_MAX_CONNECTIONS"
    )
    max_unauthenticated_per_address: int = Field(
        default=256, ge=1, validation_alias="FRAUD_MAX_UNAUTHENTICATED_PER_ADDRESS"
    )
    max_open_per_client: int = Field(
        default=256, ge=1, validation_alias="FRAUD_MAX_OPEN_PER_CLIENT"
    )
    # Networks of load balancers: their connections carry many callers, and what they
    # append to X-Forwarded-For is believed.
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(), validation_alias="FRAUD_TRUSTED_PROXIES"
    )
    default_deadline_ms: float = 1000.0
    deadline_cap_ms: float = 10_000.0

    @property
    def production(self) -> bool:
        """Whether missing secrets and URLs stop the start."""
        return self.env == "production"

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field."""
        alias = cls.model_fields[field].validation_alias
        prefix = cls.model_config.get("env_prefix", "")
        return str(alias or f"{prefix}{field}".upper())

    def unsafe(self) -> list[str]:
        """What production refuses of this service's own settings, one line each."""
        return []

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

    @property
    def admission_target(self) -> float:
        """Of its time: how much nine of ten requests may use before fewer are let in."""
        return 0.8

    @property
    def admission_least(self) -> int:
        """Below this the limit of requests under way never goes. A service that others
        call leaves it to them to ask less: its refusal costs a payment evidence."""
        return 16

    @property
    def budget_ms(self) -> float:
        """How long one hot request may take, whatever longer its caller allows."""
        return self.deadline_cap_ms

    def connection_limits(self) -> ConnectionLimits:
        """What one connection may take, and how many there may be."""
        return ConnectionLimits(
            head_timeout_s=self.head_timeout.total_seconds(),
            body_timeout_s=self.body_timeout.total_seconds(),
            max_head_bytes=self.max_head_bytes,
            max_headers=self.max_headers,
            max_line_bytes=self.max_line_bytes,
            max_connections=self.max_connections,
            max_unauthenticated_per_address=self.max_unauthenticated_per_address,
            proxies=self.trusted_proxies,
        )
