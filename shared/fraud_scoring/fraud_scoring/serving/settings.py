"""Settings that every scorer service has."""

from typing import Annotated

from pydantic import Field

from fraud_scoring.artifacts.keys import PUBLIC_FILE, PUBLIC_KEY, Verifier
from fraud_scoring.errors import RegistryUnavailable
from fraud_scoring.registry.port import address
from fraud_scoring.serving.rollback import RollbackLimits
from fraud_shared.web.secrets import SecretMissing
from fraud_shared.web.settings import ServiceSettings


class ScorerSettings(ServiceSettings):
    """`models` are the hosted model names, the default one first; for each, the first of
    `aliases` that exists in the registry is served."""

    registry_uri: str = Field(default="", validation_alias="MODEL_REGISTRY_URI")
    tracking_uri: str = Field(default="", validation_alias="MLFLOW_TRACKING_URI")
    # Promotions come from RabbitMQ or over HTTP, and the registry is looked at anyway.
    amqp_url: str = Field(default="", validation_alias="AMQP_URL")
    public_key: str = Field(default="", validation_alias=PUBLIC_KEY)
    models: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)]
    aliases: Annotated[tuple[str, ...], Field(min_length=1)] = ("champion",)
    top_features: Annotated[int, Field(ge=1, le=20)] = 8
    # How long one row may take, at the median, before a new model is refused.
    score_limit_ms: Annotated[float, Field(gt=0)] = 10.0
    # How many times slower than the serving model a new one may be.
    slowdown_limit: Annotated[float, Field(gt=1)] = 5.0
    # What a model may use while it is tried in a process of its own.
    trial_memory_mb: Annotated[int, Field(ge=256)] = 1024
    trial_seconds: Annotated[float, Field(gt=0)] = 60.0
    # A new version goes when more than these shares of the rows of the window failed, or
    # were late.
    rollback_window_seconds: Annotated[float, Field(ge=1)] = 60.0
    rollback_min_rows: Annotated[int, Field(ge=1)] = 100
    rollback_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.01
    rollback_degraded_rate: Annotated[float, Field(ge=0, le=1)] = 0.2
    # A registry without the default model is asked this often; what serves is compared
    # this often.
    poll_seconds: Annotated[float, Field(gt=0)] = 1.0
    watch_seconds: Annotated[float, Field(gt=0)] = 30.0
    start_wait_seconds: Annotated[float, Field(ge=0)] = 5.0
    max_batch_bytes: int = 16 * 1024 * 1024

    def rollback_limits(self) -> RollbackLimits:
        """When a new version has to go."""
        return RollbackLimits(
            window_s=self.rollback_window_seconds,
            least=self.rollback_min_rows,
            failed=self.rollback_error_rate,
            degraded=self.rollback_degraded_rate,
        )

    def registry(self) -> str:
        """Where the models are; `<var>/registry` on a developer's machine."""
        if where := address(self.registry_uri, self.tracking_uri):
            return where
        if self.production:
            raise SecretMissing(
                "MODEL_REGISTRY_URI or MLFLOW_TRACKING_URI is required when "
                "FRAUD_ENV=production"
            )
        return str(self.var_dir / "registry")

    def require_keys(self) -> None:
        """Raise `SecretMissing` at start when production has no public key."""
        if self.production and not self.public_key:
            raise SecretMissing(f"{PUBLIC_KEY} is required when FRAUD_ENV=production")

    def verifier(self) -> Verifier:
        """The trusted keys. In development `<var>/signing.pub.pem` may appear later:
        until then `RegistryUnavailable`."""
        if self.public_key:
            return Verifier(self.public_key)
        path = self.var_dir / PUBLIC_FILE
        if self.production or not path.exists():
            raise RegistryUnavailable(f"no {PUBLIC_KEY} and no {path.name}")
        return Verifier(path.read_text())
