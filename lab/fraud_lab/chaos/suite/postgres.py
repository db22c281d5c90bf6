"""A PostgreSQL of the suite's own: stopped, frozen and made read-only without harm to any
other server of the machine."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

from fraud_ops.running import CommandError

START_WITHIN_S = 30.0
# A server refuses to run as root, and has its own user where it is installed.
_USER = "postgres"


class NoPostgres(CommandError):
    """This row needs PostgreSQL's `initdb` and `postgres`, on the path or in
    /usr/lib/postgresql."""


class OwnPostgres:
    """One server on a free port, its data thrown away at the end."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _USER if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        """What goes into DATABASE_URL."""
        return f"postgresql://{_USER}@127.0.0.1:{self._port}/postgres"

    def create(self) -> None:
        """Make an empty cluster."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-U", _USER, "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Start the server; returns at once."""
        with (self._folder.parent / f"{self._folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(_binary("postgres")), "-D", str(self._folder / "data")),
                    *("-p", str(self._port), "-h", "127.0.0.1", "-k", ""),
                    *("-c", "max_connections=300"),
                ],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """Stop it without a checkpoint, as `pg_ctl stop -m immediate`."""
        if self._process is not None:
            self.thaw()
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop every process of it: connections are taken, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    async def read_only(self, *, on: bool) -> None:
        """Have it refuse every write, or take them again."""
        name = "default_transaction_read_only"
        await self._ask(
            # This session's own default has changed with the first reload.
            f"SET {name} = off",
            f"ALTER SYSTEM SET {name} = {'on' if on else 'off'}",
            "SELECT pg_reload_conf()",
        )

    async def ready(self) -> None:
        """Wait until it takes connections. Raises TimeoutError."""
        async with asyncio.timeout(START_WITHIN_S):
            while not await self._ask("SELECT 1"):
                await asyncio.sleep(0.02)

    async def _ask(self, *statements: str) -> bool:
        """Run statements in one session; whether they all went through."""
        commands = [part for one in statements for part in ("-c", one)]
        session = await asyncio.create_subprocess_exec(
            *(str(_binary("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url),
            *commands,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return await session.wait() == 0

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(one, number)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(_binary(program)), "-D", str(self._folder / "data"), *arguments],
            user=self._user,
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )


@asynccontextmanager
async def own_postgres() -> AsyncIterator[OwnPostgres]:
    """A running server, in a folder of its own."""
    with _folder() as folder:
        server = OwnPostgres(folder, _free_port())
        await asyncio.to_thread(server.create)
        server.start()
        try:
            await server.ready()
            yield server
        finally:
            server.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fraud-postgres-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.log").unlink(missing_ok=True)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _binary(name: str) -> Path:
    found = shutil.which(name)
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if found is None and not versions:
        raise NoPostgres(NoPostgres.__doc__)
    if os.geteuid() == 0 and not any(u.pw_name == _USER for u in pwd.getpwall()):
        raise NoPostgres("PostgreSQL does not run as root, and has no user here.")
    return Path(found) if found else versions[-1]
