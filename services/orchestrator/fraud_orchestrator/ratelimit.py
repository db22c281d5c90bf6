"""GCRA: an exact rolling rate limit with one number per client and no background work.

The generic cell rate algorithm (ITU-T I.371) keeps the *theoretical arrival time* of the
next request; a request is early when that lies further ahead than the burst allows.
"""

from collections.abc import Callable


class Gcra:
    """Allows `rate_per_s` requests a second and a burst of `burst` per client.

    State is this process's: with n gateway replicas a client gets n times the rate.
    """

    _MOST_CLIENTS = 100_000

    def __init__(
        self, rate_per_s: float, burst: int, monotonic: Callable[[], float]
    ) -> None:
        self._interval = 1.0 / rate_per_s
        self._tolerance = self._interval * (burst - 1)
        self._monotonic = monotonic
        self._arrival: dict[str, float] = {}

    def wait_s(self, client: str) -> float:
        """0 and the request is counted, or the seconds to wait and it is not."""
        now = self._monotonic()
        due = max(self._arrival.get(client, now), now)
        early = due - self._tolerance - now
        if early > 1e-9:
            return early
        if len(self._arrival) >= self._MOST_CLIENTS:
            self._arrival = {c: at for c, at in self._arrival.items() if at > now}
        self._arrival[client] = due + self._interval
        return 0.0
