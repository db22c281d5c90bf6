"""The rate of each client for all gateways that share a Redis (decision 0011)."""

import math
from collections.abc import Callable
from typing import Any

from fraud_features.store.redis.multiplexer import (
    NoScriptError,
    RedisError,
    RedisMultiplexer,
)
from fraud_orchestrator.ratelimit import MemoryLimiter, Rate, Taken
from fraud_orchestrator.telemetry import LIMITER_FALLBACKS

# KEYS[1] TAT of a client in microseconds of Unix time. ARGV: interval in microseconds,
# burst, units, and in tests the time. Answers wait, remaining, reset; as `take`.
SCRIPT = """
local now = tonumber(ARGV[4])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000000 + t[2]
end
local interval, burst, units = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local tat = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local span = interval * burst
local wait = tat + units * interval - span - now
if wait <= 0.5 then
  tat, wait = tat + units * interval, 0
  redis.call('SET', KEYS[1], string.format('%.3f', tat),
             'PX', math.ceil((tat - now) / 1000) + 1)
end
local spare = math.max(math.floor((span - (tat - now)) / interval + 0.001), 0)
return {math.ceil(wait), spare, math.ceil(tat - now)}
"""


class RedisLimiter:
    """For all gateways that share a Redis. Where that does not answer in time the limiter
    of this process decides, and Redis is left alone for `pause_s`: a payment never waits
    for it twice."""

    def __init__(
        self,
        line: RedisMultiplexer,
        rate: Rate,
        fallback: MemoryLimiter,
        monotonic: Callable[[], float],
        *,
        prefix: str = "fraud:rate:",
        pause_s: float = 1.0,
    ) -> None:
        self._line = line
        self._fallback = fallback
        self._monotonic = monotonic
        self._prefix = prefix
        self._pause_s = pause_s
        self._again_at = -math.inf
        self._is_away = False
        self._arguments = (repr(rate.interval_us), rate.burst)
        self._sha = ""

    async def take(self, client: str, units: int) -> Taken:
        """See `Limiter`."""
        if not self._is_away or self._monotonic() >= self._again_at:
            if self._is_away:  # one call tries, the others need not wait for it
                self._again_at = self._monotonic() + self._pause_s
            try:
                wait, spare, reset = await self._call(self._prefix + client, units)
                self._is_away = False
                return Taken(wait / 1e6, spare, reset / 1e6)
            except (RedisError, OSError, TimeoutError):
                self._is_away = True
                self._again_at = self._monotonic() + self._pause_s
        LIMITER_FALLBACKS.inc()
        return self._fallback.take_now(client, units)

    async def _call(self, key: str, units: int) -> Any:
        if not self._sha:
            self._sha = (await self._line.call("SCRIPT", "LOAD", SCRIPT)).decode()
        arguments = (1, key, *self._arguments, units)
        try:
            return await self._line.call("EVALSHA", self._sha, *arguments)
        except NoScriptError:
            return await self._line.call("EVAL", SCRIPT, *arguments)

    async def close(self) -> None:
        """End the connection."""
        await self._line.close()
