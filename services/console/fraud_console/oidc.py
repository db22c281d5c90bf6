"""Sign-in by OpenID Connect: who it is. What they may do is on the console's own list."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from fraud_console.settings import Settings
from fraud_shared.errors import FraudError

SCOPE = "openid email profile"
# What the browser brings back must come within this, or it starts again.
WAIT_S = 600
_UNREADABLE = (KeyError, TypeError, ValueError)


class SignInFailed(FraudError):
    """The sign-in at the identity provider could not be completed."""

    status = 403
    type = "sign-in-failed"


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way, kept by the browser in a cookie that no script can read."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def fresh(cls) -> "Pending":
        """Three random values."""
        return cls(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
        )

    @classmethod
    def read(cls, text: str | None) -> "Pending | None":
        """From a cookie's value."""
        parts = (text or "").split(" ")
        return cls(*parts) if len(parts) == 3 else None

    def write(self) -> str:
        """As a cookie's value."""
        return f"{self.state} {self.nonce} {self.verifier}"


class OpenIdConnect:
    """The authorisation code flow with PKCE, state and nonce."""

    def __init__(
        self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._redirect = settings.public_url.rstrip("/") + "/sign-in/callback"
        self._transport = transport

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._transport, timeout=10.0)

    async def start(self, pending: Pending) -> str:
        """Where the browser is sent. Raises SignInFailed."""
        try:
            async with self._http() as http:
                found = await self._provider(http)
        except (httpx.HTTPError, ValueError) as error:
            raise SignInFailed("The identity provider does not answer.") from error
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "scope": SCOPE,
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
        }
        url = add_params_to_uri(found["authorization_endpoint"], list(asked.items()))
        return str(url)

    async def finish(self, pending: Pending, state: str, code: str) -> str:
        """The name of who came back, in lower case. Raises SignInFailed."""
        if not secrets.compare_digest(state.encode(), pending.state.encode()):
            raise SignInFailed("The answer belongs to another sign-in.")
        try:
            async with self._http() as http:
                found = await self._provider(http)
                token = await self._token(http, found, code, pending.verifier)
                keys = (await http.get(found["jwks_uri"])).raise_for_status().json()
            claims = self._claims(token, keys, pending.nonce)
        except (httpx.HTTPError, AuthlibBaseError, JoseError, *_UNREADABLE) as error:
            raise SignInFailed("The identity provider did not confirm it.") from error
        name = claims.get("preferred_username") or claims.get("email") or ""
        return str(name).partition("@")[0].lower()

    async def _token(
        self, http: httpx.AsyncClient, found: dict[str, Any], code: str, verifier: str
    ) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        # A public client has nothing to authenticate with but the verifier.
        basic = httpx.BasicAuth(self._client_id, self._secret) if self._secret else None
        reply = await http.post(
            found["token_endpoint"], data=form, auth=basic or httpx.Auth()
        )
        return str(reply.raise_for_status().json()["id_token"])

    async def _provider(self, http: httpx.AsyncClient) -> dict[str, Any]:
        reply = await http.get(f"{self._issuer}/.well-known/openid-configuration")
        found: dict[str, Any] = reply.raise_for_status().json()
        if found.get("issuer", "").rstrip("/") != self._issuer:
            raise SignInFailed("The provider calls itself by another name.")
        return found

    def _claims(self, token: str, keys: Any, nonce: str) -> dict[str, Any]:
        decoded = jwt.decode(
            token,
            KeySet.import_key_set(keys),
            algorithms=["RS256", "RS384", "RS512", "ES256", "PS256", "EdDSA"],
        )
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {
                    "essential": True,
                    "values": [self._issuer, self._issuer + "/"],
                },
                "aud": {"essential": True, "value": self._client_id},
                "exp": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            },
            params={"nonce": nonce, "client_id": self._client_id},
        )
        claims.validate(leeway=60)
        return dict(claims)
