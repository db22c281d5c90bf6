"""Who may come in: API keys with scopes, and a rate limit per client."""

import math
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import urlsplit

from fraud_features.store.open_store import CONNECT_S
from fraud_features.store.redis.multiplexer import RedisMultiplexer
from fraud_orchestrator.ratelimit import Limiter, MemoryLimiter, Rate
from fraud_orchestrator.redis_limiter import RedisLimiter
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.telemetry import LIMITED, WRONG_KEYS
from fraud_shared.mesh import deadline as deadlines
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.web.connections import Network, source, within
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import Guard
from fraud_shared.web.keys import (
    EVERY_TENANT,
    LIVE_SCOPES,
    SEE_ALL,
    Client,
    KeyRing,
    Scope,
    is_name,
    key_hash,
)
from fraud_shared.web.problems import (
    Forbidden,
    FraudError,
    InvalidInput,
    RateLimited,
)

DEVELOPMENT_CLIENT = "demo"
_MOST_GOOD_KEYS = 10_000
# The scopes in which a key may choose another tenant that it is declared for.
_FOR_OTHERS = frozenset(("read", "label", *SEE_ALL))
_LONGEST_ADDRESS = 45


class KeysMissing(FraudError):
    """Production needs API keys."""

    type = "api-keys-missing"


class DeadlineTooShort(FraudError):
    """The caller allows less time than a decision on full evidence takes."""

    status = 400
    type = "deadline-too-short"

    def __init__(self, minimum_ms: float) -> None:
        super().__init__(f"X-Deadline-Ms must be at least {minimum_ms:g} milliseconds.")


class Authentication:
    """Turns an API key into a client, and holds each client to its rate."""

    def __init__(
        self,
        settings: Settings,
        monotonic: Callable[[], float] = time.monotonic,
        limiter: Limiter | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`limiter` is given by tests; otherwise Redis's, where the settings name one."""
        self.ring = key_ring(settings, (clock or SystemClock()).now)
        self._proxies = settings.trusted_proxies
        rate = Rate(settings.rate_per_s, settings.rate_burst)
        self._burst = rate.burst
        self._limiter = limiter or open_limiter(settings, rate, monotonic)
        window_s = max(1, math.ceil(rate.burst / rate.per_s))
        self._policy = b'"client";q=%d;w=%d' % (rate.burst, window_s)
        per_minute = settings.wrong_keys_per_minute
        self._wrong = MemoryLimiter(Rate(per_minute / 60, per_minute), monotonic)
        # Hashes of keys that were good once: they are looked up however many wrong ones
        # come from the same address.
        self._good: set[int] = set()
        self._min_deadline_ms = settings.min_deadline_ms

    def guard(self, *scopes: Scope) -> Guard:
        """Lets in clients whose key has one of `scopes`; without any, every client.

        Raises Forbidden (403), DeadlineTooShort (400), and RateLimited (429 with
        Retry-After) for a key that is not known, from an address that sent too many
        wrong ones.
        """

        def check(context: RequestContext) -> None:
            client = self.authenticate(context)
            held = client.granted.intersection(scopes)
            if scopes and not held:
                raise Forbidden
            context.tenant = _tenant(client, held, context.header("x-tenant"))
            self._check_deadline(context)

        check.scopes = scopes  # type: ignore[attr-defined]
        return check

    def authenticate(self, context: RequestContext) -> Client:
        """The client whose key `call` carries, also as its `principal`. Raises as `guard`."""
        if isinstance(context.principal, Client):
            return context.principal
        key = presented_key(context)
        mark = hash(key)
        if mark not in self._good:
            self._refuse_guesses(context)
        client = self.ring.client(key)
        if client is None:
            if key:
                WRONG_KEYS.inc()
                self._wrong.take_now(caller_address(context, self._proxies), 1)
            raise Forbidden
        if mark not in self._good:
            if len(self._good) >= _MOST_GOOD_KEYS:
                self._good.clear()
            self._good.add(mark)
        context.caller, context.principal = client.caller, client
        return client

    def _refuse_guesses(self, context: RequestContext) -> None:
        wait_s = self._wrong.peek(caller_address(context, self._proxies)).wait_s
        if wait_s > 0:
            raise RateLimited(
                "Too many wrong keys came from this address.",
                headers={"retry-after": str(math.ceil(wait_s))},
            )

    def _check_deadline(self, context: RequestContext) -> None:
        """Nobody may buy a verdict on less evidence by being impatient."""
        given = deadlines.milliseconds(context.header(deadlines.HEADER))
        if given is not None and given < self._min_deadline_ms:
            raise DeadlineTooShort(self._min_deadline_ms)

    async def charge(self, context: RequestContext, units: int) -> None:
        """Take `units` from the rate of the client of `call`, whose reply says what is
        left. Raises RateLimited (429 with Retry-After)."""
        taken = await self._limiter.take(context.caller, units)
        context.reply_headers = (
            (b"ratelimit-policy", self._policy),
            (
                b"ratelimit",
                b'"client";r=%d;t=%d' % (taken.remaining, math.ceil(taken.reset_s)),
            ),
        )
        if taken.wait_s <= 0:
            return
        LIMITED.labels(context.caller).inc()
        if units > self._burst:  # no time would be enough
            raise RateLimited(f"Send at most {self._burst} items at once.")
        raise RateLimited(headers={"retry-after": str(math.ceil(taken.wait_s))})

    async def close(self) -> None:
        """End the limiter's connection."""
        await self._limiter.close()


def open_limiter(
    settings: Settings, rate: Rate, monotonic: Callable[[], float]
) -> Limiter:
    """The limiter of all gateways in `REDIS_URL`, else one of this process."""
    memory = MemoryLimiter(rate, monotonic)
    # `memory://` is the store of one process: nobody shares it.
    if urlsplit(settings.redis_url).scheme in ("", "memory"):
        return memory
    timeout_s = settings.rate_timeout.total_seconds()
    line = RedisMultiplexer(
        settings.redis_url,
        timeout=timeout_s,
        connect_timeout=max(CONNECT_S, timeout_s),
    )
    return RedisLimiter(line, rate, memory, monotonic)


def caller_address(context: RequestContext, proxies: tuple[Network, ...]) -> str:
    """Where a call comes from: the peer, or what trusted proxies say of theirs."""
    if proxies and within(context.address, proxies):
        hops = (context.header("x-forwarded-for") or "").split(",")
        for hop in map(str.strip, reversed(hops)):
            if not 0 < len(hop) <= _LONGEST_ADDRESS:
                break
            if not within(hop, proxies):
                return source(hop)
    return source(context.address)


def _tenant(client: Client, scopes: frozenset[str], wanted: str | None) -> str:
    """Whose payments the request is about. Raises Forbidden for a tenant that the key is
    not declared for, InvalidInput for what is no name; a payment is always that of its own
    client."""
    if wanted is None or wanted == client.own_tenant:
        return client.own_tenant
    if not scopes & _FOR_OTHERS or not client.may_act_for(wanted):
        raise Forbidden
    # A key for every tenant may name any, but it must be the name of one.
    if not is_name(wanted):
        raise InvalidInput(errors=[("header.X-Tenant", "is not the name of a tenant")])
    return wanted


def in_test_mode(context: RequestContext) -> bool:
    """Whether the key of a request is for test mode."""
    client = context.principal
    return isinstance(client, Client) and client.in_test_mode


def actor(context: RequestContext, scopes: Iterable[Scope]) -> Actor:
    """The client of a request that was let in for `scopes`, as another service is told of
    it: with everything its key is declared for where one of its scopes sees what others
    own, else with the tenant that the request is about."""
    client: Client = context.principal
    wide = SEE_ALL.intersection(scopes) & client.scopes
    chosen = context.header("x-tenant") is not None or not wide
    tenants = (context.tenant,) if chosen else client.visible
    return Actor(client.name, client.scopes, tenants, context.tenant)


def presented_key(context: RequestContext) -> str | None:
    """The key in `X-API-Key`, or in `Authorization: Bearer` (clients of yente: `ApiKey`)."""
    key = context.header("x-api-key")
    if key is not None:
        return key
    scheme, _, token = (context.header("authorization") or "").partition(" ")
    return token if scheme.lower() in ("bearer", "apikey") else None


def key_ring(settings: Settings, now: Callable[[], datetime]) -> KeyRing:
    """The configured keys; in development, without any, one key with every scope."""
    pepper = settings.secret("FRAUD_KEY_PEPPER", settings.key_pepper)
    configured = settings.api_keys.get_secret_value()
    if configured:
        return KeyRing.parse(pepper, configured, now)
    if settings.production:
        raise KeysMissing("FRAUD_API_KEYS is required when FRAUD_ENV=production")
    key = settings.secret("FRAUD_DEV_API_KEY", settings.api_keys)
    # Its payments count: a key of scope `test` is made on purpose.
    client = Client(
        DEVELOPMENT_CLIENT,
        frozenset(LIVE_SCOPES),
        tenants=frozenset({EVERY_TENANT}),
        key_id="development",
    )
    return KeyRing(pepper, [(key_hash(pepper, key), client)], now)
