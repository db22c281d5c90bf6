"""What the routers share: the caller, identifiers in paths and queries, scopes."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator

from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.canonical import account_text
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import current_call
from fraud_shared.web.keys import Scope

Caller = Annotated[RequestContext, Depends(current_call)]
Id = Annotated[
    str,
    Path(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+=-]*$"),
]
AccountPath = Annotated[Id, BeforeValidator(account_text)]
OptionalId = Annotated[
    str | None, Query(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+=-]*$")
]
OptionalAccount = Annotated[
    OptionalId, BeforeValidator(lambda given: given and account_text(given))
]


def needs(gateway: Gateway, *scopes: Scope) -> Any:
    """A dependency that lets in keys with one of `scopes`; without any, every key."""
    guard = gateway.admission.guard(*scopes)

    async def check(context: Caller) -> None:
        guard(context)
        await gateway.admission.charge(context, 1)

    # What the document, and the matrix of roles and routes, know of it.
    check.scopes = scopes  # type: ignore[attr-defined]
    return Depends(check)
