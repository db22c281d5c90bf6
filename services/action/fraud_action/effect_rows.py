"""The rows that effects are stored as."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fraud_action import tables
from fraud_action.case_queue import priority
from fraud_action.effects import Effect
from fraud_action.notifications import Queue
from fraud_action.otp import OtpFormat
from fraud_shared.contracts.action import ActionRequest

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChallengeTerms:
    """What every new challenge is made with."""

    format: OtpFormat
    key_id: str
    attempts: int


def subject(request: ActionRequest) -> dict[str, str]:
    """The payment an effect is about."""
    return {
        "decision_id": request.decision_id,
        "transaction_id": request.transaction_id,
        "account_id": request.account_id,
        "tenant": request.tenant or "",
    }


def action_row(request: ActionRequest, effect: Effect, now: datetime) -> Row:
    """The effect's entry in `actions`."""
    return {
        **subject(request),
        "action_id": effect.action_id,
        "kind": effect.kind,
        "status": effect.status,
        "reference": effect.reference,
        "created_at": now,
    }


def delivery_rows(
    request: ActionRequest, effect: Effect, queues: Iterable[Queue], now: datetime
) -> list[Row]:
    """The messages that the effect causes: one for each channel that its kind has.

    Alerts about one account leave in order; a code waits for no other.
    """
    caused = {"alert": "alert", "otp_challenge": "otp"}.get(effect.kind)
    entity = request.account_id if caused == "alert" else effect.reference
    return [
        {
            "reference": effect.reference,
            "kind": kind,
            "channel": channel,
            "entity": entity,
            "tenant": request.tenant or "",
            "state": "pending",
            "attempts": 0,
            "queued_at": now,
            "next_attempt_at": now,
        }
        for kind, channel in queues
        if kind == caused
    ]


def effect_row(
    request: ActionRequest, effect: Effect, challenge: ChallengeTerms, now: datetime
) -> tuple[sa.Table, Row]:
    """The effect's own table and row."""
    table, row = _own(request, effect, challenge)
    return table, {**subject(request), **row, "created_at": now}


def _own(
    request: ActionRequest, effect: Effect, challenge: ChallengeTerms
) -> tuple[sa.Table, Row]:
    money = {"amount_minor": request.amount_minor, "currency": request.currency}
    # PostgreSQL cannot hold NUL in text, and no reason needs one.
    reason = {"reason": request.reason.replace("\x00", "")}
    timed = {"state": "active", "expires_at": effect.expires_at}
    match effect.kind:
        case "otp_challenge":
            return tables.challenges, {
                "challenge_id": effect.reference,
                "scheme": challenge.format.scheme,
                "digits": challenge.format.digits,
                "period_s": challenge.format.period_s,
                "key_id": challenge.key_id,
                "attempts": 0,
                "attempts_allowed": challenge.attempts,
                **money,
                **timed,
                "state": "pending",
            }
        case "payment_hold":
            return tables.holds, {
                "hold_id": effect.reference,
                **money,
                **reason,
                **timed,
            }
        case "alert":
            row = {"alert_id": effect.reference, "decision": request.decision}
            return tables.alerts, {**row, **money, **reason}
        case "case":
            row = {"case_id": effect.reference, "decision": request.decision}
            found = request.listing.model_dump() if request.listing else None
            about = {**money, **reason, **_found_by(request), "listing": found}
            return tables.cases, {**row, **about, "state": "open"}
        case _:
            return tables.blocks, {
                "block_id": effect.reference,
                "kind": effect.block_kind,
                "key": effect.block_key,
                **reason,
                **timed,
            }


def _found_by(request: ActionRequest) -> Row:
    """What the queue of cases is ordered and searched by."""
    loss, amount = request.expected_loss_minor, request.amount_minor
    return {
        "risk": request.risk,
        "expected_loss_minor": loss,
        "priority": priority(loss, amount, request.risk),
        "card_token": request.card_token,
        "device_id": request.device_id,
        "merchant_id": request.merchant_id,
        "counterparty": request.counterparty,
    }
