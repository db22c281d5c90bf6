"""`fraud deploy env`: a complete `.env` for docker compose, with secrets of its own.

What is in the file stays as it is: an upgrade only adds what is new.
"""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from fraud_ops.deploy.variables import entries
from fraud_scoring.artifacts.keys import PUBLIC_KEY, SIGNING_KEY, generate_keys
from fraud_shared.web.keys import LIVE_SCOPES, key_hash, new_key

PASSWORDS = (
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "RABBITMQ_PASSWORD",
    "GRAFANA_PASSWORD",
)
PEPPER, API_KEYS = "FRAUD_KEY_PEPPER", "FRAUD_API_KEYS"
OTP_URL = "FRAUD_ACTION_OTP_WEBHOOK_URL"
# A name that can never be found (RFC 2606): codes are kept and tried again, not lost.
OTP_NOWHERE = "http://otp.invalid/deliver"
# Who gets a key at first, and what it may do.
CLIENTS: Mapping[str, tuple[str, ...]] = {
    "shop": ("score", "label", "read"),
    "operator": LIVE_SCOPES,
}


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The text of a `.env`, the names that were filled in, and API keys to show once."""

    text: str
    added: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)


def complete(example: str, present: str = "") -> EnvFile:
    """`present`, or else `example`, with a value for each variable that must have one.

    Secrets are random; the two halves of the signing key belong together, and API keys are
    hashed with the pepper of the same file.
    """
    given = {e.name: e.value for e in entries(present) if not e.optional and e.value}
    needed = [e.name for e in entries(example) if not e.optional]
    missing = [name for name in needed if name not in given]
    if not missing:
        return EnvFile(present, ())
    values, keys = _values(given, missing)
    text = _filled(present or example, values)
    meanings = {e.name: e.meaning for e in entries(example)}
    there = {e.name for e in entries(text) if not e.optional}
    for name in missing:
        if name not in there:
            text += f"# {meanings[name]}\n{name}={values[name]}\n"
    return EnvFile(text, tuple(missing), keys)


def _values(
    given: Mapping[str, str], missing: list[str]
) -> tuple[dict[str, str], dict[str, str]]:
    made = {name: _secret(name) for name in missing}
    if SIGNING_KEY in made or PUBLIC_KEY in made:
        # One half without the other signs for nobody: both are new.
        pair = generate_keys()
        made[SIGNING_KEY] = _one_line(pair.private_pem)
        made[PUBLIC_KEY] = _one_line(pair.public_pem)
    keys: dict[str, str] = {}
    if API_KEYS in made:
        pepper = given.get(PEPPER) or made[PEPPER]
        keys = {client: new_key(client) for client in CLIENTS}
        listed = [
            {"client": c, "hash": key_hash(pepper, keys[c]), "scopes": CLIENTS[c]}
            for c in CLIENTS
        ]
        made[API_KEYS] = f"'{json.dumps(listed)}'"
    return made, keys


def _secret(name: str) -> str:
    if name == OTP_URL:
        return OTP_NOWHERE
    return secrets.token_hex(24 if name in PASSWORDS else 32)


def _one_line(pem: str) -> str:
    return pem.strip().replace("\n", "\\n")


def _filled(text: str, values: Mapping[str, str]) -> str:
    lines = []
    for line in text.splitlines():
        name, equals, _ = line.partition("=")
        fill = equals and name in values
        lines.append(f"{name}={values[name]}" if fill else line)
    return "\n".join(lines) + "\n"


def env_command(
    root: Path = Path(), write: Callable[[Path, str], None] | None = None
) -> None:
    """Complete `<root>/.env` (mode 0600) and print the API keys that were made."""
    console = Console(soft_wrap=True, highlight=False)
    path = root / ".env"
    present = path.read_text() if path.exists() else ""
    made = complete((root / ".env.example").read_text(), present)
    if not made.added:
        console.print(f"{path} is complete.")
        return
    (write or _write_private)(path, made.text)
    console.print(f"{path}: {len(made.added)} values added.")
    for client, key in made.keys.items():
        console.print(f"key of {client} (shown once): [bold]{key}[/]")
    if OTP_URL in made.added:
        console.print(f"One-time passwords wait until {OTP_URL} names your sender.")


def _write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only its owner can read."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    fresh.replace(path)
