"""Routes for auditors: what was done, row by row, and the newest signed checkpoint."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from fraud_orchestrator.api.guards import needs
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.base import Instant


class AuditedAct(BaseModel):
    """What somebody did through the gateway."""

    act_id: str = Field(description="Of this row.", examples=["5f1c0e"])
    at: datetime = Field(
        description="When, UTC.", examples=["2026-11-30T10:00:00.000000Z"]
    )
    actor: str = Field(description="The client of the key.", examples=["ana"])
    act: str = Field(description="The route.", examples=["POST /v1/blocks"])
    subject: str = Field(
        description="The parameters of the route, name=value.",
        examples=["case_id=c-17"],
    )
    request_id: str = Field(description="X-Request-ID.", examples=["r-1"])
    body: str | None = Field(
        description="HMAC-SHA-256 of the body, in hex.", examples=["9f86d081"]
    )
    status: int | None = Field(
        description="HTTP status of the answer; none before it was done.",
        examples=[201],
    )


class AuditedActs(BaseModel):
    """A page, oldest first."""

    items: list[AuditedAct] = Field(description="The acts.")
    next_cursor: str | None = Field(
        description="Asks for the next page; none after the last.", examples=["5f1c0e"]
    )


class Checkpoint(BaseModel):
    """A signature over the newest link of the audit log: keep it outside."""

    seq: int = Field(description="Rows sealed up to here.", examples=[120])
    at: datetime = Field(
        description="When it was signed, UTC.",
        examples=["2026-11-30T10:00:00.000000Z"],
    )
    link: str = Field(
        description="The link of that row, in hex.", examples=["9f86d081"]
    )
    public_key: str = Field(
        description="Ed25519 public key, base64.", examples=["MCowBQYDK2VwAyEA"]
    )
    signature: str = Field(description="Base64.", examples=["c2lnbmF0dXJl"])


def router(gateway: Gateway) -> APIRouter:
    """The audit log, read only."""
    routes = APIRouter(
        prefix="/v1/audit",
        tags=["auditors"],
        dependencies=[needs(gateway, "audit")],
    )

    @routes.get("", operation_id="listAudited", response_model=AuditedActs)
    async def acts(
        since: Annotated[
            Instant | None, Query(alias="from", description="Not before.")
        ] = None,
        until: Annotated[
            Instant | None, Query(alias="to", description="Before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="Rows a page.")] = 100,
        cursor: Annotated[
            str | None, Query(max_length=200, description="Of the page before.")
        ] = None,
    ) -> AuditedActs:
        """Who did what, oldest first."""
        rows, following = await gateway.audit_log.acts(since, until, limit, cursor)
        return AuditedActs(
            items=[AuditedAct(**row._mapping) for row in rows], next_cursor=following
        )

    @routes.get(
        "/checkpoint", operation_id="getAuditCheckpoint", response_model=Checkpoint
    )
    async def checkpoint() -> Checkpoint:
        """The newest signed checkpoint. 404 before the first."""
        row = await gateway.audit_log.checkpoint()
        return Checkpoint(
            seq=row.seq,
            at=row.at,
            link=bytes(row.link).hex(),
            public_key=row.public_key,
            signature=row.signature,
        )

    return routes
