"""Payments on a clock, whatever becomes of them, and each of them once more afterwards."""

import asyncio
import json
import math
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from fraud_lab.chaos.suite.observed import Answer, Run
from fraud_ops.mesh.http import Client
from fraud_shared.mesh.errors import DependencyError

AGAIN_AT_ONCE = 4
AGAIN_TRIES = 40
ANSWER_WITHIN_S = 1.0
# A caller that got no answer asks again so often, for so long.
ASK_AGAIN_S = 0.5
ASK_FOR_S = 20.0
TICK_S = 0.02
Sent = tuple[bytes, Answer]


async def pauses(run: Run) -> None:
    """How long the caller itself did not run: a machine that stands still shows here."""
    while True:
        due = time.monotonic() + TICK_S
        await asyncio.sleep(TICK_S)
        run.paused_s = max(run.paused_s, time.monotonic() - due)


async def traffic(
    pay: Callable[[bytes, float], Coroutine[Any, Any, None]],
    bodies: Sequence[bytes],
    rps: float,
) -> None:
    start = time.monotonic()
    under_way: set[asyncio.Task[None]] = set()
    try:
        for number, body in enumerate(bodies):
            due = start + number / rps
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(pay(body, due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        # Every payment that was sent is part of the history.
        await asyncio.gather(*under_way)


async def pay(
    client: Client, body: bytes, due: float, *, sent: list[Sent], persist: bool
) -> None:
    failure, shed, reply = None, False, b""
    try:
        code, got = await client.post("/score", body, timeout_s=ANSWER_WITHIN_S)
        shed = code == 503 and b":overloaded" in got
        if code == 200:
            reply = got
        elif not shed:
            failure = f"status {code} {_problem(got)}"
    except DependencyError as error:
        failure = error.kind
    took_ms = (time.monotonic() - due) * 1000
    decision = json.loads(reply) if reply else {}
    held_s = await _held_s(client, body) if persist and failure else 0.0
    answer = Answer(due, took_ms, failure, shed, reply, decision, held_s=held_s)
    sent.append((body, answer))


async def _held_s(client: Client, body: bytes) -> float:
    """Send a payment until it is answered; the longest that a gateway that was there said
    it was under way."""
    began, first, longest = time.monotonic(), math.inf, 0.0
    while (now := time.monotonic()) - began < ASK_FOR_S:
        try:
            code, _ = await client.post("/score", body, timeout_s=ANSWER_WITHIN_S)
        except DependencyError:
            first = math.inf  # nobody holds anything while the gateway is away
            code = 0
        if code == 409:
            first = min(first, now)
        if code in (200, 409):
            longest = max(longest, time.monotonic() - first)
        if code == 200:
            break
        # All that wait ask together otherwise, as soon as the gateway is back.
        await asyncio.sleep(random.uniform(0.0, 2 * ASK_AGAIN_S))
    return longest


def _problem(reply: bytes) -> str:
    """The kind of a problem; empty for a reply that is none."""
    try:
        return str(json.loads(reply)["type"]).rpartition(":")[2]
    except (ValueError, TypeError, KeyError):
        return ""


async def sent_again(client: Client, sent: Sequence[Sent]) -> list[Answer]:
    """Every payment sent a second time, once all is well."""
    places = asyncio.Semaphore(AGAIN_AT_ONCE)

    async def again(body: bytes, one: Answer) -> Answer:
        async with places:
            for _ in range(AGAIN_TRIES):
                try:
                    code, reply = await client.post("/score", body, timeout_s=5.0)
                except DependencyError:
                    code, reply = 0, b""
                if code == 200:
                    return replace(one, again=reply)
                await asyncio.sleep(0.25)
        return one

    return list(await asyncio.gather(*(again(*pair) for pair in sent)))
