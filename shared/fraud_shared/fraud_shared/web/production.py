"""What production refuses to start with, one line each.

A service says all of it at once; `fraud deploy doctor` says it of every service.
"""

import math
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import SecretStr

from fraud_shared.web.problems import FraudError

if TYPE_CHECKING:
    from fraud_shared.web.settings import ServiceSettings

MIN_SECRET_BYTES = 32
# What a random text of that length has by far: hexadecimal digits give 4 bits each.
MIN_SECRET_BITS = 80.0
_PLACEHOLDER = re.compile(
    r"change[-_ ]?me|password|placeholder|example|replace[-_ ]?(me|this)|insecure"
    r"|development|qwert|letmein",
    re.IGNORECASE,
)


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


def weakness(value: str) -> str | None:
    """Why a secret can be guessed, or None. The text is not repeated."""
    if not value:
        return None
    if len(value.encode()) < MIN_SECRET_BYTES:
        return f"must have at least {MIN_SECRET_BYTES} bytes"
    if _PLACEHOLDER.search(value):
        return "looks like a placeholder; make one with `openssl rand -hex 32`"
    steps = [ord(after) - ord(before) for before, after in pairwise(value)]
    period = (value + value).find(value, 1)
    # Letters that repeat, that follow each other, or a short text again and again.
    if min(_bits(value), _bits(steps), _bits(value[:period])) < MIN_SECRET_BITS:
        return "can be guessed; make one with `openssl rand -hex 32`"
    return None


def _bits(items: Sequence[Hashable]) -> float:
    """Shannon's entropy of the items, over their number."""
    total = len(items)
    return -sum(n * math.log2(n / total) for n in Counter(items).values())


def _stores(settings: "ServiceSettings") -> list[str]:
    found = []
    fields = type(settings).model_fields
    if "database_url" in fields:
        url: str = getattr(settings, "database_url", "")
        if not url:
            found.append("DATABASE_URL is required when FRAUD_ENV=production")
        elif not url.startswith("postgres"):
            found.append("DATABASE_URL must name PostgreSQL when FRAUD_ENV=production")
        if not getattr(settings, "amqp_url", ""):
            found.append("AMQP_URL is required when FRAUD_ENV=production")
    if "redis_url" in fields and not getattr(settings, "redis_url", ""):
        found.append("REDIS_URL is required when FRAUD_ENV=production")
    return found
