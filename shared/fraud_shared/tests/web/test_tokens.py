"""Service tokens: who may call whom."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_shared.mesh.tokens import (
    CLOCK_SKEW_S,
    LIFETIME_S,
    Actor,
    TokenIssuer,
    TokenVerifier,
)
from fraud_shared.testing.asgi import TEST_TOKEN_KEY as KEY

OTHER_KEY = "another-key-of-at-least-32-characters!"


def bearer(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": "rules", "aud": "kit", "iat": now, "nbf": now, "exp": now + 60}
    claims = {k: v for k, v in (claims | changes).items() if v is not None}
    return f"Bearer {jwt.encode(claims, key, algorithm=algorithm)}"


def unsigned(header: dict[str, str]) -> str:
    def part(value: object) -> str:
        return (
            base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        )

    claims = jwt.decode(bearer()[7:], options={"verify_signature": False})
    return f"Bearer {part(header)}.{part(claims)}."


class TestIssuer:
    def test_names_itself_to_its_audience(self) -> None:
        header = TokenIssuer("orchestrator", KEY).bearer("kit")
        assert TokenVerifier("kit", KEY).caller(header) == "orchestrator"
        assert TokenVerifier("rules", KEY).caller(header) is None

    def test_lives_a_minute_and_is_reused_meanwhile(self) -> None:
        issuer = TokenIssuer("a", KEY)
        claims = jwt.decode(issuer.bearer("b")[7:], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == LIFETIME_S == 60
        assert issuer.bearer("b") is issuer.bearer("b")


class TestActor:
    def test_is_carried_whole_and_only_under_the_signature(self) -> None:
        actor = Actor("desk", frozenset({"analyst", "read"}), ("bank", "shop"), "bank")
        issuer = TokenIssuer("orchestrator", KEY)
        verified = TokenVerifier("kit", KEY).verified(issuer.bearer("kit", actor))
        assert verified is not None
        assert (verified.caller, verified.actor) == ("orchestrator", actor)
        forged = TokenIssuer("orchestrator", OTHER_KEY).bearer("kit", actor)
        assert TokenVerifier("kit", KEY).verified(forged) is None

    def test_differs_from_the_service_itself_and_from_others(self) -> None:
        issuer, verifier = TokenIssuer("orchestrator", KEY), TokenVerifier("kit", KEY)
        for actor in (None, Actor("a"), Actor("b"), None):
            verified = verifier.verified(issuer.bearer("kit", actor))
            assert verified is not None
            assert verified.actor == actor

    def test_issuer_keeps_no_more_tokens_than_it_may(self) -> None:
        issuer = TokenIssuer("orchestrator", KEY)
        for number in range(2100):
            issuer.bearer("kit", Actor(f"client-{number}"))
        assert len(issuer._cache) <= 1024


class TestVerifier:
    def test_takes_a_good_one_again_and_again(self) -> None:
        verifier, good = TokenVerifier("kit", KEY), bearer()
        assert [verifier.caller(good) for _ in range(3)] == ["rules"] * 3

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
    def test_the_scheme_has_no_case(self, scheme: str) -> None:
        header = bearer().replace("Bearer", scheme)
        assert TokenVerifier("kit", KEY).caller(header) == "rules"

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer x.y.z",
            "Basic dGVzdDp0ZXN0",
            bearer()[7:],
            bearer() + "x",
            bearer(key=OTHER_KEY),
            bearer(aud="rules"),
            bearer(aud=["rules", "action"]),
            bearer(exp=int(time.time()) - CLOCK_SKEW_S - 1),
            bearer(nbf=int(time.time()) + CLOCK_SKEW_S + 600),
            bearer(iat=int(time.time()) + CLOCK_SKEW_S + 600),
            bearer(exp=None),
            bearer(nbf=None),
            bearer(iat=None),
            bearer(iss=None),
            bearer(aud=None),
            bearer(exp="later"),
            bearer(key=KEY * 2, algorithm="HS512"),
            bearer(key=KEY * 2, algorithm="HS384"),
            unsigned({"alg": "none", "typ": "JWT"}),
            unsigned({"alg": "HS256", "typ": "JWT"}),
            unsigned({"alg": "RS256", "typ": "JWT"}),
        ],
    )
    def test_verifier_refuses_it(self, header: str | None) -> None:
        assert TokenVerifier("kit", KEY).caller(header) is None

    def test_forgets_what_has_expired(self) -> None:
        verifier = TokenVerifier("kit", KEY)
        old = bearer(exp=int(time.time()) - 5)
        assert verifier.caller(old) == "rules"  # within the skew that is allowed
        verifier._cache[old] = (0.0, "rules")
        assert verifier.caller(old) == "rules"
        assert verifier.caller(bearer(exp=int(time.time()) - 40)) is None

    def test_keeps_a_bounded_number(self) -> None:
        verifier = TokenVerifier("kit", KEY)
        for number in range(300):
            assert verifier.caller(bearer(iss=f"s{number}")) == f"s{number}"
        assert len(verifier._cache) == 256

    @given(st.text())
    def test_no_header_breaks_it(self, junk: str) -> None:
        verifier = TokenVerifier("kit", KEY)
        assert verifier.caller(junk) is None
        assert verifier.caller(f"Bearer {junk}") is None

    @given(st.integers(0, 400), st.characters(codec="ascii"))
    def test_no_changed_character_passes(self, at: int, other: str) -> None:
        good = bearer()
        head, _, signature = good.rpartition(".")
        at %= len(head)
        changed = f"{head[:at]}{other}{head[at + 1 :]}.{signature}"
        if changed[7:] != good[7:]:
            assert TokenVerifier("kit", KEY).caller(changed) is None
