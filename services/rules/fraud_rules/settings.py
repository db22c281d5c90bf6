"""What can be set from outside."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_shared.state.retaining import kept_for
from fraud_shared.web.settings import ServiceSettings


@kept_for("rules")
class Settings(ServiceSettings):
    """Settings of the rules service, prefix `FRAUD_RULES_`."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_RULES_")

    port: int = 8001
    internal_port: int = 9001
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    ruleset: Path = DEFAULT_RULESET
    # A ruleset in full, with its lists, is posted for validation.
    max_body_bytes: int = 5 * 1024 * 1024
    # Every replica has what people changed after so long.
    refresh_every_s: float = Field(default=0.5, gt=0, le=1.5)
    count_every_s: float = Field(default=5.0, gt=0)
    # One payment in so many asks every rule by itself, to know how long each takes.
    time_every: int = Field(default=500, ge=1)
