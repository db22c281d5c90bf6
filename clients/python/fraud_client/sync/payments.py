# Generated from fraud_client/aio by unasync.py.
"""What payment systems ask: decisions, labels, challenges."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fraud_client.models import (
    Challenge,
    Decision,
    DecisionRecord,
    DecisionRow,
    DevelopmentCode,
    EffectiveLabel,
    JsonObject,
    LabelAccepted,
    Page,
    Replay,
    StoredDecision,
)
from fraud_client.paths import path, query, records, timestamp
from fraud_client.sync.transport import Transport


def _search(
    limit: int, cursor: str | None, filters: Mapping[str, Any]
) -> dict[str, Any]:
    times = {
        "from": timestamp(filters.get("since")),
        "to": timestamp(filters.get("until")),
    }
    rest = {k: v for k, v in filters.items() if k not in ("since", "until")}
    return query({**rest, **times, "limit": limit, "cursor": cursor})


class Payments:
    """`POST /v1/score` and what goes with it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def score(
        self, payment: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Decision:
        """Decide one payment. Repeating it gets the same decision: the transaction's id
        is enough for that, a key besides stands for the payment as well."""
        return self._transport.post(
            Decision,
            "/v1/score",
            dict(payment),
            repeatable=True,
            idempotency_key=idempotency_key,
        )

    def score_batch(self, payments: list[Mapping[str, Any]]) -> list[JsonObject]:
        """Decide up to 1,000; each result holds a `decision` or a `problem`."""
        reply = self._transport.post(
            JsonObject,
            "/v1/score/batch",
            {"transactions": [dict(payment) for payment in payments]},
            repeatable=True,
        )
        return list(reply["results"])

    def evaluate_rules(self, payment: Mapping[str, Any]) -> JsonObject:
        """What the rules say of a payment; nothing is recorded."""
        return self._transport.post(
            JsonObject, "/rules/evaluate", dict(payment), repeatable=True
        )

    def event(self, event: Mapping[str, Any]) -> JsonObject:
        """Report what is no decision: authorised, captured, refunded, 3DS finished."""
        return self._transport.post(JsonObject, "/v1/events", dict(event))


class Decisions:
    """The decision log."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, limit: int = 100, cursor: str | None = None, **filters: Any
    ) -> Page[DecisionRow]:
        """Decisions, newest first. Filters: `transaction_id`, `account_id`, `card_token`,
        `device_id`, `merchant_id`, `counterparty`, `since`, `until`, `decision`, `reason`,
        `degraded` (a code, True or False)."""
        return self._transport.get(
            Page[DecisionRow], "/v1/decisions", _search(limit, cursor, filters)
        )

    def export(
        self, *, limit: int = 100, cursor: str | None = None, **filters: Any
    ) -> Page[DecisionRecord]:
        """The same with whole records, as the log holds them."""
        reply = self._transport.raw(
            "GET",
            "/v1/decisions",
            params=_search(limit, cursor, filters),
            headers={"accept": "application/x-ndjson"},
            repeatable=True,
        )
        return records(reply.content, reply.headers.get("link", ""))

    def get(self, decision_id: str) -> StoredDecision:
        """One decision with its record and labels."""
        return self._transport.get(
            StoredDecision, path("/v1/decisions/{}", decision_id)
        )

    def replay(self, decision_id: str) -> Replay:
        """Compute it again from its record, and compare."""
        return self._transport.post(
            Replay, path("/v1/decisions/{}/replay", decision_id), repeatable=True
        )

    def explanation(self, decision_id: str) -> JsonObject:
        """Why, in words, with what would have changed it."""
        return self._transport.get(
            JsonObject, path("/v1/decisions/{}/explanation", decision_id)
        )


class Labels:
    """What happened to payments afterwards."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def report(
        self,
        transaction_id: str,
        label: str | None = None,
        source: str | None = None,
        *,
        event: str | None = None,
        reported_at: datetime | None = None,
        reversal: bool = False,
        **dispute: Any,
    ) -> LabelAccepted:
        """Report `fraud` or `legitimate` with its source, or an `event` in the words of
        schemes (`tc40`, `safe`, `chargeback`), from which both follow; `dispute` is what
        else they say of it (`reason_code`, `reference`). The same report twice counts once."""
        given = {"label": label, "source": source, "event": event, **dispute}
        body = {
            "transaction_id": transaction_id,
            **{name: value for name, value in given.items() if value is not None},
            "reported_at": timestamp(reported_at or datetime.now(UTC)),
            "reversal": reversal,
        }
        return self._transport.post(LabelAccepted, "/v1/labels", body, repeatable=True)

    def get(self, transaction_id: str) -> EffectiveLabel:
        """What counts after all reports."""
        return self._transport.get(
            EffectiveLabel, path("/v1/labels/{}", transaction_id)
        )

    def ratios(self, *, month: str | None = None) -> JsonObject:
        """Fraud and dispute ratios as the schemes compute them; `month` as `2026-03`, by
        default this one."""
        return self._transport.get(JsonObject, "/v1/ratios", query({"month": month}))


class Challenges:
    """One-time passwords of challenged payments."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, challenge_id: str) -> Challenge:
        """How it stands."""
        return self._transport.get(Challenge, path("/v1/challenges/{}", challenge_id))

    def verify(self, challenge_id: str, code: str) -> Challenge:
        """Spend one attempt: never sent twice."""
        return self._transport.post(
            Challenge, path("/v1/challenges/{}/verify", challenge_id), {"code": code}
        )

    def resend(self, challenge_id: str) -> Challenge:
        """Have the code sent again."""
        return self._transport.post(
            Challenge, path("/v1/challenges/{}/resend", challenge_id)
        )

    def cancel(self, challenge_id: str) -> Challenge:
        """End it without an answer."""
        return self._transport.post(
            Challenge, path("/v1/challenges/{}/cancel", challenge_id), repeatable=True
        )

    def development_code(self, challenge_id: str) -> str:
        """The code that the customer would receive: of a gateway for development only,
        elsewhere NotFound."""
        found = self._transport.get(
            DevelopmentCode, path("/v1/challenges/{}/development-code", challenge_id)
        )
        return found.code
