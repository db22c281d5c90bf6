"""A process ends at the step that was named, once, and only in processes of the suite."""

import asyncio
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

import pytest

from fraud_lab.chaos.suite.failing import POINTS, STATUS, Trigger, main, wrapped


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def trigger(tmp_path: Path) -> Trigger:
    def end(status: int) -> None:
        assert status == STATUS
        raise Ended

    return Trigger(tmp_path / "failpoint", end)


def test_fourteen_steps_are_named_and_each_is_there() -> None:
    assert len(POINTS) == 14
    for point in POINTS.values():
        for place in point.places:
            assert callable(resolve_name(place)), place


def test_nothing_ends_before_a_step_is_armed(trigger: Trigger) -> None:
    async def step() -> str:
        return "done"

    assert asyncio.run(wrapped(step, "a", "before", trigger)()) == "done"


def test_the_process_ends_at_the_nth_time_and_never_again(trigger: Trigger) -> None:
    done: list[int] = []

    async def step(number: int) -> int:
        done.append(number)
        return number

    trigger.arm("a", 3)
    armed, other = (
        wrapped(step, "a", "after", trigger),
        wrapped(step, "b", "after", trigger),
    )

    async def scenario() -> None:
        for number in range(2):
            await armed(number)
            await other(10 + number)
        assert not trigger.fired
        with pytest.raises(Ended):
            await armed(2)

    asyncio.run(scenario())
    assert trigger.fired
    assert done == [0, 10, 1, 11, 2]  # after the step: it was done
    asyncio.run(armed(3))


def test_before_a_step_it_is_not_done(trigger: Trigger) -> None:
    def step() -> None:
        raise AssertionError

    trigger.arm("a", 1)
    with pytest.raises(Ended):
        wrapped(step, "a", "before", trigger)()


def test_half_of_a_reply_is_sent(trigger: Trigger) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def reply(send: Any, answer: Any, context: None) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": answer.body})

    half = wrapped(reply, "a", "half", trigger)
    trigger.arm("a", 1)
    asyncio.run(half(send, SimpleNamespace(body=b"[]"), None))
    assert sent[-1]["body"] == b"[]"  # no decision: let pass
    with pytest.raises(Ended):
        asyncio.run(half(send, SimpleNamespace(body=b'{"decision_id":1}'), None))
    assert sent[-1] == {
        "type": "http.response.body", "body": b'{"decisi', "more_body": True,
    }  # fmt: skip


def test_an_event_is_under_way_when_the_process_ends(trigger: Trigger) -> None:
    sent = asyncio.Event()

    async def publish() -> None:
        sent.set()
        await asyncio.Event().wait()

    trigger.arm("a", 1)
    with pytest.raises(Ended):
        asyncio.run(wrapped(publish, "a", "during", trigger)())
    assert sent.is_set()


def test_production_refuses_steps_that_end_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FRAUD_ENV", "production")
    monkeypatch.setenv("FRAUD_FAILPOINT_FILE", str(tmp_path / "failpoint"))
    with pytest.raises(SystemExit) as refused:
        main("orchestrator")
    assert refused.value.code == 2


def test_a_process_that_ends_says_nothing_and_closes_nothing(tmp_path: Path) -> None:
    trigger = Trigger(tmp_path / "failpoint")
    trigger.arm("a", 1)
    program = f"""
from pathlib import Path
from fraud_lab.chaos.suite.failing import Trigger, wrapped
try:
    wrapped(lambda: None, "a", "after", Trigger(Path({str(tmp_path / "failpoint")!r})))()
finally:
    print("closed")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (STATUS, b"")
    assert trigger.fired
