"""Row 22: one payment sent a hundred times at once is one decision with one answer."""

import asyncio
import json
from collections import Counter
from itertools import islice
from typing import Any

from fraud_lab.bench.load import live
from fraud_ops.figures import Gate, gate
from fraud_ops.mesh.http import Client
from fraud_shared.mesh.errors import DependencyError

ROW = 22
PROMISE = "The same payment in parallel is one effect"
LEFT_OUT = "4 gateways; 200 rounds; Redis down; copies refused for overload"
AT_ONCE = 100
ROUNDS_PER_RUN = 20
ANSWER_WITHIN_S = 5.0


async def duplicates(client: Client, rounds: int, seed: int) -> dict[str, Any]:
    """Send `rounds` payments `AT_ONCE` times each, all copies of one at once, and each of
    them once more afterwards."""
    found: Counter[str] = Counter()
    for body in islice(live(seed, f"twins{seed}"), rounds):
        sent = await asyncio.gather(*(_send(client, body) for _ in range(AT_ONCE)))
        answers = {reply for kind, reply in sent if kind == "answered"}
        found.update(kind for kind, _ in sent)
        found["rounds"] += 1
        found["rounds_with_other_bytes"] += len(answers) > 1
        last, reply = await _send(client, body)
        found["rounds_undecided"] += last != "answered"
        found["rounds_changed"] += bool(answers) and reply not in answers
    keys = ("rounds", "answered", "in_progress", "shed", "other", "rounds_undecided",
            "rounds_with_other_bytes", "rounds_changed")  # fmt: skip
    return {key: found[key] for key in keys} | {"attempted": rounds * AT_ONCE}


def judge(figures: dict[str, Any]) -> list[Gate]:
    """A refusal for overload is declared: it is shown, and is no other outcome."""
    name = f"row {ROW}: "
    return [
        gate(name + what, figures[key], 0, "at_most")
        for what, key in (
            ("rounds with two answers", "rounds_with_other_bytes"),
            ("rounds whose answer changed", "rounds_changed"),
            ("rounds without a decision", "rounds_undecided"),
            ("other outcomes than the answer, 409 or a refusal", "other"),
        )
    ]


async def _send(client: Client, body: bytes) -> tuple[str, bytes]:
    try:
        status, reply = await client.post("/score", body, timeout_s=ANSWER_WITHIN_S)
    except DependencyError:
        return "other", b""
    if status == 200:
        return "answered", reply
    kind = str(json.loads(reply).get("type", "")).rpartition(":")[2]
    if status == 409:
        return "in_progress", b""
    return ("shed" if (status, kind) == (503, "overloaded") else "other"), b""
