"""`fraud chaos flip`: sanctions lists change under load; every answer is from one version.

Two lists change together, each naming one party that the other version does not. So an
answer made from parts of two versions is seen, by the versions it cites and by its hits.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import status
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport

FLIP_PORT = 20000
START_WITHIN_S = 120.0
# A reload under full load on a busy machine takes its time; that is no failure.
DEADLINE_MS = 120_000.0
LISTS = ("alpha", "beta")
EDITIONS = ("old", "new")
HEADER = "id,name,type,aliases,birth_date,countries\n"
# On one list, in one version only. No two share a word.
MARKERS = {
    ("alpha", "old"): "Zoltarin Krandalov",
    ("alpha", "new"): "Quandrilo Vexwhistle",
    ("beta", "old"): "Bohumira Telchanska",
    ("beta", "new"): "Ysmerelda Throckvane",
}
console = wide_console()
Versions = frozenset[tuple[str, str]]


@dataclass
class Answers:
    """What came back, judged answer by answer."""

    latency_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    per_edition: Counter[str] = field(default_factory=Counter)
    mixed: int = 0
    untrue: int = 0

    def judge(self, reply: dict[str, Any], known: dict[Versions, str]) -> None:
        """Which edition the answer cites, and whether its hits are that edition's."""
        cited = frozenset((one["list"], one["version"]) for one in reply["lists"])
        edition = known.get(cited)
        if edition is None:
            self.mixed += 1
            return
        self.per_edition[edition] += 1
        found = {hit["role"] for hit in reply["hits"]}
        expected = {_role(name, edition) for name in LISTS}
        self.untrue += found != expected or reply["status"] != "match"


def _role(name: str, edition: str) -> str:
    return f"{name}_{edition}"


def chaos_flip_command(
    *, flips: int, rps: float, entities: int, seed: int, as_json: bool, enforce: bool
) -> None:
    """Flip between two versions of two lists `flips` times under load, and judge."""
    with tempfile.TemporaryDirectory(prefix="fraud-flip-") as folder:
        stage = Stage(Path(folder), entities, random.Random(seed))
        answers, took = asyncio.run(_run(stage, flips, rps))
    p50, p99, longest = _percentiles(answers.latency_ms)
    figures = {
        "answered": len(answers.latency_ms),
        "failures": dict(answers.failed),
        "answers_per_edition": dict(answers.per_edition),
        "reload_s": _percentiles(took),
        "p50_ms": p50,
        "p99_ms": p99,
        "longest_ms": longest,
        "entities": 2 * entities,
        "rps": rps,
    }
    console.print(figures)
    gates = [
        gate("failed requests", sum(answers.failed.values()), 0, "at_most"),
        gate("answers from two versions", answers.mixed, 0, "at_most"),
        gate("hits of another version", answers.untrue, 0, "at_most"),
        gate("flips", len(took), 50, "at_least"),
        gate("editions seen", len(answers.per_edition), 2, "at_least"),
    ]
    finish(
        "chaos flip",
        figures,
        gates,
        n=len(answers.latency_ms) + sum(answers.failed.values()),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def _percentiles(values: list[float]) -> list[float | None]:
    if not values:
        return [None, None, None]
    found: list[float | None] = np.percentile(values, [50, 99, 100]).round(3).tolist()
    return found


class Stage:
    """A folder with two lists, each in two versions, and a service that reads it."""

    def __init__(self, folder: Path, entities: int, chance: random.Random) -> None:
        self.lists = folder / "lists"
        self.lists.mkdir()
        self.mesh = LocalMesh(folder / "var", FLIP_PORT)
        self.mesh.prepare()
        common = {name: "".join(_invented(entities, chance)) for name in LISTS}
        self._text = {
            (name, edition): f"{HEADER}{common[name]}M-{edition},{marker},person,,,\n"
            for (name, edition), marker in MARKERS.items()
        }

    def show(self, edition: str) -> None:
        """Put both lists of an edition in the folder."""
        for name in LISTS:
            part = self.lists / f".{name}.part"
            part.write_text(self._text[name, edition], "utf-8")
            os.replace(part, self.lists / f"{name}.csv")

    @asynccontextmanager
    async def service(self) -> AsyncIterator[ServiceClient]:
        """The real sanctions service as a process of its own."""
        environment = self.mesh.environment("memory://") | {
            "FRAUD_SANCTIONS_LISTS": str(self.lists),
            # Flips happen when we say so, never when only one of the files is new.
            "FRAUD_SANCTIONS_CHECK_EVERY_S": "0",
            "FRAUD_SANCTIONS_DEADLINE_CAP_MS": str(DEADLINE_MS),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fraud_sanctions"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{self.mesh.port('sanctions')}"
        tokens = TokenIssuer("orchestrator", self.mesh.secret("FRAUD_TOKEN_KEY"))
        service_client = ServiceClient(
            HttpTransport({"sanctions": url}, connections=256), tokens
        )
        try:
            async with asyncio.timeout(START_WITHIN_S):
                while await status(f"{url}/readyz") != 200:
                    await asyncio.sleep(0.05)
            yield service_client
        finally:
            await service_client.close()
            process.terminate()
            await process.wait()


def _invented(count: int, chance: random.Random) -> Iterator[str]:
    for number in range(count):
        words = ["".join(chance.choices("bdfghjklmnprstvz", k=3)) for _ in range(6)]
        name = " ".join(
            f"{a}a{b}o" for a, b in zip(words[::2], words[1::2], strict=True)
        )
        yield f"I-{number},{name},person,,,\n"


async def _run(stage: Stage, flips: int, rps: float) -> tuple[Answers, list[float]]:
    answers = Answers()
    known: dict[Versions, str] = {}
    took: list[float] = []
    stage.show(EDITIONS[0])
    async with stage.service() as service_client:
        known[await _versions(service_client, "/screen", _BODY)] = EDITIONS[0]
        traffic = asyncio.create_task(_traffic(service_client, rps, answers, known))
        for flip in range(1, flips + 1):
            edition = EDITIONS[flip % 2]
            stage.show(edition)
            started = time.perf_counter()
            cited = await _versions(service_client, "/v1/lists/reload", b"")
            took.append(time.perf_counter() - started)
            known[cited] = edition
            if flip % 10 == 0:
                console.print(f"{flip} of {flips} flips")
        traffic.cancel()
        await asyncio.gather(traffic, return_exceptions=True)
    return answers, took


async def _versions(service_client: ServiceClient, path: str, body: bytes) -> Versions:
    reply = json.loads(await _ask(service_client, path, body))
    return frozenset((one["list"], one["version"]) for one in reply["lists"])


async def _ask(service_client: ServiceClient, path: str, body: bytes) -> bytes:
    deadline = Deadline.after(DEADLINE_MS)
    return await service_client.call(
        "sanctions", path, body, deadline=deadline, cap_ms=DEADLINE_MS
    )


_BODY = json.dumps(
    {
        "parties": [
            {"role": _role(name, edition), "name": marker}
            for (name, edition), marker in MARKERS.items()
        ]
    }
).encode()


async def _traffic(
    service_client: ServiceClient,
    rps: float,
    answers: Answers,
    known: dict[Versions, str],
) -> None:
    """Open loop; replies are judged at the end, when every version is known."""
    replies: list[bytes] = []
    start, number = time.monotonic(), 0
    try:
        async with asyncio.TaskGroup() as tasks:
            while True:
                planned = start + number / rps
                await asyncio.sleep(max(0.0, planned - time.monotonic()))
                tasks.create_task(_one(service_client, planned, answers, replies))
                number += 1
    finally:
        for reply in replies:
            answers.judge(json.loads(reply), known)


async def _one(
    service_client: ServiceClient,
    planned: float,
    answers: Answers,
    replies: list[bytes],
) -> None:
    try:
        replies.append(await _ask(service_client, "/screen", _BODY))
    except DependencyError as error:
        answers.failed[error.kind] += 1
        return
    answers.latency_ms.append((time.monotonic() - planned) * 1000)
