"""A server that speaks as much of Azure's Blob API as a registry needs: containers, flat
and folded listings, whole blobs. It checks no signature. What it answers follows the
published REST reference; nobody has compared it with Azure itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCOUNT = "test"
# Any base64 will do: nobody checks what is signed with it.
KEY = "a2V5"


class _Blobs(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.containers: dict[str, dict[str, bytes]] = {}


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Blobs

    def do_PUT(self) -> None:
        container, blob, query = self._asked()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if query.get("restype") == "container":
            self.server.containers.setdefault(container, {})
        elif set(query) - {"timeout"} or container not in self.server.containers:
            return self._say(404, code="ContainerNotFound")
        elif self.headers.get("if-none-match") == "*" and self._blob(container, blob):
            return self._say(409, code="BlobAlreadyExists")
        else:
            self.server.containers[container][blob] = body
        return self._say(201)

    def do_GET(self) -> None:
        container, blob, query = self._asked()
        if query.get("comp") == "list":
            return self._say(200, self._listing(container, query), kind="xml")
        data = self._blob(container, blob)
        if query.get("restype") == "container" and container in self.server.containers:
            return self._say(200)
        if data is None:
            return self._say(404, code="BlobNotFound")
        wanted = self.headers.get("x-ms-range") or self.headers.get("range")
        if wanted is None:
            return self._say(200, data)
        if not data:
            return self._say(416, code="InvalidRange")
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        end = min(int(last) if last else len(data), len(data) - 1)
        part = data[int(first) : end + 1]
        return self._say(206, part, of=f"bytes {first}-{end}/{len(data)}")

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        container, blob, _ = self._asked()
        known = self.server.containers.get(container, {})
        if known.pop(blob, None) is None:
            return self._say(404, code="BlobNotFound")
        return self._say(202)

    def _asked(self) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(self.path)
        _, _, container, *blob = unquote(parts.path).split("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return container, "/".join(blob), query

    def _blob(self, container: str, blob: str) -> bytes | None:
        return self.server.containers.get(container, {}).get(blob)

    def _listing(self, container: str, query: dict[str, str]) -> bytes:
        prefix, fold = query.get("prefix", ""), query.get("delimiter")
        found: dict[str, str] = {}
        for name, data in sorted(self.server.containers.get(container, {}).items()):
            head, folded, _ = name.removeprefix(prefix).partition(fold or "\n")
            if not name.startswith(prefix):
                continue
            if folded:
                found[head] = (
                    f"<BlobPrefix><Name>{escape(prefix + head)}/</Name></BlobPrefix>"
                )
                continue
            found[head] = (
                f"<Blob><Name>{escape(name)}</Name><Properties>"
                f"<Last-Modified>{formatdate(usegmt=True)}</Last-Modified><Etag>0x1</Etag>"
                f"<Content-Length>{len(data)}</Content-Length>"
                "<BlobType>BlockBlob</BlobType></Properties></Blob>"
            )
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<EnumerationResults ContainerName="{escape(container)}">'
            f"<Blobs>{''.join(found.values())}</Blobs><NextMarker/></EnumerationResults>"
        ).encode()

    def _say(
        self,
        status: int,
        body: bytes = b"",
        *,
        code: str = "",
        kind: str = "octet-stream",
        of: str = "",
    ) -> None:
        self.send_response(status)
        headers = {
            "content-length": str(len(body)),
            "content-type": f"application/{kind}",
            "content-range": of,
            "last-modified": formatdate(usegmt=True),
            "etag": '"0x1"',
            "x-ms-blob-type": "BlockBlob",
            "x-ms-error-code": code,
        }
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def blob_server() -> Iterator[str]:
    """A running server; its connection string."""
    server = _Blobs()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/{ACCOUNT}"
    yield (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"BlobEndpoint={url};"
    )
    server.shutdown()
    server.server_close()
    thread.join()
