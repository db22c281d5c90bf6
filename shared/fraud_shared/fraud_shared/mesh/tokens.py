"""Service tokens: 60-second HS256 JWTs bound to one audience.

Signing and verifying are cached, so that a hop costs a dictionary look-up.
"""

import time
from collections import OrderedDict

import jwt

LIFETIME_S = 60
RENEW_AFTER_S = 30
CLOCK_SKEW_S = 30
_ALGORITHM = "HS256"


class TokenIssuer:
    """Mints this service's tokens, one per audience."""

    def __init__(self, issuer: str, key: str) -> None:
        self._issuer = issuer
        self._key = key
        self._cache: dict[str, tuple[float, str]] = {}

    def bearer(self, audience: str) -> str:
        """The value of an `Authorization` header for calls to `audience`."""
        now = time.monotonic()
        cached = self._cache.get(audience)
        if cached is not None and now < cached[0]:
            return cached[1]
        issued = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": audience,
            "iat": issued,
            "nbf": issued,
            "exp": issued + LIFETIME_S,
        }
        header = f"Bearer {jwt.encode(claims, self._key, algorithm=_ALGORITHM)}"
        self._cache[audience] = (now + RENEW_AFTER_S, header)
        return header


class TokenVerifier:
    """Checks tokens meant for one audience."""

    _CACHE_SIZE = 256

    def __init__(self, audience: str, key: str) -> None:
        self._audience = audience
        self._key = key
        self._cache: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def caller(self, header: str | None) -> str | None:
        """Who signed this `Authorization` header, or None when it proves nothing."""
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
        caller = str(claims["iss"])
        self._cache[header] = (float(claims["exp"]), caller)
        if len(self._cache) > self._CACHE_SIZE:
            self._cache.popitem(last=False)
        return caller
