"""What is done to the broker, or to the consumer, for a while. Each heals what it broke, and
returns from when until when it was broken (monotonic seconds): a broker that starts, or a
command that controls it, takes the cores that decide payments."""

import asyncio
import time
from collections.abc import Mapping

from fraud_lab.events import records
from fraud_lab.events.stage import Harm, Span, Stage
from fraud_ops.mesh.http import status
from fraud_shared.contracts.events import DECISION_MADE
from fraud_shared.state.rabbit import close, connected
from fraud_shared.state.subscriptions import family
from fraud_shared.state.topology import topology

UNBIND_EVERY_S = 0.1
KILL_EVERY_S = 5.0
REDELIVERIES = 2


async def stopped(stage: Stage, seconds: float) -> Span:
    """SIGTERM, and started again afterwards."""
    await stage.broker.stop()
    span = await _span(seconds)
    await stage.broker.start()
    return span


async def killed(stage: Stage, seconds: float) -> Span:
    """SIGKILL, and started again afterwards."""
    await stage.broker.kill()
    span = await _span(seconds)
    await stage.broker.start()
    return span


async def frozen(stage: Stage, seconds: float) -> Span:
    """SIGSTOP, then SIGCONT."""
    stage.broker.freeze()
    try:
        return await _span(seconds)
    finally:
        stage.broker.thaw()


async def blocked(stage: Stage, seconds: float) -> Span:
    """The memory alarm."""
    await stage.broker.block()
    span = await _span(seconds)
    await stage.broker.unblock()
    return span


async def unbound(stage: Stage, seconds: float) -> Span:
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
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            await queue.unbind(binding.exchange, binding.pattern)
            await asyncio.sleep(UNBIND_EVERY_S)
        ended = time.monotonic()
        await queue.bind(binding.exchange, binding.pattern)
        return begun, ended
    finally:
        await close(connection)


async def consumers_killed(stage: Stage, seconds: float) -> Span:
    """post_auth is killed every few seconds, while all that was sent is sent again twice."""
    begun = time.monotonic()
    url = f"http://127.0.0.1:{stage.mesh.port('post_auth')}/readyz"
    redelivered = 0
    while time.monotonic() < begun + seconds:
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
    return begun, time.monotonic()


async def _span(seconds: float) -> Span:
    begun = time.monotonic()
    await asyncio.sleep(seconds)
    return begun, time.monotonic()


FAULTS: Mapping[str, Harm] = {
    "stopped": stopped,
    "blocked": blocked,
    "frozen": frozen,
    "killed": killed,
    "unbound": unbound,
    "consumers": consumers_killed,
}
