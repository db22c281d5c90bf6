"""The chain over everything decided and done: pure functions of bytes.

Each row of the audit log holds a digest of what it is about and a link made of the link
before it, so that a row changed, removed, added or moved breaks every later link (Haber and
Stornetta, 1991). A checkpoint signs the newest link with Ed25519: whoever keeps one outside
can tell a log that was rewritten as a whole.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

GENESIS = bytes(32)
_PURPOSE = b"fraud-audit-checkpoint-v1\0"
_ERASURE = b"fraud-audit-erasure-v1\0"


@dataclass(frozen=True, slots=True)
class Sealed:
    """One row of the log: what it is about (`kind`, `subject`), the SHA-256 of that, and
    the link. `at_us`: when it was sealed, microseconds since 1970."""

    seq: int
    at_us: int
    kind: str
    subject: str
    digest: bytes
    link: bytes


def digest(parts: Iterable[str | bytes | int | None]) -> bytes:
    """SHA-256 over parts, led by the length of each (`-` for none): no two lists of parts
    read the same."""
    given = [
        part if part is None or type(part) is bytes else str(part).encode()
        for part in parts
    ]
    lengths = ",".join(["-" if raw is None else str(len(raw)) for raw in given])
    return hashlib.sha256(
        b"".join([lengths.encode(), b";", *(raw for raw in given if raw is not None)])
    ).digest()


def link(
    previous: bytes, seq: int, at_us: int, kind: str, subject: str, content: bytes
) -> bytes:
    """The link of a row after `previous`."""
    head = f"{seq},{at_us},{len(kind)},{kind}{subject}".encode()
    return hashlib.sha256(previous + content + head).digest()


def sealed(
    previous: bytes, seq: int, at_us: int, kind: str, subject: str, content: bytes
) -> Sealed:
    """The next row after `previous`, about content with this digest."""
    made = link(previous, seq, at_us, kind, subject, content)
    return Sealed(seq, at_us, kind, subject, content, made)


class CheckpointKey:
    """Signs checkpoints; made from the secret `FRAUD_AUDIT_KEY`."""

    def __init__(self, secret: str) -> None:
        seed = hashlib.sha256(b"fraud-audit-key-v1\0" + secret.encode()).digest()
        self._secret = b"fraud-audit-body-v1\0" + secret.encode()
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    def fingerprint(self, body: bytes) -> str:
        """Hex HMAC-SHA-256 of a body: proves what was sent, and cannot be guessed from."""
        return hmac.digest(self._secret, body, "sha256").hex()

    @property
    def public(self) -> str:
        """The public half, base64 of its 32 bytes: auditors keep it."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def sign(self, seq: int, newest: bytes) -> str:
        """A base64 signature over a row's number and link."""
        return base64.b64encode(self._key.sign(_message(seq, newest))).decode()

    def sign_erasure(self, seq: int, erasure_id: str, content: bytes) -> str:
        """A base64 signature over what a row of an erasure seals."""
        message = _erasure_message(seq, erasure_id, content)
        return base64.b64encode(self._key.sign(message)).decode()


def genuine(public: str, seq: int, newest: bytes, signature: str) -> bool:
    """Whether a checkpoint was signed with the private half of `public`."""
    return _verified(public, _message(seq, newest), signature)


def genuine_erasure(
    public: str, seq: int, erasure_id: str, content: bytes, signature: str
) -> bool:
    """Whether a row of an erasure was signed with the private half of `public`."""
    return _verified(public, _erasure_message(seq, erasure_id, content), signature)


def _verified(public: str, message: bytes, signature: str) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
        key.verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(seq: int, newest: bytes) -> bytes:
    return _PURPOSE + digest((seq, newest))


def _erasure_message(seq: int, erasure_id: str, content: bytes) -> bytes:
    return _ERASURE + digest((seq, erasure_id, content))
