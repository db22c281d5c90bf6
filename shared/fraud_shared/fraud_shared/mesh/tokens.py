"""Service tokens: 60-second HS256 JWTs bound to one audience.

Signing and verifying are cached, so that a hop costs a dictionary look-up. A token may also
say on whose behalf the service asks (`sub`, `scope` and `tenants`, beside `iss`): who that
is, is thereby signed and not a header that anybody could set.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import jwt

LIFETIME_S = 60
RENEW_AFTER_S = 30
CLOCK_SKEW_S = 30
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Actor:
    """The client of the gateway that a service asks for.

    `scopes`: what its key may do. `tenants`: whose rows it may see in this request; `*`
    alone is everybody's. `tenant`: whose is what it adds.
    """

    client: str
    scopes: frozenset[str] = frozenset()
    tenants: tuple[str, ...] = ()
    tenant: str = ""


class TokenIssuer:
    """Mints this service's tokens, one per audience and actor."""

    _CACHE_SIZE = 1024

    def __init__(self, issuer: str, key: str) -> None:
        self._issuer = issuer
        self._key = key
        self._cache: dict[tuple[str, Actor | None], tuple[float, str]] = {}

    def bearer(self, audience: str, actor: Actor | None = None) -> str:
        """The value of an `Authorization` header for calls to `audience`, on behalf of
        `actor` where one is given."""
        now = time.monotonic()
        cached = self._cache.get((audience, actor))
        if cached is not None and now < cached[0]:
            return cached[1]
        issued = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": audience,
            "iat": issued,
            "nbf": issued,
            "exp": issued + LIFETIME_S,
        }
        if actor is not None:
            claims["sub"] = actor.client
            claims["scope"] = " ".join(sorted(actor.scopes))
            claims["tenants"] = list(actor.tenants)
            claims["tenant"] = actor.tenant
        header = f"Bearer {jwt.encode(claims, self._key, algorithm=_ALGORITHM)}"
        if len(self._cache) >= self._CACHE_SIZE:
            self._cache.clear()
        self._cache[audience, actor] = (now + RENEW_AFTER_S, header)
        return header


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good token proves: which service asks, and for whom if for anybody."""

    caller: str
    actor: Actor | None = None


class TokenVerifier:
    """Checks tokens meant for one audience."""

    _CACHE_SIZE = 256

    def __init__(self, audience: str, key: str) -> None:
        self._audience = audience
        self._key = key
        self._cache: OrderedDict[str, tuple[float, Verified]] = OrderedDict()

    def caller(self, header: str | None) -> str | None:
        """Who signed this `Authorization` header, or None when it proves nothing."""
        verified = self.verified(header)
        return None if verified is None else verified.caller

    def verified(self, header: str | None) -> Verified | None:
        """Who signed this `Authorization` header, and for whom; None when it proves
        nothing."""
        if header is None:
            return None
        cached = self._cache.get(header)
        if cached is not None:
            if time.time() < cached[0]:
                return cached[1]
            del self._cache[header]
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                leeway=CLOCK_SKEW_S,
                options={"require": ["iss", "aud", "iat", "nbf", "exp"]},
            )
        except jwt.PyJWTError:
            return None
        verified = Verified(str(claims["iss"]), _actor(claims))
        self._cache[header] = (float(claims["exp"]), verified)
        if len(self._cache) > self._CACHE_SIZE:
            self._cache.popitem(last=False)
        return verified


def _actor(claims: dict[str, Any]) -> Actor | None:
    client = claims.get("sub")
    if client is None:
        return None
    scopes = frozenset(str(claims.get("scope", "")).split())
    tenants = tuple(map(str, claims.get("tenants", ())))
    return Actor(str(client), scopes, tenants, str(claims.get("tenant", "")))
