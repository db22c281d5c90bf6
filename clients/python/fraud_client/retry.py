"""When a request is sent again, and after how long: pure, the clock is an argument."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from fraud_client.errors import ApiError

# Refused before anything was done, or answered by something in between.
AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts`; full jitter over a pause that doubles from `first_s` to
    `longest_s`; what the gateway asks for (`Retry-After`) is kept to, within the deadline.

    Only what may be repeated is: reads, and writes that carry an idempotency key or are
    recognised by what they hold. Any other write is sent again only when no byte of it was, or
    the gateway refused it before doing anything.
    """

    attempts: int = 3
    first_s: float = 0.1
    longest_s: float = 2.0
    draw: Callable[[], float] = random.random

    def pause(self, attempt: int, asked_s: float | None) -> float:
        """Seconds to wait after attempt number `attempt` (from 1)."""
        if asked_s is not None:
            return asked_s
        return self.draw() * min(self.longest_s, self.first_s * 2.0 ** (attempt - 1))

    def wait_after(
        self,
        attempt: int,
        *,
        left_s: float,
        asked_s: float | None = None,
    ) -> float | None:
        """Seconds to wait before the next attempt; None when there is none, or no time."""
        if attempt >= self.attempts:
            return None
        wait = self.pause(attempt, asked_s)
        return wait if wait < left_s else None


def retried(refusal: ApiError, *, repeatable: bool) -> bool:
    """Whether a request is sent again after this refusal: any when nothing was done. A 409
    that names a time is about a payment that another request is still deciding."""
    busy = refusal.status == 409 and refusal.retry_after_s is not None
    return refusal.nothing_done or (repeatable and (busy or refusal.status in AGAIN))


NEVER = RetryPolicy(attempts=1)
