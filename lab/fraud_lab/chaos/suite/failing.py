"""A service that ends at a named step: `python -m fraud_lab.chaos.suite.failing SERVICE`.

Nothing of this is in the services: the steps are wrapped from outside, in processes that
the suite starts, and production refuses to run so. A step is armed by a file that names it;
the process takes the file away and ends with status 9, at once, as after `kill -9`. So it
ends once, and starts again without harm.
"""

import asyncio
import inspect
import os
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Literal, NoReturn

VARIABLE = "FRAUD_FAILPOINT_FILE"
STATUS = 9
# From when an event is sent until it may have arrived.
UNDER_WAY_S = 0.005
When = Literal["before", "after", "during", "half"]
Step = Callable[..., Any]


@dataclass(frozen=True)
class Point:
    """A step of a service: `before` and `after` the call of `place`, `during` it, or with
    `half` of the reply's body sent."""

    service: str
    when: When
    places: tuple[str, ...]
    # Few payments reach it: then the first does not get past it.
    rare: bool = False
    # It comes in a start, so the process is started again.
    in_start: bool = False


def _gateway(when: When, *places: str, rare: bool = False) -> Point:
    return Point("orchestrator", when, places, rare)


_DECISIONS = "fraud_orchestrator.stores.decisions:DecisionStore"
_LEDGER = "fraud_post_auth.ledger:Ledger"
POINTS: dict[str, Point] = {
    "after_auth": _gateway("before", "fraud_orchestrator.gateway:Gateway.score"),
    "after_claim": _gateway("after", "fraud_orchestrator.pipeline:Pipeline._known"),
    "after_rules": _gateway("after", "fraud_orchestrator.stages.rules:Rules.evaluate"),
    "after_models": _gateway(
        "after", "fraud_orchestrator.stages.signals:Signals.collect"
    ),
    "before_commit": _gateway("before", f"{_DECISIONS}.commit"),
    "after_commit": _gateway("after", f"{_DECISIONS}.commit"),
    "after_action_before_mark": _gateway(
        "after", "fraud_orchestrator.stages.actions:Actions.execute", rare=True
    ),
    "mid_reply": _gateway("half", "fraud_shared.web.replies:reply"),
    "after_publish_before_confirm": _gateway(
        "during",
        "fraud_shared.state.bus:HttpBus.publish",
        "fraud_shared.state.rabbit:RabbitBus.publish",
        rare=True,
    ),
    "after_confirm_before_mark": _gateway(
        "after",
        "fraud_shared.state.bus:HttpBus.publish",
        "fraud_shared.state.rabbit:RabbitBus.publish",
        rare=True,
    ),
    "consumer_after_inbox_insert": Point(
        "post_auth", "after", (f"{_LEDGER}._receive",), rare=True
    ),
    "consumer_before_commit": Point(
        "post_auth", "after", (f"{_LEDGER}._payments",), rare=True
    ),
    "consumer_after_commit_before_ack": Point(
        "post_auth", "after", (f"{_LEDGER}.apply",), rare=True
    ),
    "swap_after_verify_before_flip": Point(
        "xgboost",
        "before",
        ("fraud_scoring.serving.slot:ModelSlot._flip",),
        rare=True,
        in_start=True,
    ),
}


class Trigger:
    """Says when to end: at the `hits`th time that the step in `file` is reached."""

    def __init__(self, file: Path, end: Callable[[int], Any] = os._exit) -> None:
        self._file = file
        self._end = end
        self._armed = 0
        self._left = 0

    def arm(self, name: str, hits: int) -> None:
        """Have the process that reaches `name` for the `hits`th time end there."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{name} {hits}")
        part.replace(self._file)

    @property
    def fired(self) -> bool:
        """Whether what was armed last has happened."""
        return not self._file.exists()

    def reached(self, name: str) -> bool:
        """Whether this is the time to end: then it is the only one."""
        try:
            armed, hits = self._file.read_text().split()
            since = self._file.stat().st_mtime_ns
        except OSError:
            return False
        if armed != name:
            return False
        if since != self._armed:
            self._armed, self._left = since, int(hits)
        self._left -= 1
        if self._left > 0:
            return False
        self._file.unlink(missing_ok=True)
        return True

    def end(self) -> None:
        """End this process as `kill -9` does: nothing is flushed, closed or said."""
        self._end(STATUS)


def install(service: str, trigger: Trigger) -> None:
    """Wrap every step of `service`."""
    for name, point in POINTS.items():
        if point.service == service:
            for place in point.places:
                _wrap(place, name, point.when, trigger)


def _wrap(place: str, name: str, when: When, trigger: Trigger) -> None:
    owner_name, _, attribute = place.rpartition(
        "." if "." in place.partition(":")[2] else ":"
    )
    owner = resolve_name(owner_name)
    setattr(owner, attribute, wrapped(getattr(owner, attribute), name, when, trigger))


def wrapped(step: Step, name: str, when: When, trigger: Trigger) -> Step:
    """The step, at which the process may end."""
    if when == "half":
        return _ends_midway(step, name, trigger)
    if when == "during":
        return _ends_under_way(step, name, trigger)
    if not inspect.iscoroutinefunction(step):

        @wraps(step)
        def plain(*given: Any, **named: Any) -> Any:
            if when == "before" and trigger.reached(name):
                trigger.end()
            result = step(*given, **named)
            if when == "after" and trigger.reached(name):
                trigger.end()
            return result

        return plain

    @wraps(step)
    async def awaited(*given: Any, **named: Any) -> Any:
        if when == "before" and trigger.reached(name):
            trigger.end()
        result = await step(*given, **named)
        if when == "after" and trigger.reached(name):
            trigger.end()
        return result

    return awaited


def _ends_under_way(step: Step, name: str, trigger: Trigger) -> Step:
    @wraps(step)
    async def sending(*given: Any, **named: Any) -> Any:
        under_way = asyncio.ensure_future(step(*given, **named))
        if trigger.reached(name):
            await asyncio.sleep(UNDER_WAY_S)
            trigger.end()
        return await under_way

    return sending


def _ends_midway(step: Step, name: str, trigger: Trigger) -> Step:
    """Of a decision's reply."""

    @wraps(step)
    async def reply(send: Step, answer: Any, context: Any) -> Any:
        async def half(message: dict[str, Any]) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            body = message["body"]
            await send({**message, "body": body[: len(body) // 2], "more_body": True})
            trigger.end()

        decided = b'"decision_id"' in answer.body
        ends = decided and trigger.reached(name)
        return await step(half if ends else send, answer, context)

    return reply


def command(service: str) -> list[str]:
    """How a supervisor starts a service that can be made to end."""
    return [sys.executable, "-m", __name__, service]


def main(service: str) -> None:
    """Run a service whose steps are wrapped."""
    if os.environ.get("FRAUD_ENV") == "production":
        _refuse("steps that end the process are no part of production")
    if not (file := os.environ.get(VARIABLE)):
        _refuse(f"{VARIABLE} is not set")
    install(service, Trigger(Path(file)))
    runpy.run_module(f"fraud_{service}", run_name="__main__", alter_sys=True)


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"cannot start: {why}\n")
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1])
