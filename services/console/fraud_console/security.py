"""Headers of every page, cookies, and messages that go with a redirect."""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response

Asgi = Callable[..., Awaitable[None]]
SESSION, FLASH, THEME = "fraud_session", "fraud_flash", "fraud_theme"
# Nothing from elsewhere, nothing in line: what a payment carries cannot become code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_RAW = tuple((name.encode(), value.encode()) for name, value in HEADERS.items())
_STRICT = (b"strict-transport-security", b"max-age=31536000")
_PRIVATE = (b"cache-control", b"no-store")


class SecurityHeaders:
    """Puts them on every reply; nothing but static files may be kept by anybody."""

    def __init__(self, app: Asgi, *, secure: bool) -> None:
        self._app = app
        self._extra = (*_RAW, _STRICT) if secure else _RAW

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith("/static/")
        added = self._extra if static else (*self._extra, _PRIVATE)

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = [h for h in message.get("headers", ()) if h[0] != b"server"]
                message["headers"] = [*given, *added]
            await send(message)

        await self._app(scope, receive, with_headers)


class Cookies:
    """Sets and reads the console's cookies. `secure`: only ever over TLS."""

    def __init__(self, secret: bytes, *, secure: bool) -> None:
        self._secret = secret
        self._secure = secure

    def name(self, cookie: str) -> str:
        """The cookie's name: the prefix binds it to this host over TLS."""
        return f"__Host-{cookie}" if self._secure else cookie

    def get(self, request: Request, cookie: str) -> str | None:
        """The value of a cookie."""
        return request.cookies.get(self.name(cookie))

    def set(self, response: Response, cookie: str, value: str, max_age: int) -> None:
        """Set a cookie that no script can read."""
        response.set_cookie(
            self.name(cookie),
            value,
            max_age=max_age,
            httponly=True,
            samesite="lax",
            secure=self._secure,
            path="/",
        )

    def drop(self, response: Response, cookie: str) -> None:
        """Take a cookie back."""
        response.delete_cookie(
            self.name(cookie),
            httponly=True,
            samesite="lax",
            secure=self._secure,
            path="/",
        )

    def flash(self, response: Response, kind: str, text: str) -> None:
        """Say something on the next page; signed, so that no link can say it instead."""
        body = base64.urlsafe_b64encode(json.dumps([kind, text[:500]]).encode())
        mac = hmac.digest(self._secret, b"flash" + body, "sha256").hex()
        self.set(response, FLASH, f"{body.decode()}.{mac}", 60)

    def flashed(self, request: Request) -> tuple[str, str] | None:
        """What the page before wanted said: its kind and text."""
        body, _, mac = (self.get(request, FLASH) or "").rpartition(".")
        good = hmac.digest(self._secret, b"flash" + body.encode(), "sha256").hex()
        if not body or not hmac.compare_digest(mac.encode(), good.encode()):
            return None
        kind, text = json.loads(base64.urlsafe_b64decode(body))
        return kind, text


def same_origin(request: Request) -> bool:
    """Whether a page of this console sent the request, as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def local_path(wanted: str | None) -> str:
    """Where to go after sign-in: a path of this console, else the first page."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    # Browsers drop these, and `/<tab>/elsewhere` is another host then.
    return wanted if wanted.isprintable() and "\\" not in wanted else "/"
