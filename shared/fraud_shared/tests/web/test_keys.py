"""API keys."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_shared.web.keys import KeyRing, key_hash, new_key

PEPPER = "pepper"


def entry(key: str, client: str = "shop", **changes: Any) -> dict[str, Any]:
    fields = {"client": client, "hash": key_hash(PEPPER, key), "scopes": ["score"]}
    return {k: v for k, v in (fields | changes).items() if v is not None}


def ring(*entries: dict[str, Any]) -> KeyRing:
    return KeyRing.parse(PEPPER, json.dumps(entries))


class TestKeys:
    def test_hold_256_random_bits(self) -> None:
        one, two = new_key("shop"), new_key("shop")
        assert one != two
        assert one.startswith("fk_shop_")
        assert len(one.removeprefix("fk_shop_")) == 43

    def test_are_found_by_keyed_hash_only(self) -> None:
        key = new_key("shop")
        found = ring(entry(key)).client(key)
        assert found is not None
        assert (found.name, found.scopes) == ("shop", frozenset({"score"}))
        assert KeyRing.parse("salt", json.dumps([entry(key)])).client(key) is None

    @pytest.mark.parametrize("key", [None, "", "fk_shop_x", "x" * 257, "é\x00"])
    def test_others_are_nobody(self, key: str | None) -> None:
        assert ring(entry(new_key("shop"))).client(key) is None

    @given(st.text())
    def test_no_key_breaks_it(self, key: str) -> None:
        assert ring(entry("fk_shop_1")).client(key) is None

    def test_the_hash_is_no_key(self) -> None:
        key = new_key("shop")
        assert ring(entry(key)).client(key_hash(PEPPER, key)) is None


class TestRotation:
    def test_two_keys_of_a_client_live_together(self) -> None:
        old, new = new_key("shop"), new_key("shop")
        both = ring(entry(old), entry(new))
        assert both.client(old) == both.client(new)

    def test_three_do_not(self) -> None:
        with pytest.raises(ValueError, match="two live keys"):
            ring(*(entry(new_key("shop")) for _ in range(3)))


class TestEntries:
    def test_none_are_none(self) -> None:
        assert KeyRing.parse(PEPPER, "").client("x") is None

    @pytest.mark.parametrize(
        "broken",
        [
            entry("k", hash=None),
            entry("k", client=None),
            entry("k", scopes=None),
            entry("k", scopes="score"),
            entry("k", scopes=["root"]),
            entry("k", scopes=[[]]),
            entry("k", hash="é" * 64),
            entry("k", hash="ABC"),
            entry("k", tenants="market"),
            entry("k", tenants=5),
            entry("k", tenants=["a\nb"]),
            entry("k", tenant="*"),
            entry("k", client="a\nb"),
        ],
    )
    def test_broken_ones_stop_the_start(self, broken: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=r"."):
            ring(broken)

    @pytest.mark.parametrize("text", ["{", "5", '"a"', '["a"]', "[null]", '{"a": 1}'])
    def test_so_does_what_is_no_list_of_them(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            KeyRing.parse(PEPPER, text)


class TestTenants:
    def test_client_is_its_own_tenant_by_default(self) -> None:
        client = ring(entry("k")).client("k")
        assert client is not None
        assert client.own_tenant == "shop"
        assert client.visible == ("shop",)
        assert not client.may_act_for("market")

    def test_declared_tenants_are_visible_besides_its_own(self) -> None:
        client = ring(entry("k", tenant="bank", tenants=["market"])).client("k")
        assert client is not None
        assert client.visible == ("bank", "market")
        assert client.may_act_for("market")
        assert not client.may_act_for("shop")

    def test_star_is_every_tenant(self) -> None:
        client = ring(entry("k", tenants=["*"])).client("k")
        assert client is not None
        assert client.visible == ("*",)
        assert client.may_act_for("anyone")
