"""Where spans go, by the standard `OTEL_*` variables, and to files of a local mesh.

OTLP when an endpoint is set or `OTEL_TRACES_EXPORTER` says so; with `FRAUD_TRACES_DIR` one
file of JSON lines a service besides, of bounded size, which `fraud trace` reads.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SimpleSpanProcessor,
    SpanExporter,
)
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

# Two of them are kept a service: the one that is written, and the one before.
FILE_BYTES = 4 * 1024 * 1024
FOLDER = "FRAUD_TRACES_DIR"


class UnknownExporter(ValueError):
    """A variable names an exporter or a protocol that this distribution does not have."""


class BoundedLines(io.StringIO):
    """A text stream into a file that is put aside when it is full.

    `flush` appends what was written as a whole, so several processes may share a file.
    """

    def __init__(self, path: Path, largest: int = FILE_BYTES) -> None:
        """`largest` in bytes; the file before this one is kept as `<name>.old`."""
        super().__init__()
        self._path = path
        self._largest = largest

    def flush(self) -> None:
        """Append what was written since the last time."""
        text = self.getvalue()
        if not text:
            return
        self.seek(0)
        self.truncate()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab", buffering=0) as file:
            file.write(text.encode())
            full = os.fstat(file.fileno()).st_size >= self._largest
        if full:
            self._path.replace(self._path.with_suffix(".old"))


def file_exporter(folder: Path, service: str) -> SpanExporter:
    """Spans as JSON lines, in the SDK's own form, in `<folder>/<service>.jsonl`."""
    lines = BoundedLines(folder / f"{service}.jsonl")
    return ConsoleSpanExporter(out=lines, formatter=_line)


def exporters(service: str) -> list[SpanExporter]:
    """What the environment asks for; none of it means that no span is built.

    Raises UnknownExporter.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return []
    found: list[SpanExporter] = []
    for name in filter(None, (part.strip() for part in named().split(","))):
        if name == "none":
            return []
        found.append(_named(name))
    if folder := os.environ.get("FRAUD_TRACES_DIR"):
        found.append(file_exporter(Path(folder), service))
    return found


def named() -> str:
    """The exporters that the environment names; `otlp` where it has an endpoint."""
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    )
    return os.environ.get("OTEL_TRACES_EXPORTER") or ("otlp" if endpoint else "")


def provider(
    service: str, to: Sequence[SpanExporter], ids: RandomIdGenerator, *, at_once: bool
) -> TracerProvider:
    """A provider of spans that go to all of `to`; `at_once` for tests."""
    made = TracerProvider(
        resource=_resource(service),
        # Whether a request is sampled was decided before a span of it is begun.
        sampler=ALWAYS_ON,
        id_generator=ids,
        # Stopped with its service, not when the interpreter ends.
        shutdown_on_exit=False,
    )
    processor = SimpleSpanProcessor if at_once else BatchSpanProcessor
    for exporter in to:
        made.add_span_processor(processor(exporter))
    return made


def _named(name: str) -> SpanExporter:
    if name == "console":
        return ConsoleSpanExporter()
    if name != "otlp":
        raise UnknownExporter(f"OTEL_TRACES_EXPORTER={name}: otlp, console or none")
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL"
    )
    if protocol and protocol != "http/protobuf":
        raise UnknownExporter(f"OTLP by {protocol}: only http/protobuf is spoken")
    # Optional extra `otlp`: only where traces are collected.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _resource(service: str) -> Resource:
    own = {"service.name": service, "service.namespace": "fraud"}
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    return Resource.create({**own, **OTELResourceDetector().detect().attributes})


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"
