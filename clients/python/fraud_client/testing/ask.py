"""One request as the fake gateway's handlers see it, and how they refuse."""

from dataclasses import dataclass
from typing import Any

import httpx


class Refused(Exception):
    """An answer that is a problem."""

    def __init__(self, status: int, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.status, self.kind, self.detail = status, kind, detail


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key a request carries."""

    client: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as a handler sees it."""

    caller: Caller
    query: httpx.QueryParams
    body: Any
