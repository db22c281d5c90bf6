"""A publisher of lists on this machine, and a shelf to put them on."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fraud_ops.lists.config import ListSource
from fraud_ops.lists.fetch import fetch, new_client
from fraud_ops.lists.folder import ListFolder
from fraud_sanctions.settings import SAMPLE_LISTS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIST = (SAMPLE_LISTS / "fictional.csv").read_bytes()


@dataclass
class Publisher:
    """What the server answers, and what it was asked."""

    body: bytes = LIST
    files: dict[str, bytes] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    sha256: str | None = None
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def etag(self) -> str:
        return self.etag_of(self.body)

    def etag_of(self, body: bytes) -> str:
        return f'"{hashlib.sha256(body).hexdigest()[:8]}"'


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/hash":
                return self._send(200, (publisher.sha256 or "").encode(), {})
            publisher.asked.append({k.lower(): v for k, v in self.headers.items()})
            body = publisher.files.get(self.path, publisher.body)
            etag = publisher.etag_of(body)
            if self.headers.get("if-none-match") == etag:
                return self._send(304, b"", {"etag": etag})
            marks = {"etag": etag, **publisher.headers}
            return self._send(publisher.status, body, marks)

        def _send(self, status, body, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("content-length", str(len(body) + publisher.cut))
            self.end_headers()
            if status != 304:
                self.wfile.write(body)

        def log_message(self, *_):
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    publisher.url = f"http://127.0.0.1:{server.server_port}/list"
    yield publisher
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def list_folder(tmp_path):
    return ListFolder(tmp_path / "lists")


@pytest.fixture
def get(publisher, list_folder):
    def run(now=NOW, **changes):
        source = ListSource(file="own.csv", url=publisher.url, **changes)
        with new_client() as client:
            return fetch(source, list_folder, client, now)

    return run
