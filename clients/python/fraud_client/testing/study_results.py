"""What studies find, as the fake gateway answers it."""

from typing import Any


def _figure(value: float, low: float, high: float) -> dict[str, Any]:
    return {"value": value, "interval": [low, high], "of": 1000}


_OUTCOME = {
    "fraud_payments_stopped": _figure(0.62, 0.58, 0.66),
    "fraud_money_stopped": _figure(0.77, 0.71, 0.82),
    "good_challenged": _figure(0.009, 0.008, 0.011),
    "good_declined": _figure(0.0008, 0.0006, 0.001),
}
_CHANGES: dict[str, Any] = {
    "payments": 10_000,
    "days": 30.0,
    "history": "recorded decisions",
    "without_outcome": 120,
    "declined_without_outcome": 40,
    "verdicts": {
        "APPROVE to CHALLENGE": {"payments": 12, "fraud": 7, "good": 4, "unknown": 1}
    },
    "figures": {
        "old": _OUTCOME,
        "new": _OUTCOME,
        "fraud_money_stopped_more": _figure(120_000, 80_000, 150_000),
        "good_disturbed_more": _figure(4, 1, 9),
    },
}
_RULE = {
    "rule": "R-014@7",
    "state": "live",
    "effect": "FLAG",
    "severity": "high",
    "hits": 31,
    "errors": 0,
    "alone": 12,
    "with": ["R-015@1", 9],
    "precision": _figure(0.48, 0.32, 0.65),
    "recall": _figure(0.11, 0.07, 0.17),
    "money": _figure(543_210, 400_000, 700_000),
    "new_fraud_money": 120_000.0,
    "good_hits": 16,
    "disturbed": 14,
    "unknown": 2,
}
_PROVED = {
    "outcome": "proved",
    "seconds": 0.4,
    "witness": None,
    "old": "None",
    "new": "None",
    "why": "",
    "outside": [],
}
RESULTS: dict[str, dict[str, Any]] = {
    "backtest": {**_CHANGES, "rules": [_RULE], "asked_singly": []},
    "prove": {
        "milder": {
            **_PROVED,
            "outcome": "witness",
            "old": "CHALLENGE",
            "new": "APPROVE",
            "witness": {
                "payment": {"amount_minor": 25_000, "account_id": "acc-w"},
                "features": {"card_n_1h": 3.0},
                "evidence": {},
            },
        },
        "stricter": _PROVED,
        "relations": {
            "never_true": ["R-016@1"],
            "always_true": [],
            "implied": [["R-014@7", "R-015@1"]],
            "equivalent": [],
        },
    },
    "suggest": {
        **_CHANGES,
        "suggestions": [
            {
                "when": "card_n_1h >= 3 && device_is_new",
                "terms": 2,
                "hits": 31,
                "gain_before": 900.0,
                "gain": _figure(120_000, 80_000, 150_000),
                "precision": _figure(0.48, 0.32, 0.65),
                "friction": _figure(0.001, 0.0005, 0.002),
                "fraud_money": _figure(543_210, 400_000, 700_000),
                "overlap": 0.25,
            }
        ],
        "drafts": "- id: R-900\n  when: card_n_1h >= 3 && device_is_new\n",
    },
    "what_if": {
        **_CHANGES,
        "saved_minor": _figure(250_000, 100_000, 400_000),
        "thresholds": [
            {
                "factor": factor,
                "cost_per_1000": _figure(cost, cost - 900, cost + 900),
                "challenges_per_day": 40.0 / factor,
                **_OUTCOME,
            }
            for factor, cost in ((0.5, 9_000), (1.0, 7_000), (2.0, 8_000))
        ],
        "cheapest": {"factor": 1.0, "cost_per_1000": _figure(7_000, 6_100, 7_900)},
        "fits_reviewers": None,
    },
    "drift": {
        "data_version": "20261130T000000Z-0123456789ab",
        "began": "2026-11-23T00:00:00+00:00",
        "ended": "2026-11-30T00:00:00+00:00",
        "payments_per_day": [10_000.0, 12_000.0],
        "worst": 0.31,
        "scores": [
            {"name": "xgboost", "psi": 0.04, "null_before": 0.0, "null_now": 0.0}
        ],
        "features": [
            {"name": "amount", "psi": 0.31, "null_before": 0.0, "null_now": 0.02}
        ],
        "new_categories": {"channel": ["kiosk"]},
        "calibration": {"promised": 84.0, "came": 91.0, "deviations": 0.8},
        "daily": [],
    },
    "dossier": {
        "model": "xgboost",
        "version": "1",
        "markdown": "# Governance dossier: xgboost 1\n\n## Purpose and use\n\nA signal.\n",
    },
}
