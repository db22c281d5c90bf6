"""One-time passwords. Secrets are derived, never stored: a stolen database holds none."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pyotp

Scheme = Literal["hotp", "totp"]
# RFC 4226 asks for 160 bits.
_SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class OtpFormat:
    """How codes of one challenge are made.

    `hotp`: one code for the whole life of the challenge (RFC 4226, counter 0).
    `totp`: a code per `period_s` seconds, its neighbours accepted too (RFC 6238).
    """

    scheme: Scheme
    digits: int
    period_s: int


class UnknownKey(Exception):
    """The challenge was made under a server key that is no longer configured."""


class Keyring:
    """Server keys, newest first. Old ones only finish the challenges they began."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self.current = _key_id(keys[0])

    def secret(self, key_id: str, challenge_id: str) -> str:
        """The base32 secret of a challenge. Raises UnknownKey."""
        key = self._keys.get(key_id)
        if key is None:
            raise UnknownKey(key_id)
        message = b"fraud otp secret v1\n" + challenge_id.encode()
        digest = hmac.new(key, message, hashlib.sha256).digest()
        return base64.b32encode(digest[:_SECRET_BYTES]).decode()


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"fraud otp key id\n" + key).hexdigest()[:16]


def code_at(otp: OtpFormat, secret: str, when: datetime) -> str:
    """The code the customer should be sent at `when`."""
    if otp.scheme == "hotp":
        return pyotp.HOTP(secret, digits=otp.digits).at(0)
    return pyotp.TOTP(secret, digits=otp.digits, interval=otp.period_s).at(when)


def matches(otp: OtpFormat, secret: str, code: str, when: datetime) -> bool:
    """True when `code` is right at `when`; compared in constant time."""
    if otp.scheme == "hotp":
        return bool(pyotp.HOTP(secret, digits=otp.digits).verify(code, 0))
    totp = pyotp.TOTP(secret, digits=otp.digits, interval=otp.period_s)
    return bool(totp.verify(code, for_time=when, valid_window=1))
