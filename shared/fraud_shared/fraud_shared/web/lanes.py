"""How much may be under way at once: by kind of work, and by client.

A lane counts work, not waiting: a request enters once its key is good and its body is here.
"""

from typing import Literal

from fraud_shared.web.problems import Overloaded, RateLimited

# `payments`: hot routes. `batches`: hot routes with many payments each. `questions`: the
# rest. None takes places from another.
LaneName = Literal["payments", "batches", "questions"]


class Lane:
    """At most `limit` at once; one more is refused at once. Use as a context."""

    __slots__ = ("busy", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.busy = 0

    def __enter__(self) -> None:
        """Take a place. Raises Overloaded (503 with Retry-After)."""
        if self.busy >= self.limit:
            raise Overloaded
        self.busy += 1

    def __exit__(self, *_: object) -> None:
        self.busy -= 1


class OpenRequests:
    """Requests that are open for each client, bodies still on their way included."""

    __slots__ = ("_limit", "_open")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[str, int] = {}

    def enter(self, client: str) -> None:
        """Count one. Raises RateLimited (429 with Retry-After)."""
        count = self._open.get(client, 0)
        if count >= self._limit:
            raise RateLimited(
                "Too many requests of this client are open.",
                headers={"retry-after": "1"},
            )
        self._open[client] = count + 1

    def leave(self, client: str) -> None:
        """One that was counted has ended."""
        if self._open[client] == 1:
            del self._open[client]
        else:
            self._open[client] -= 1
