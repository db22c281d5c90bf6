"""Who may come in: API keys with scopes, and a rate limit per client."""

import time
from collections.abc import Callable

from fraud_orchestrator.ratelimit import Gcra
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.telemetry import LIMITED
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import Guard
from fraud_shared.web.keys import SCOPES, Client, KeyRing, Scope, key_hash
from fraud_shared.web.problems import Forbidden, FraudError, RateLimited

DEVELOPMENT_CLIENT = "demo"


class KeysMissing(FraudError):
    """Production needs API keys."""

    type = "api-keys-missing"


class Authentication:
    """Turns an API key into a client, and holds each client to its rate."""

    def __init__(
        self, settings: Settings, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = key_ring(settings)
        self._limiter = Gcra(settings.rate_per_s, settings.rate_burst, monotonic)

    def guard(self, scope: Scope) -> Guard:
        """Lets in clients whose key has `scope` and whose rate allows it.

        Raises Forbidden (403) and RateLimited (429 with Retry-After).
        """

        def check(context: RequestContext) -> None:
            client = self._keys.client(presented_key(context))
            if client is None or scope not in client.scopes:
                raise Forbidden
            context.caller, context.principal = client.name, client
            wait_s = self._limiter.wait_s(client.name)
            if wait_s > 0:
                LIMITED.labels(client.name).inc()
                raise RateLimited(headers={"retry-after": str(max(1, round(wait_s)))})

        return check


def presented_key(context: RequestContext) -> str | None:
    """The key in `X-API-Key`, or in `Authorization: Bearer` (clients of yente: `ApiKey`)."""
    key = context.header("x-api-key")
    if key is not None:
        return key
    scheme, _, token = (context.header("authorization") or "").partition(" ")
    return token if scheme.lower() in ("bearer", "apikey") else None


def key_ring(settings: Settings) -> KeyRing:
    """The configured keys; in development, without any, one key with every scope."""
    pepper = settings.secret("FRAUD_KEY_PEPPER", settings.key_pepper)
    configured = settings.api_keys.get_secret_value()
    if configured:
        return KeyRing.parse(pepper, configured)
    if settings.production:
        raise KeysMissing("FRAUD_API_KEYS is required when FRAUD_ENV=production")
    key = settings.secret("FRAUD_DEV_API_KEY", settings.api_keys)
    client = Client(DEVELOPMENT_CLIENT, frozenset(SCOPES))
    return KeyRing(pepper, [(key_hash(pepper, key), client)])
