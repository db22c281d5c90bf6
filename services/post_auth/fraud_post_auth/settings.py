"""What can be set from outside."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from fraud_shared.state.retaining import kept_for
from fraud_shared.web.settings import ServiceSettings


@kept_for("post_auth")
class Settings(ServiceSettings):
    """Settings of post_auth, prefix `FRAUD_POST_AUTH_`."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_POST_AUTH_")

    port: int = 8007
    internal_port: int = 9007
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")
    dataset_uri: str = Field(default="", validation_alias="DATASET_URI")

    # Event time after which silence means that a payment was legitimate.
    maturity_days: float = Field(default=30.0, ge=0)
    # 0: one dataset per day of event time; else one per so many seconds.
    export_every_s: float = Field(default=0.0, ge=0)
    export_check_s: float = Field(default=60.0, gt=0)
    project_every_s: float = Field(default=1.0, gt=0)
    # How often the ratios are counted for the metrics.
    ratios_every: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0))

    @model_validator(mode="after")
    def _fit_for_production(self) -> Self:
        if self.production and not self.redis_url:
            raise ValueError("REDIS_URL is required in production")
        if self.production and not self.dataset_uri:
            raise ValueError("DATASET_URI is required in production")
        return self

    @property
    def maturity(self) -> timedelta:
        """The maturity window."""
        return timedelta(days=self.maturity_days)

    @property
    def datasets(self) -> str:
        """Where datasets are written."""
        return self.dataset_uri or str((self.var_dir / "datasets").absolute())
