"""Names of environment variables that the source systems had, accepted beside our own.

Our own name counts where both are set. `docs/source-systems.md` lists them.
"""

import json
from collections.abc import Mapping, MutableMapping

from fraud_shared.web.keys import key_hash

# Their name, ours, and what it says.
ALIASES: Mapping[str, tuple[str, str]] = {
    "API_KEYS": (
        "FRAUD_API_KEYS",
        (
            "The entries as JSON, or plain keys separated by commas: clients key-1, key-2, … "
            "with the scopes score, label and read."
        ),
    ),
    "LOG_LEVEL": ("FRAUD_LOG_LEVEL", "Level of the log."),
    "CORS_ORIGINS": (
        "FRAUD_CORS_ORIGINS",
        "Origins of pages that may call the gateway, separated by commas.",
    ),
    "MODEL_PATH": ("MODEL_REGISTRY_URI", "The registry that scorers load from."),
    "MODEL_VERSION": (
        (
            "FRAUD_ISOLATION_FOREST_ALIASES, FRAUD_AUTOENCODER_ALIASES, "
            "FRAUD_XGBOOST_ALIASES, FRAUD_LIGHTGBM_ALIASES"
        ),
        "The alias that every scorer serves.",
    ),
    "APP_VERSION": ("FRAUD_APP_VERSION", "Shown by /v1/version beside our own."),
}
_SCOPES = ["score", "label", "read"]


def adopt(environment: MutableMapping[str, str]) -> None:
    """Set our variables from their aliases, where ours are not set. Raises ValueError for
    plain keys without the pepper that their hashes need."""
    for alias, (names, _) in ALIASES.items():
        given = environment.get(alias, "").strip()
        if not given:
            continue
        if alias == "API_KEYS":
            given = _entries(given, environment)
        elif alias == "MODEL_VERSION":
            given = json.dumps([given])
        elif alias == "CORS_ORIGINS" and not given.startswith("["):
            given = json.dumps([one.strip() for one in given.split(",")])
        for name in names.split(", "):
            environment.setdefault(name, given)


def _entries(given: str, environment: Mapping[str, str]) -> str:
    """Plain keys as entries: only their keyed hashes go on from here."""
    if given.startswith("["):
        return given
    pepper = environment.get("FRAUD_KEY_PEPPER", "")
    if not pepper:
        raise ValueError("API_KEYS: plain keys need FRAUD_KEY_PEPPER")
    keys = [key.strip() for key in given.split(",") if key.strip()]
    return json.dumps(
        [
            {"client": f"key-{n}", "hash": key_hash(pepper, key), "scopes": _SCOPES}
            for n, key in enumerate(keys, 1)
        ]
    )
