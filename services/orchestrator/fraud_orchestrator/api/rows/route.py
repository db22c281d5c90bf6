"""One row of the table of public routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from fraud_shared.contracts.datasets import NDJSON as NDJSON  # noqa: PLC0414
from fraud_shared.web.keys import Scope

JSON = "application/json"
YAML = "application/yaml"
HTML = "text/html"
# In OpenAPI: the words of the `fraud` command that asks a route.
COMMAND = "x-fraud-command"
# In OpenAPI: problem types of an operation by status, besides those of every operation.
PROBLEMS = "x-fraud-problems"
Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True, slots=True)
class PublicRoute:
    """One row.

    `path` has its parameters in braces, each an identifier unless `parameters` names another
    type, with `examples` for documents and tests; `inner` is the path at `service`, the same when empty. `query`, `request` and
    `response` are models; what is not declared is refused (query, request) or undocumented
    (response). `media`: what the answer may be, by `Accept`, the first without one. `takes`:
    what the body may be; with more than JSON it is passed on as it came, with its type.
    `problems`: types that it can answer with besides those of every route, by status.
    `tokenises_address`: a `value` of `kind` `ip` becomes the token that payments have.
    `personal`: answers hold personal data of one person, so that each view is on record.
    `tenant_query`: the service is told in the query whose payments are meant; `inner_method`:
    how it is asked, if otherwise. `services`: those that answer this route each for itself; the query `service` chooses.
    `asks_first`: 202 says that a second person is to carry it out.
    `command`: the words of the `fraud` command, e.g. `cases list`; none without.
    """

    method: Method
    path: str
    service: str
    scopes: tuple[Scope, ...]
    tag: str
    operation_id: str
    summary: str
    inner: str = ""
    description: str = ""
    query: type[BaseModel] | None = None
    request: type[BaseModel] | None = None
    response: Any = None
    status: int = 200
    media: tuple[str, ...] = (JSON,)
    takes: tuple[str, ...] = (JSON,)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    max_body_bytes: int | None = None
    timeout_ms: float | None = None
    problems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tenant_query: bool = False
    inner_method: str = ""
    services: tuple[str, ...] = ()
    optional_body: bool = False
    tokenises_address: bool = False
    personal: bool = False
    command: str = ""
    asks_first: bool = False

    @property
    def inner_path(self) -> str:
        """The path at the service, with the parameters of `path` in braces."""
        return self.inner or self.path
