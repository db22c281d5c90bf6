"""Where real servers come from, and what happens when there is none."""

import socket

import pytest

from fraud_shared.testing import servers


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """A named Redis that does not answer."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{sock.getsockname()[1]}/0"
    monkeypatch.setenv("TEST_REDIS_URL", url)
    monkeypatch.delenv("FRAUD_REQUIRE_SERVERS", raising=False)
    return url


class TestMissing:
    def test_is_a_skip_with_the_reason(self, nobody: str) -> None:
        with pytest.raises(pytest.skip.Exception, match="no Redis at 127"):
            servers.redis_url()

    def test_is_a_failure_where_servers_are_required(
        self, nobody: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FRAUD_REQUIRE_SERVERS", "1")
        with pytest.raises(pytest.fail.Exception, match="FRAUD_REQUIRE_SERVERS"):
            servers.redis_url()


class TestFound:
    def test_the_named_one_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            url = f"amqp://u:p@127.0.0.1:{sock.getsockname()[1]}/x"
            monkeypatch.setenv("TEST_AMQP_URL", url)
            assert servers.amqp_url() == url

    def test_schemas_never_meet(self) -> None:
        assert len({servers.fresh_schema() for _ in range(100)}) == 100
