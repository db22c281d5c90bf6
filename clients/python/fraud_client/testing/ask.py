"""One request as the fake gateway's handlers see it, and how they refuse."""

from dataclasses import dataclass
from typing import Any

import httpx


class Refused(Exception):
    """An answer that is a problem."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str = "",
        *,
        errors: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(kind)
        self.status, self.kind, self.detail = status, kind, detail
        self.errors = [{"field": field, "problem": text} for field, text in errors]


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
    accept: str = ""
