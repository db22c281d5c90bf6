"""The gateway in memory that clients test with answers what the real one answers."""

import json
import re
from pathlib import Path

from fraud_client.testing.gateway import FakeGateway

DOCUMENT = Path(__file__).parents[2] / "deploy" / "openapi" / "orchestrator.json"


def test_every_route_of_the_fake_is_one_of_the_gateway():
    paths = json.loads(DOCUMENT.read_text())["paths"]
    real = [
        (method.upper(), re.sub(r"\{\w+\}", "x1", path))
        for path, operations in paths.items()
        for method in operations
    ]
    invented = [
        f"{method} {pattern.pattern}"
        for method, pattern, *_ in FakeGateway().rows
        if not any(method == m and pattern.fullmatch(path) for m, path in real)
    ]
    assert len(real) > 50
    assert invented == []
