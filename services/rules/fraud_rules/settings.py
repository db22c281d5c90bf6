"""What can be set from outside."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_shared.web.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of the rules service, prefix `FRAUD_RULES_`."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_RULES_")

    port: int = 8001
    internal_port: int = 9001
    ruleset: Path = DEFAULT_RULESET
    # A ruleset in full, with its lists, is posted for validation.
    max_body_bytes: int = 1024 * 1024
