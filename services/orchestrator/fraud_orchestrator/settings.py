"""Settings of the gateway. Times are in milliseconds."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fraud_engines.policy.policy import DEFAULT_POLICY
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_orchestrator.stages.challenger import ChallengerMode
from fraud_shared.state.retaining import kept_for
from fraud_shared.web.settings import ServiceSettings


@kept_for("orchestrator")
class Settings(ServiceSettings):
    """The budget of one payment, where its state lives, and who may call."""

    model_config = SettingsConfigDict(env_prefix="FRAUD_ORCHESTRATOR_")

    required_secrets: ClassVar[tuple[str, ...]] = (
        "token_key",
        "pan_key",
        "key_pepper",
        "api_keys",
        "audit_key",
    )

    port: int = 8000
    internal_port: int = 9000
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")

    pan_key: SecretStr = Field(default=SecretStr(""), validation_alias="FRAUD_PAN_KEY")
    # Signs the checkpoints of the audit log.
    audit_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="FRAUD_AUDIT_KEY"
    )
    key_pepper: SecretStr = Field(
        default=SecretStr(""), validation_alias="FRAUD_KEY_PEPPER"
    )
    # JSON list of {"client", "hash", "scopes"}; `fraud keys new` prints an entry.
    api_keys: SecretStr = Field(
        default=SecretStr(""), validation_alias="FRAUD_API_KEYS"
    )
    # Of each client, over all gateways that share a Redis; a batch of n counts n.
    rate_per_s: float = Field(default=2000.0, gt=0)
    rate_burst: int = Field(default=4000, ge=1)
    rate_timeout: timedelta = timedelta(milliseconds=25)
    wrong_keys_per_minute: int = Field(default=30, ge=1)

    # How long an erasure goes on looking, for events that were under way.
    erasure_settle: timedelta = timedelta(hours=1)

    # The wall leaves 50 ms of a 200 ms promise for network, accept queue and client.
    wall_ms: float = 150.0
    # What decision, commit, action and reply need, kept from the stages before them.
    tail_ms: float = 60.0
    online_cap_ms: float = 25.0
    # Payments a second that put an emptied online store right again; 0: only by command.
    online_rebuild_per_s: float = Field(default=1000.0, ge=0)
    rules_cap_ms: float = 30.0
    models_cap_ms: float = 50.0
    models_least_ms: float = 5.0
    decision_cap_ms: float = 40.0
    action_cap_ms: float = 40.0
    query_cap_ms: float = 2000.0
    # A caller that allows less than this is refused: it could only get a degraded verdict.
    min_deadline_ms: float = 100.0

    # The seeds of rules and decision, by the same variables: until the gateway hears more.
    ruleset: Path = Field(
        default=DEFAULT_RULESET, validation_alias="FRAUD_RULES_RULESET"
    )
    policy: Path = Field(
        default=DEFAULT_POLICY, validation_alias="FRAUD_DECISION_POLICY"
    )
    # What rules and decision have in force is in force here after so long.
    follow_every_s: float = Field(default=0.5, gt=0)
    # Share of payments on which the services' answers are compared with the gateway's own.
    compare_share: float = Field(default=0.02, ge=0, le=1)

    # `share`: the challenger decides for that share of the accounts (0 to 1).
    challenger_mode: ChallengerMode = Field(
        default="shadow", validation_alias="FRAUD_CHALLENGER_MODE"
    )
    challenger_share: float = Field(
        default=0.1, ge=0, le=1, validation_alias="FRAUD_CHALLENGER_SHARE"
    )
    # Risk from which contributions are computed in line: what may not be plainly approved.
    explain_from: float = Field(default=0.05, ge=0, le=1)
    # Anomaly percentile from which the forest and the autoencoder explain themselves.
    explain_strange: float = Field(default=0.99, ge=0, le=1)
    # Of `POST /v1/fraud-score`, on its scale from 0 to 100.
    fraud_threshold: float = Field(
        default=50.0, ge=0, le=100, validation_alias="FRAUD_THRESHOLD"
    )
    # Measured fraud rates, of which exemptions depend: how often they are asked for, and
    # how old they may be.
    rates_every: timedelta = timedelta(minutes=5)
    rates_max_age: timedelta = timedelta(hours=1)
    # Origins of pages whose scripts may call, e.g. ["https://shop.example"].
    cors_origins: tuple[str, ...] = Field(
        default=(), validation_alias="FRAUD_CORS_ORIGINS"
    )
    # The installation's own version, shown by /v1/version.
    app_version: str = Field(
        default="", max_length=64, validation_alias="FRAUD_APP_VERSION"
    )
    event_ahead_s: float = 300.0
    event_behind_s: float = 7 * 86400.0
    batch_concurrency: int = 8
    # Of the wall, for nine of ten payments: so that the slowest of a hundred are in time.
    admission_share: float = Field(default=0.6, gt=0, le=1)

    @property
    def admission_target(self) -> float:
        """Of the wall: how much nine of ten payments may use."""
        return self.admission_share

    @property
    def admission_least(self) -> int:
        """So many payments at once even a slow machine decides in time."""
        return 4

    @property
    def budget_ms(self) -> float:
        """The wall of a payment."""
        return self.wall_ms
