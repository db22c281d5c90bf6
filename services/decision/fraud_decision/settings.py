"""What can be set from outside."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fraud_engines.policy.policy import DEFAULT_POLICY
from fraud_shared.web.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the decision service, prefix `FRAUD_DECISION_`."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_DECISION_")

    port: int = 8005
    internal_port: int = 9005
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    policy: Path = DEFAULT_POLICY
    # Every replica has what people changed after so long.
    refresh_every_s: float = Field(default=0.5, gt=0, le=1.5)
