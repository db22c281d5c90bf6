"""What production refuses to start with, one line each.

A service says all of it at once; `fraud deploy doctor` says it of every service.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

from fraud_shared.web.problems import FraudError
from fraud_shared.web.weakness import weakness

if TYPE_CHECKING:
    from fraud_shared.web.settings import ServiceSettings


class UnsafeConfiguration(FraudError):
    """Production refuses these settings."""

    type = "unsafe-configuration"


def refusals(settings: "ServiceSettings") -> list[str]:
    """Why production refuses to start with these settings; empty when it does not."""
    values = secrets_of(settings)
    found = [
        f"{name} is required when FRAUD_ENV=production"
        for name in map(settings.variable, settings.required_secrets)
        if not values.get(name)
    ]
    for name, value in values.items():
        if (why := weakness(value)) is not None and name != "FRAUD_API_KEYS":
            found.append(f"{name} {why}")
    found += repeated(values)
    found += _stores(settings)
    if settings.internal_port == settings.port:
        found.append(
            f"{settings.variable('internal_port')} must not be the public port"
        )
    return found + settings.unsafe()


def secrets_of(settings: "ServiceSettings") -> dict[str, str]:
    """The secrets that are set, by the name of their variable."""
    found = {}
    for field in type(settings).model_fields:
        value = getattr(settings, field)
        if isinstance(value, SecretStr) and value.get_secret_value():
            found[settings.variable(field)] = value.get_secret_value()
    return found


def repeated(values: Mapping[str, str]) -> list[str]:
    """Secrets that are the same under two names: one that leaks is then two."""
    first: dict[str, str] = {}
    return [
        f"{name} is the same secret as {first[value]}"
        for name, value in values.items()
        if first.setdefault(value, name) != name
    ]


def _stores(settings: "ServiceSettings") -> list[str]:
    found = []
    fields = type(settings).model_fields
    if "database_url" in fields:
        url: str = getattr(settings, "database_url", "")
        if not url:
            found.append("DATABASE_URL is required when FRAUD_ENV=production")
        elif not url.startswith("postgres"):
            found.append("DATABASE_URL must name PostgreSQL when FRAUD_ENV=production")
        if "amqp_url" in fields and not getattr(settings, "amqp_url", ""):
            found.append("AMQP_URL is required when FRAUD_ENV=production")
    if "redis_url" in fields and not getattr(settings, "redis_url", ""):
        found.append("REDIS_URL is required when FRAUD_ENV=production")
    return found
