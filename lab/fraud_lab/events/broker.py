"""A RabbitMQ of this command's own: another node name, other ports, a folder thrown away.

Whatever is done to it, no other broker on the machine notices.
"""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from fraud_ops.mesh.children import end_with_parent
from fraud_ops.running import CommandError
from fraud_shared.state.rabbit import close, connected

START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
# Debian's wrapper insists on a user of its own; the script beside it does not.
FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/opt/homebrew/sbin")
DEFAULT_WATERMARK = "0.4"
# Schedulers that wait busily would take the cores from what is measured.
NOT_BUSY = "+sbwt none +sbwtdcpu none +sbwtdio none"


class BrokerNotFound(CommandError):
    """There is no rabbitmq-server on this machine: install RabbitMQ and Erlang."""


class BrokerDidNotStart(CommandError):
    """The broker ended or did not answer; its log says why."""


def executable(name: str) -> str:
    """The path of one of RabbitMQ's programs. Raises BrokerNotFound."""
    found = shutil.which(name, path=os.pathsep.join(FOLDERS)) or shutil.which(name)
    if found is None or shutil.which("erl") is None:
        raise BrokerNotFound(BrokerNotFound.__doc__)
    return found


class OwnBroker:
    """One node; started, stopped, killed, frozen and blocked at will."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = executable("rabbitmq-server")
        self._port, distribution, self._names_port = _free_ports(3)
        node = f"fraud{os.getpid()}@localhost"
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("RABBITMQ_")},
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": NOT_BUSY,
            # The script becomes the node, so that signals reach it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
        (folder / "plugins").write_text("[].\n")
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, with what it kept, and wait until it answers."""
        with (self._folder / "output").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                self._program,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
                # One that is frozen at that moment would obey no other signal.
                preexec_fn=partial(end_with_parent, signal.SIGKILL),
            )
        await self.answers()

    async def answers(self) -> None:
        """Wait until a connection can be opened. Raises BrokerDidNotStart."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_WITHIN_S):
                while self._process is not None and self._process.returncode is None:
                    if _listens(self._port):
                        with suppress(Exception):
                            await close(await connected(self.url, 5.0))
                            return
                    await asyncio.sleep(0.1)
        raise BrokerDidNotStart(f"see {self._folder / 'output'}")

    async def stop(self) -> None:
        """SIGTERM: it says goodbye to its clients and writes everything down."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: connections stay, and are accepted, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    async def block(self) -> None:
        """The memory alarm: whoever publishes is no longer read."""
        await self._control("set_vm_memory_high_watermark", "0")

    async def unblock(self) -> None:
        """End the alarm."""
        await self._control("set_vm_memory_high_watermark", DEFAULT_WATERMARK)

    async def remove(self) -> None:
        """Stop it and the name server that came with it."""
        if self._process is not None and self._process.returncode is None:
            self.thaw()
            await self.stop()
        epmd = shutil.which("epmd")
        if epmd is not None:
            arguments = (epmd, "-port", str(self._names_port), "-kill")
            await _run(arguments, self._environment)

    async def _control(self, *arguments: str) -> None:
        program = executable("rabbitmqctl")
        status, said = await _run((program, *arguments), self._environment)
        if status:
            raise BrokerDidNotStart(f"rabbitmqctl {arguments[0]}: {said[-200:]}")

    def _signal(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def _end(self, number: int) -> None:
        process = self._process
        if process is None:
            return
        self._signal(number)
        try:
            async with asyncio.timeout(STOP_WITHIN_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        self._process = None


@asynccontextmanager
async def own_broker() -> AsyncIterator[OwnBroker]:
    """A broker that runs while inside; SIGTERM ends what runs inside, and then the broker.
    Raises BrokerNotFound, BrokerDidNotStart."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    with tempfile.TemporaryDirectory(prefix="fraud-broker-") as folder:
        broker = OwnBroker(Path(folder))
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            await broker.start()
            yield broker
        finally:
            loop.remove_signal_handler(signal.SIGTERM)
            await broker.remove()


async def _run(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
