"""What a verdict causes: from the request to the effects it asks for, without doing any."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fraud_shared.contracts.action import (
    ActionKind,
    ActionRequest,
    BlockKind,
    action_id,
)

_PREFIX: dict[ActionKind, str] = {
    "otp_challenge": "otp",
    "payment_hold": "hold",
    "card_block": "block",
    "account_block": "block",
    "device_block": "block",
    "alert": "alert",
    "case": "case",
}
_BLOCKS: dict[ActionKind, BlockKind] = {
    "card_block": "card",
    "account_block": "account",
    "device_block": "device",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How long effects last."""

    challenge: timedelta
    hold: timedelta
    block: timedelta


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect to make. A block of something the payment did not name cannot be made:
    it is recorded as failed, with no reference."""

    action_id: str
    kind: ActionKind
    status: Literal["done", "failed"]
    reference: str | None
    expires_at: datetime | None
    block_kind: BlockKind | None = None
    block_key: str | None = None


def plan(request: ActionRequest, now: datetime, terms: Terms) -> tuple[Effect, ...]:
    """The effects of a request, one per distinct kind, in the order asked for."""
    return tuple(
        _effect(request, kind, now, terms) for kind in dict.fromkeys(request.actions)
    )


def _effect(
    request: ActionRequest, kind: ActionKind, now: datetime, terms: Terms
) -> Effect:
    identity = action_id(request.decision_id, kind)
    reference = f"{_PREFIX[kind]}-{identity}"
    block_kind = _BLOCKS.get(kind)
    if block_kind is None:
        lasts = {"otp_challenge": terms.challenge, "payment_hold": terms.hold}.get(kind)
        until = now + lasts if lasts is not None else None
        return Effect(identity, kind, "done", reference, until)
    key = {
        "card": request.card_token,
        "account": request.account_id,
        "device": request.device_id,
    }[block_kind]
    if key is None:
        return Effect(identity, kind, "failed", None, None, block_kind)
    until = now + terms.block
    return Effect(identity, kind, "done", reference, until, block_kind, key)
