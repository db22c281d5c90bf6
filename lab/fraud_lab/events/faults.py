"""What is done to the broker, or to the consumer, for a while. Each heals what it broke."""

import asyncio
import time
from collections.abc import Mapping

from fraud_lab.events import records
from fraud_lab.events.stage import Harm, Stage
from fraud_ops.mesh.http import status
from fraud_shared.contracts.events import DECISION_MADE
from fraud_shared.state.rabbit import close, connected
from fraud_shared.state.subscriptions import family
from fraud_shared.state.topology import topology

UNBIND_EVERY_S = 0.1
KILL_EVERY_S = 5.0
REDELIVERIES = 2


async def stopped(stage: Stage, seconds: float) -> None:
    """SIGTERM, and started again afterwards."""
    await stage.broker.stop()
    await asyncio.sleep(seconds)
    await stage.broker.start()


async def killed(stage: Stage, seconds: float) -> None:
    """SIGKILL, and started again afterwards."""
    await stage.broker.kill()
    await asyncio.sleep(seconds)
    await stage.broker.start()


async def frozen(stage: Stage, seconds: float) -> None:
    """SIGSTOP, then SIGCONT."""
    stage.broker.freeze()
    try:
        await asyncio.sleep(seconds)
    finally:
        stage.broker.thaw()


async def blocked(stage: Stage, seconds: float) -> None:
    """The memory alarm."""
    await stage.broker.block()
    await asyncio.sleep(seconds)
    await stage.broker.unblock()


async def unbound(stage: Stage, seconds: float) -> None:
    """The binding of decisions to post_auth's queue goes, and goes again whenever a
    service has declared it anew."""
    wanted = topology()
    name = family(DECISION_MADE)
    (binding,) = (
        one
        for one in wanted.bindings
        if one.exchange == wanted.events and one.pattern.startswith(name)
    )
    connection = await connected(stage.broker.url, 5.0)
    try:
        channel = await connection.channel()
        queue = await channel.get_queue(binding.queue)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            await queue.unbind(binding.exchange, binding.pattern)
            await asyncio.sleep(UNBIND_EVERY_S)
        await queue.bind(binding.exchange, binding.pattern)
    finally:
        await close(connection)


async def consumers_killed(stage: Stage, seconds: float) -> None:
    """post_auth is killed every few seconds, while all that was sent is sent again twice."""
    ends = time.monotonic() + seconds
    url = f"http://127.0.0.1:{stage.mesh.port('post_auth')}/readyz"
    redelivered = 0
    while time.monotonic() < ends:
        if redelivered < REDELIVERIES:
            await records.send_again(stage.databases.gateway)
            redelivered += 1
        process = stage.supervisor.children["post_auth"].process
        assert process is not None
        if process.returncode is None:
            process.kill()
        next_one = time.monotonic() + KILL_EVERY_S
        while await status(url) != 200:
            await asyncio.sleep(0.1)
        await asyncio.sleep(max(1.0, next_one - time.monotonic()))


FAULTS: Mapping[str, Harm] = {
    "stopped": stopped,
    "blocked": blocked,
    "frozen": frozen,
    "killed": killed,
    "unbound": unbound,
    "consumers": consumers_killed,
}
