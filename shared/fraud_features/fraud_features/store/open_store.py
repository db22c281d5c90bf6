"""From a URL to an online store: the one place that knows every executor."""

from urllib.parse import parse_qs, urlsplit

from fraud_features.store.port import OnlineStore

# A connection takes longer than an answer, and is made rarely.
CONNECT_S = 0.050


def open_online_store(
    url: str, *, prefix: str = "fraud", timeout_ms: float = 10.0
) -> OnlineStore:
    """The store behind a URL, which answers within `timeout_ms` or is unavailable.

    `memory://` is in-process and starts cold; `memory://?warm=1` starts declared complete.
    `redis://`, `rediss://` and `unix:///path.sock` are Redis; keys begin with `prefix`.
    """
    parts = urlsplit(url)
    if parts.scheme == "memory":
        from fraud_features.store.memory.store import MemoryOnlineStore

        return MemoryOnlineStore(warm=parse_qs(parts.query).get("warm") == ["1"])
    if parts.scheme in ("redis", "rediss", "unix"):
        # Imported when asked for: only this store needs the extra `online`.
        from fraud_features.store.redis.store import RedisOnlineStore

        timeout_s = timeout_ms / 1000
        return RedisOnlineStore(
            url,
            prefix=prefix,
            socket_timeout=timeout_s,
            connect_timeout=max(CONNECT_S, timeout_s),
        )
    raise ValueError(
        "online store URL must be memory://, redis://, rediss:// or unix://"
    )
