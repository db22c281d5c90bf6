"""Which servers the tests get: one switch, and what is there."""

import dataclasses
from collections.abc import Callable

import pytest

from fraud_shared.testing import servers

STARTED = "redis://container:1/0"


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Looks for a Redis on a machine that has an engine, a local server, both or none."""
    monkeypatch.delenv("FRAUD_REQUIRE_SERVERS", raising=False)
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    monkeypatch.delenv("FRAUD_TEST_SERVERS", raising=False)
    redis = dataclasses.replace(servers._REDIS, start=lambda: STARTED)

    def find(*, engine: bool, local: bool, **variables: str) -> str:
        monkeypatch.setattr(servers, "_engine", lambda: engine)
        monkeypatch.setattr(servers, "_answers", lambda url: local)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return servers._find(redis)

    return find


class TestAuto:
    def test_engine_that_answers_gives_a_container(self, find):
        assert find(engine=True, local=True) == STARTED

    def test_without_engine_the_local_server_is_taken(self, find):
        assert find(engine=False, local=True) == servers._REDIS.url

    def test_with_neither_the_test_is_skipped(self, find):
        with pytest.raises(pytest.skip.Exception, match="no Redis at"):
            find(engine=False, local=False)

    def test_with_neither_a_required_server_fails_the_test(self, find):
        with pytest.raises(pytest.fail.Exception, match="FRAUD_REQUIRE_SERVERS=1"):
            find(engine=False, local=False, FRAUD_REQUIRE_SERVERS="1")


class TestChosen:
    def test_local_wins_over_an_engine(self, find):
        found = find(engine=True, local=True, FRAUD_TEST_SERVERS="local")
        assert found == servers._REDIS.url

    def test_containers_without_engine_are_not_replaced_by_a_local_server(self, find):
        with pytest.raises(pytest.skip.Exception, match="no container engine"):
            find(engine=False, local=True, FRAUD_TEST_SERVERS="containers")

    def test_named_server_goes_before_all(self, find):
        named = {
            "TEST_REDIS_URL": "redis://other:9/0",
            "FRAUD_TEST_SERVERS": "containers",
        }
        assert find(engine=True, local=True, **named) == "redis://other:9/0"

    def test_unknown_choice_fails_the_test(self, find):
        with pytest.raises(pytest.fail.Exception, match="auto, containers, local"):
            find(engine=True, local=True, FRAUD_TEST_SERVERS="docker")
