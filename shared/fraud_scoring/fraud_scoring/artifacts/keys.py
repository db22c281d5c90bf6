"""Ed25519 keys: the private one signs where models are trained, the public ones verify."""

import base64
import contextlib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from fraud_scoring.errors import SignatureInvalid, SigningKeyMissing

SIGNING_KEY = "FRAUD_SIGNING_KEY"
PUBLIC_KEY = "FRAUD_SIGNING_PUBLIC_KEY"
PRIVATE_FILE = "signing.pem"
PUBLIC_FILE = "signing.pub.pem"

_PEM_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----", re.DOTALL)
_RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new signing key (PKCS#8 PEM) and its public half (SubjectPublicKeyInfo PEM)."""

    private_pem: str
    public_pem: str


def generate_keys() -> KeyPair:
    """Make a fresh Ed25519 pair."""
    private = Ed25519PrivateKey.generate()
    return KeyPair(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        _public_pem(private.public_key()),
    )


def _public_pem(key: Ed25519PublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def _blocks(pem: str) -> list[bytes]:
    # Environment files often carry a PEM on one line with literal \n.
    return [b.encode() for b in _PEM_BLOCK.findall(pem.replace("\\n", "\n"))]


def development_keys(var_dir: Path) -> KeyPair:
    """The pair kept in `<var>/signing.pem` (mode 0600) and `signing.pub.pem`, made once.

    For a developer's machine only: in production both keys come from the environment.
    """
    private, public = var_dir / PRIVATE_FILE, var_dir / PUBLIC_FILE
    if not private.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        fresh = generate_keys()
        staged = private.with_name(f"{PRIVATE_FILE}.{os.getpid()}")
        handle = os.open(staged, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(fresh.private_pem)
        # A link fails when another process was first; then its key is the one.
        with contextlib.suppress(FileExistsError):
            os.link(staged, private)
        staged.unlink()
    pem = private.read_text()
    pair = KeyPair(pem, Signer(pem).public_pem)
    if not public.exists() or public.read_text() != pair.public_pem:
        public.write_text(pair.public_pem)
    return pair


class Signer:
    """Holds the private key. `purpose` keeps one kind of signature from passing for
    another."""

    def __init__(self, private_pem: str) -> None:
        blocks = _blocks(private_pem)
        if len(blocks) != 1:
            raise SigningKeyMissing(f"{SIGNING_KEY} must hold exactly one PEM key")
        key = serialization.load_pem_private_key(blocks[0], password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyMissing(f"{SIGNING_KEY} is not an Ed25519 key")
        self._key = key

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Signer":
        """Read `FRAUD_SIGNING_KEY`; raises `SigningKeyMissing` without it."""
        value = (environ if environ is not None else os.environ).get(SIGNING_KEY, "")
        return cls(value)

    @property
    def public_pem(self) -> str:
        """The public half."""
        return _public_pem(self._key.public_key())

    def sign(self, purpose: str, message: bytes) -> str:
        """A base64 signature over the purpose and the message."""
        return base64.b64encode(self._key.sign(_framed(purpose, message))).decode()


class Verifier:
    """The trusted public keys: several PEM blocks in a row allow a key to be replaced."""

    def __init__(self, public_pem: str) -> None:
        keys = [serialization.load_pem_public_key(b) for b in _blocks(public_pem)]
        if not keys or not all(isinstance(k, Ed25519PublicKey) for k in keys):
            raise SignatureInvalid(f"{PUBLIC_KEY} holds no Ed25519 public key")
        self._keys: Sequence[Ed25519PublicKey] = [
            k for k in keys if isinstance(k, Ed25519PublicKey)
        ]

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Short fingerprints of the trusted keys, for logs."""
        return tuple(
            hashlib.sha256(k.public_bytes(*_RAW)).hexdigest()[:16] for k in self._keys
        )

    def verify(self, purpose: str, message: bytes, signature: str) -> None:
        """Raise `SignatureInvalid` unless a trusted key signed exactly this."""
        try:
            raw = base64.b64decode(signature, validate=True)
        except ValueError as error:
            raise SignatureInvalid("the signature is not base64") from error
        framed = _framed(purpose, message)
        for key in self._keys:
            try:
                key.verify(raw, framed)
            except InvalidSignature:
                continue
            return
        raise SignatureInvalid(f"not signed by a trusted key ({self.key_ids})")


def _framed(purpose: str, message: bytes) -> bytes:
    return f"fraud:{purpose}:{len(message)}\n".encode() + message
