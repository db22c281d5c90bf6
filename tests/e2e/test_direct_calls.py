"""One process that calls handlers decides to the byte what ten that send requests decide."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from typing import Any

import pytest

from fraud_lab.bench.echo import HOPS, REPLY_BYTES
from fraud_lab.bench.load import live
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import AsgiTransport, Headers

PAYMENTS = 60
SEED = 515
# What no two decisions share: their ids, when they were made and how long it took.
OWN = re.compile(
    rb'"(decision_id|challenge_id|trace_id|action_id|reference|decided_at|loaded_at'
    rb'|elapsed_[mu]s|age_hours)":("[^"]*"|[0-9.e-]+)|"timings_ms":\{[^}]*\}'
)


@dataclass
class Wire(AsgiTransport):
    """Requests through the apps, and how many bytes each question and answer has."""

    apps: Mapping[str, Any]
    bytes_of: defaultdict[str, list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        super().__init__(self.apps)

    async def send(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: Headers,
        *args: Any,
        **how: Any,
    ) -> tuple[int, bytes]:
        status, reply = await super().send(service, path, body, headers, *args, **how)
        self.bytes_of[service + path].append((len(body), len(reply)))
        return status, reply


async def replies_of(run: Any) -> list[bytes]:
    """What a fresh mesh says to the same payments, one after the other."""
    replies = []
    async with run() as mesh:
        for body in islice(live(SEED, "same"), PAYMENTS):
            response = await mesh.http.post("/score", content=body)
            assert response.status_code == 200
            replies.append(response.content)
    return replies


@pytest.fixture(scope="module")
def played() -> dict[str, Any]:
    """What both shapes said, once for all tests of this module."""
    return {}


@pytest.fixture
async def both(
    run: Any,
    trained: LocalMesh,
    monkeypatch: pytest.MonkeyPatch,
    played: dict[str, Any],
) -> dict[str, Any]:
    """Replies by shape, and the bytes of the hops."""
    if played:
        return played
    direct = await replies_of(run)
    wires: list[Wire] = []

    def over_the_wire(mesh: InProcessMesh, service: str) -> ServiceClient:
        wires.append(Wire(mesh.apps))
        return ServiceClient(wires[-1], TokenIssuer(service, mesh._token_key))

    monkeypatch.setattr(InProcessMesh, "service_client", over_the_wire)
    with trained.fresh(8000) as other:
        monkeypatch.setenv("FRAUD_VAR", str(other.var))
        wire = await replies_of(run)
    hops: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in wires:
        for where, sizes in one.bytes_of.items():
            hops[where] += sizes
    played.update(direct=direct, wire=wire, hops=hops)
    return played


class TestOneProcess:
    async def test_direct_calls_give_the_replies_of_requests_to_the_byte(
        self, both: dict[str, Any]
    ) -> None:
        same = [OWN.sub(b"", reply) for reply in both["direct"]]
        assert same == [OWN.sub(b"", reply) for reply in both["wire"]]
        verdicts = {json.loads(reply)["decision"] for reply in both["direct"]}
        assert {"APPROVE", "CHALLENGE"} <= verdicts

    async def test_every_hop_of_the_floor_is_as_large_as_the_meshs(
        self, both: dict[str, Any]
    ) -> None:
        found = {
            where.partition("/")[0]: tuple(map(median, zip(*sizes, strict=True)))
            for where, sizes in both["hops"].items()
            if where.partition("/")[0] in HOPS
        }
        wanted = {name: (hop.question, hop.answer) for name, hop in HOPS.items()}
        assert found.keys() == wanted.keys()
        for service, sizes in found.items():
            assert sizes == pytest.approx(wanted[service], rel=0.3), service
        reply = median(map(len, both["wire"]))
        assert reply == pytest.approx(REPLY_BYTES, rel=0.3)
