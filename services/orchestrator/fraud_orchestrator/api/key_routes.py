"""API keys: made, listed, rotated, revoked, by keys of scope `admin`."""

from typing import Annotated

from fastapi import APIRouter, Query

from fraud_orchestrator.api.acts import change_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.rows.route import COMMAND, PROBLEMS
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.api_keys import (
    KeyList,
    KeyMade,
    KeyQuery,
    KeyView,
    NewKey,
    Rotation,
)

_ENDED = ("key-ended", "key-of-the-environment")


def router(gateway: Gateway) -> APIRouter:
    """The routes of keys."""
    routes = APIRouter(
        prefix="/v1/keys", tags=["keys"], dependencies=[needs(gateway, "admin")]
    )

    @routes.get(
        "",
        operation_id="listKeys",
        summary="Every key, without the keys",
        openapi_extra={COMMAND: "keys list"},
    )
    async def keys(asked: Annotated[KeyQuery, Query()]) -> KeyList:
        """The keys of the environment and those made here: scopes, end, last use."""
        return KeyList(items=list(await gateway.keys.list(asked)))

    @routes.post(
        "",
        operation_id="createKey",
        summary="Make a key",
        status_code=201,
        openapi_extra={COMMAND: "keys create", PROBLEMS: {"409": ["too-many-keys"]}},
    )
    async def create(wanted: NewKey, context: Caller) -> KeyMade:
        """The key is shown this once. Every gateway admits it within 5 seconds. A client
        has two live keys at most (409)."""
        about = {"client": wanted.client}
        async with change_on_record(
            gateway, context, "POST /v1/keys", about
        ) as answered:
            answered(201)
            return await gateway.keys.create(wanted, context.caller)

    @routes.post(
        "/{key_id}/rotate",
        operation_id="rotateKey",
        summary="Replace a key by another like it",
        status_code=201,
        openapi_extra={
            COMMAND: "keys rotate",
            PROBLEMS: {"409": [*_ENDED, "too-many-keys"]},
        },
    )
    async def rotate(
        key_id: Id, context: Caller, wanted: Rotation | None = None
    ) -> KeyMade:
        """The old key goes on working for the overlap, so that nobody is locked out."""
        asked = wanted or Rotation()
        act, about = "POST /v1/keys/{key_id}/rotate", {"key_id": key_id}
        async with change_on_record(gateway, context, act, about) as answered:
            answered(201)
            return await gateway.keys.rotate(key_id, asked, context.caller)

    @routes.delete(
        "/{key_id}",
        operation_id="revokeKey",
        summary="End a key",
        openapi_extra={COMMAND: "keys revoke", PROBLEMS: {"409": [_ENDED[1]]}},
    )
    async def revoke(key_id: Id, context: Caller) -> KeyView:
        """Every gateway refuses it within 5 seconds. A second time changes nothing."""
        act, about = "DELETE /v1/keys/{key_id}", {"key_id": key_id}
        async with change_on_record(gateway, context, act, about):
            return await gateway.keys.revoke(key_id, context.caller)

    return routes
