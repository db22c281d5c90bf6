"""What may be set for channels: texts of messages, secrets of webhooks, mail servers."""

import base64
import binascii
from dataclasses import dataclass, field
from string import Formatter
from typing import Self
from urllib.parse import unquote, urlsplit

SECRET_PREFIX = "whsec_"
# What the text of a code may name, and the fields of a provider's request.
CODE_FIELDS = frozenset(("code", "amount", "minutes"))
SMS_FIELDS = frozenset(("to", "text", "id"))
_PORTS = {"smtp": 587, "smtps": 465}


def fields_of(template: str) -> frozenset[str]:
    """The names in braces of a template. Raises ValueError where it is none."""
    return frozenset(
        name for _, name, _, _ in Formatter().parse(template) if name is not None
    )


def checked_secret(secret: str) -> str:
    """`secret`, found to be `whsec_` (which may be absent) and the base64 of 24 to 64
    bytes, as Standard Webhooks asks. Raises ValueError."""
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("is not whsec_ and base64") from None
    if not 24 <= len(key) <= 64:
        raise ValueError("is not the base64 of 24 to 64 bytes")
    return secret


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server and how to sign in to it. `encrypted`: without STARTTLS nothing is sent."""

    host: str
    port: int
    tls: bool
    encrypted: bool
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, *, encrypted: bool) -> Self:
        """From `smtp[s]://user:password@host:port`. Raises ValueError, which does not
        quote the URL: a password may be in it."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS[parts.scheme]
        except (KeyError, ValueError):
            raise ValueError("is not smtp://host or smtps://host") from None
        if not parts.hostname:
            raise ValueError("names no host")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        tls = parts.scheme == "smtps"
        return cls(parts.hostname, port, tls, encrypted, user, password)
