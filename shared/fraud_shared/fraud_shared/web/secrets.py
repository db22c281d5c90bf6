"""Where secrets come from: the environment, always, in production; else a private file.

In development a missing secret is made once and kept in `<var>/secrets.env` (mode 0600),
so that every service started beside it agrees on it.
"""

import fcntl
import os
import secrets
from pathlib import Path

from fraud_shared.web.problems import FraudError
from fraud_shared.web.weakness import weakness


class SecretMissing(FraudError):
    """A secret that production needs is not set."""

    type = "secret-missing"


def resolve(name: str, value: str, *, production: bool, var_dir: Path) -> str:
    """The secret called `name`, given what the environment said (`value`, maybe empty).

    Raises SecretMissing in production when it is absent or can be guessed.
    """
    if value:
        if production and (why := weakness(value)) is not None:
            raise SecretMissing(f"{name} {why}")
        return value
    if production:
        raise SecretMissing(f"{name} is required when FRAUD_ENV=production")
    return _from_file(var_dir / "secrets.env", name)


def _from_file(path: Path, name: str) -> str:
    found = read_file(path)
    if name in found:
        return found[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    # Append under an exclusive lock file, so that services started together agree.
    lock = path.with_suffix(".lock")
    handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        found = read_file(path)
        if name not in found:
            # Hexadecimal: a text that begins with a dash reads like an option.
            fresh = secrets.token_hex(32)
            out = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            os.write(out, f"{name}={fresh}\n".encode())
            os.close(out)
            found[name] = fresh
    finally:
        os.close(handle)
    return found[name]


def read_file(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of a secrets file; empty when there is none."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if line)
    return {name: value for name, _, value in pairs}
