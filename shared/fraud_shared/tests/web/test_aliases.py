"""Variables of the source systems are accepted; our own count where both are set."""

import json

import pytest

from fraud_shared.web.aliases import adopt
from fraud_shared.web.keys import KeyRing

PEPPER = "p" * 32


def test_their_names_set_ours() -> None:
    environment = {"LOG_LEVEL": "DEBUG", "MODEL_PATH": "/models", "APP_VERSION": "3"}
    adopt(environment)
    assert environment["FRAUD_LOG_LEVEL"] == "DEBUG"
    assert environment["MODEL_REGISTRY_URI"] == "/models"
    assert environment["FRAUD_APP_VERSION"] == "3"


def test_our_own_name_counts_before_theirs() -> None:
    environment = {"LOG_LEVEL": "DEBUG", "FRAUD_LOG_LEVEL": "INFO"}
    adopt(environment)
    assert environment["FRAUD_LOG_LEVEL"] == "INFO"


def test_plain_keys_let_their_holders_in() -> None:
    environment = {"API_KEYS": "one-key, other-key", "FRAUD_KEY_PEPPER": PEPPER}
    adopt(environment)
    assert "one-key" not in environment["FRAUD_API_KEYS"]
    ring = KeyRing.parse(PEPPER, environment["FRAUD_API_KEYS"])
    found = ring.client("other-key")
    assert found is not None
    assert (found.name, found.scopes) == (
        "key-2",
        frozenset({"score", "label", "read"}),
    )


def test_plain_keys_without_a_pepper_are_refused() -> None:
    with pytest.raises(ValueError, match="FRAUD_KEY_PEPPER"):
        adopt({"API_KEYS": "one-key"})


def test_model_version_is_the_alias_of_every_scorer() -> None:
    environment = {"MODEL_VERSION": "challenger"}
    adopt(environment)
    assert json.loads(environment["FRAUD_XGBOOST_ALIASES"]) == ["challenger"]
    assert json.loads(environment["FRAUD_LIGHTGBM_ALIASES"]) == ["challenger"]


def test_origins_are_a_list_by_commas() -> None:
    environment = {"CORS_ORIGINS": "https://a.example, https://b.example"}
    adopt(environment)
    assert json.loads(environment["FRAUD_CORS_ORIGINS"]) == [
        "https://a.example",
        "https://b.example",
    ]
