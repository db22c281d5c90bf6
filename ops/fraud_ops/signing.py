"""The private key that signs models and orders about them."""

import os
from pathlib import Path

from fraud_scoring.artifacts.keys import SIGNING_KEY, Signer, development_keys
from fraud_scoring.errors import SigningKeyMissing


def signing_key(var_dir: Path) -> Signer:
    """The key of `FRAUD_SIGNING_KEY`, on a developer's machine else of
    `<var_dir>/signing.pem`. Raises `SigningKeyMissing` in production without it."""
    if os.environ.get(SIGNING_KEY):
        return Signer.from_environment()
    if os.environ.get("FRAUD_ENV") == "production":
        raise SigningKeyMissing(f"{SIGNING_KEY} is required when FRAUD_ENV=production")
    return Signer(development_keys(var_dir).private_pem)
