"""The parts of the OpenAPI document that many operations share."""

from typing import Any

from fraud_shared.web.keys import NAME

SECURITY: dict[str, Any] = {
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The key, as `fraud keys create` showed it.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same key as `Authorization: Bearer`.",
    },
}

# By who uses them.
TAGS: dict[str, str] = {
    "decisions": "Payment systems and auditors: decide, search, read, compute again.",
    "challenges": "Payment systems: finish a challenge with its customer.",
    "questions": "Payment systems and analysts: ask rules, models, policy and screening; "
    "nothing is recorded or counted.",
    "labels": "Acquirers and payment systems: report what became of a payment.",
    "accounts": "Payment systems and analysts: what an account does as a rule.",
    "auditors": "Auditors: who changed what, and proof that nothing was taken away.",
    "cases": "Analysts: cases, holds, blocks, clearings, entities.",
    "rulesets": "Rule authors: rules, from draft over shadow to live, and back.",
    "policies": "Rule authors: the policy, likewise.",
    "studies": "Rule authors and model owners: backtests, proofs, suggestions, what-if, "
    "drift, dossiers.",
    "lists": "Rule authors: deny, allow and watch lists; snoozes of rules.",
    "sanctions": "Analysts and auditors: the sanctions lists in use.",
    "models": "Model owners: models, versions, datasets, promotion by two people.",
    "work": "Workers: take what people asked for, and report what came of it.",
    "operations": "Operators: parked events, messages that were given up, reloads, erasure.",
    "privacy": "Operators: what is stored of a person, exported and erased.",
    "keys": "Operators: API keys; everybody: whose key this is.",
    "health": "Load balancers and monitors.",
}


def _header(text: str, instance: Any, kind: str = "string") -> dict[str, Any]:
    return {"description": text, "schema": {"type": kind}, "example": instance}


HEADERS: dict[str, Any] = {
    "X-Request-ID": _header(
        "The request's id: the caller's own, or a new one.", "3be50ebf02409ebe8fb3c2f5"
    ),
    "Retry-After": _header("Seconds to wait before the next try.", 1, "integer"),
    "RateLimit": _header(
        "What is left of the client's rate: `r` units, full again in `t` seconds (IETF "
        "draft-ietf-httpapi-ratelimit-headers).",
        '"client";r=3999;t=1',
    ),
    "RateLimit-Policy": _header(
        "The client's rate: `q` units in `w` seconds.", '"client";q=4000;w=2'
    ),
}


def _parameter(name: str, text: str, instance: Any, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string", **schema},
        "example": instance,
    }


PARAMETERS: dict[str, Any] = {
    "RequestId": _parameter(
        "X-Request-ID",
        "The caller's id of the request: up to 64 letters, digits, `.`, `_`, `-`; it comes "
        "back, and is in logs and traces. Anything else is replaced by a new one.",
        "order-1001-1",
    ),
    "Traceparent": _parameter(
        "traceparent",
        "The caller's trace, to be joined (W3C Trace Context).",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    "Tenant": _parameter(
        "X-Tenant",
        "Whose payments are meant, for a key that is declared for several tenants.",
        "shop",
        pattern=NAME,
    ),
    "IdempotencyKey": _parameter(
        "Idempotency-Key",
        "A repeat with the same key gets the same bytes; with another body it is 422.",
        "order-1001",
        minLength=1,
        maxLength=255,
    ),
    "Deadline": _parameter(
        "X-Deadline-Ms",
        "How many milliseconds the caller waits, at least 100.",
        150,
        type="number",
        minimum=100,
    ),
}

# Paths whose query or body names what may be missing.
NAMING = frozenset(
    {"/v1/predict", "/v1/model-info", "/v1/rulesets/rollback", "/v1/policies/rollback"}
)

# What each status means, and the problem types that always can come with it.
ERRORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "400": ("The body cannot be read", ("malformed-body", "deadline-too-short")),
    "403": ("No valid API key, or not this scope", ("forbidden",)),
    "404": ("Nothing of that name that the key may see", ("not-found",)),
    "409": ("It contradicts what is stored", ("conflict",)),
    "413": ("The body is too large", ("body-too-large",)),
    "415": ("The body is of another type", ("unsupported-media-type",)),
    "422": ("A field is not as documented", ("invalid-input",)),
    "429": ("Beyond the client's rate", ("rate-limited",)),
    "503": ("Overloaded, or something it needs is away", ("unavailable", "overloaded")),
}

_TRANSFER: dict[str, Any] = {
    "PmtId": {"EndToEndId": "INV-4711"},
    "Dbtr": {"Nm": "Alix Moreau", "PstlAdr": {"Ctry": "FR"}},
    "DbtrAcct": {"Id": {"IBAN": "FR7630006000011234567890189"}},
    "Cdtr": {"Nm": "Kenji Sato", "CtryOfRes": "JP"},
    "CdtrAcct": {"Id": {"IBAN": "DE89370400440532013000"}},
}
_HEAD = {"MsgId": "MSG-1", "CreDtTm": "2026-01-02T09:30:00Z", "NbOfTxs": "1"}
_SUM = {"Ccy": "EUR", "Amt": "1250.50"}

# Requests whose form is another's, or says more than types can: no schema of ours makes an example of them.
BODIES: dict[str, Any] = {
    "/v1/auto-loan/score": {
        "features": [0.5] * 15,
        "feature_names": [f"feature_{number}" for number in range(15)],
        "request_id": "req-1",
    },
    "/v1/score/pacs008": {
        "Document": {
            "FIToFICstmrCdtTrf": {
                "GrpHdr": _HEAD,
                "CdtTrfTxInf": [{**_TRANSFER, "IntrBkSttlmAmt": _SUM}],
            }
        }
    },
    "/v1/score/pain001": {
        "Document": {
            "CstmrCdtTrfInitn": {
                "GrpHdr": _HEAD,
                "PmtInf": [
                    {
                        "PmtInfId": "P-1",
                        "ReqdExctnDt": {"Dt": "2026-01-02"},
                        **{name: _TRANSFER[name] for name in ("Dbtr", "DbtrAcct")},
                        "CdtTrfTxInf": [
                            {
                                "PmtId": _TRANSFER["PmtId"],
                                "Amt": {"InstdAmt": _SUM},
                                "Cdtr": _TRANSFER["Cdtr"],
                                "CdtrAcct": _TRANSFER["CdtrAcct"],
                            }
                        ],
                    }
                ],
            }
        }
    },
    "/v1/score/iso8583": {
        "mti": "0100",
        "2": "4000001234567899",
        "3": "000000",
        "4": "000000004250",
        "7": "0102093000",
        "11": "000123",
        "18": "5732",
        "22": "051",
        "32": "400001",
        "37": "606112000123",
        "41": "TERM0001",
        "42": "MERCHANT0000001",
        "49": "978",
    },
}


def problem_example(status: int, kind: str) -> dict[str, Any]:
    """A problem as it is sent."""
    made: dict[str, Any] = {
        "type": f"urn:fraud:problem:{kind}",
        "title": ERRORS[str(status)][0],
        "status": status,
        "detail": "What to do about it.",
        "instance": "3be50ebf02409ebe8fb3c2f5",
    }
    if status == 422:
        made["errors"] = [{"field": "amount_minor", "problem": "Field required"}]
    return made
