"""A server under load: where it listens, what it is sent, which processes it is."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from fraud_lab.bench.serving.closed_loop import Connection, post

Headers = Callable[[], Mapping[str, str]]


@dataclass(frozen=True)
class Target:
    """`processes` is how many of them answer; `roots` are those whose CPU counts, with
    what they started. Headers are made for each lap, since a service token lives a minute.
    """

    name: str
    processes: int
    port: int
    path: str
    bodies: tuple[bytes, ...]
    headers: Headers
    score: Callable[[bytes], float]
    roots: tuple[int, ...]

    @classmethod
    def of(
        cls,
        name: str,
        processes: int,
        port: int,
        path: str,
        bodies: Sequence[Mapping[str, Any]],
        score: Callable[[bytes], float],
        *roots: int,
        headers: Headers = dict,
    ) -> "Target":
        """A server on this machine that takes these JSON bodies on this path."""
        sent = tuple(json.dumps(body).encode() for body in bodies)
        return cls(name, processes, port, path, sent, headers, score, roots)

    def requests(self) -> list[bytes]:
        """The requests, ready to be written."""
        headers = self.headers()
        return [post(self.path, body, headers) for body in self.bodies]

    def cpu_s(self) -> float:
        """Seconds of CPU its processes used so far."""
        found = 0.0
        for root in self.roots:
            for process in (psutil.Process(root), *tree(root)):
                times = process.cpu_times()
                found += times.user + times.system
        return found

    async def scores(self) -> list[float]:
        """The score of each request, asked one by one. Raises WrongAnswer."""
        connection = await Connection.open(self.port)
        found = []
        try:
            for request in self.requests():
                status, body = await connection.ask(request)
                if status != 200:
                    raise WrongAnswer(f"{self.name}: status {status}: {body[:200]!r}")
                found.append(self.score(body))
        finally:
            connection.close()
        return found


class WrongAnswer(Exception):
    """A server does not answer its requests."""


def tree(root: int) -> list[psutil.Process]:
    """What a process started, and what those started."""
    try:
        return psutil.Process(root).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
