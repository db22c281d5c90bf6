"""Sign-in by OpenID Connect against a provider in memory."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from fraud_console.oidc import OpenIdConnect, Pending, SignInFailed

from .conftest import Console, settings

ISSUER = "https://id.example"
KEY = RSAKey.generate_key(2048, parameters={"kid": "k1"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "k1"})


@dataclass
class Provider:
    """Signs what it is told to; remembers the last request for a token."""

    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: KEY)
    issuer: str = ISSUER
    asked: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(
                200,
                json={
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                    "jwks_uri": f"{ISSUER}/keys",
                },
            )
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        self.asked = parse_qs(request.content.decode())
        claims = {
            "iss": ISSUER,
            "aud": "console",
            "sub": "1",
            "exp": int(time.time()) + 60,
            "iat": int(time.time()),
            "preferred_username": "Ada@bank.example",
            **self.claims,
        }
        header = {"alg": "RS256", "kid": "k1"}
        token = jwt.encode(header, claims, self.key)
        return httpx.Response(200, json={"id_token": token, "access_token": "x"})


def connect(provider: Provider, var: Path) -> OpenIdConnect:
    chosen = settings(
        var,
        oidc_issuer=ISSUER,
        oidc_client_id="console",
        public_url="https://console.example",
    )
    return OpenIdConnect(chosen, httpx.MockTransport(provider.answer))


class TestFlow:
    async def test_the_browser_is_sent_with_state_nonce_and_challenge(
        self, tmp_path: Path
    ):
        pending = Pending.fresh()
        url = await connect(Provider(), tmp_path).start(pending)
        asked = parse_qs(urlsplit(url).query)
        assert asked["state"] == [pending.state]
        assert asked["nonce"] == [pending.nonce]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["redirect_uri"] == ["https://console.example/sign-in/callback"]
        assert pending.verifier not in url

    async def test_who_comes_back_is_named_in_lower_case(self, tmp_path: Path):
        pending = Pending.fresh()
        provider = Provider({"nonce": pending.nonce})
        oidc = connect(provider, tmp_path)
        assert await oidc.finish(pending, pending.state, "code") == "ada"
        assert provider.asked["code_verifier"] == [pending.verifier]

    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "another"},
            {"aud": "another"},
            {"iss": "https://evil.example"},
            {"exp": 1},
        ],
    )
    async def test_a_token_for_another_purpose_is_refused(
        self, tmp_path: Path, claims: dict[str, Any]
    ):
        pending = Pending.fresh()
        provider = Provider({"nonce": pending.nonce, **claims})
        with pytest.raises(SignInFailed):
            await connect(provider, tmp_path).finish(pending, pending.state, "code")

    async def test_a_token_of_another_key_is_refused(self, tmp_path: Path):
        pending = Pending.fresh()
        provider = Provider({"nonce": pending.nonce}, key=OTHER)
        with pytest.raises(SignInFailed):
            await connect(provider, tmp_path).finish(pending, pending.state, "code")

    async def test_another_state_is_refused_before_anything_is_asked(
        self, tmp_path: Path
    ):
        provider = Provider()
        with pytest.raises(SignInFailed):
            await connect(provider, tmp_path).finish(Pending.fresh(), "other", "code")
        assert provider.asked == {}

    async def test_a_provider_by_another_name_is_refused(self, tmp_path: Path):
        with pytest.raises(SignInFailed):
            await connect(Provider(issuer="https://b"), tmp_path).start(Pending.fresh())


class TestRoutes:
    async def test_only_who_is_on_the_list_gets_in(
        self, console: Console, tmp_path: Path
    ):
        provider = Provider()
        console.service.oidc = connect(provider, tmp_path)
        http = await console.anonymous()
        for expected in (403, 303):
            if expected == 303:
                await console.service.users.add("ada", ["analyst"])
            sent = await http.post("/sign-in/provider")
            asked = parse_qs(urlsplit(sent.headers["location"]).query)
            provider.claims["nonce"] = asked["nonce"][0]
            place = f"/sign-in/callback?state={asked['state'][0]}&code=c"
            assert (await http.get(place)).status_code == expected
        assert (await http.get("/cases")).status_code == 200

    async def test_passwords_are_off_with_a_provider(
        self, console: Console, tmp_path: Path
    ):
        console.service.oidc = connect(Provider(), tmp_path)
        http = await console.anonymous()
        form = {"name": "ada", "password": "x"}
        assert (await http.post("/sign-in", data=form)).status_code == 403
        assert "identity provider" in (await http.get("/sign-in")).text
