"""The file of a recording: JSON lines, gzip when its name ends in .gz.

The first line is the header, every other one a request and its answer in the order they
were made. Nothing in it names code: it outlives a change of every module and class.
"""

import gzip
import zlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import orjson

from fraud_ops.running import CommandError

FORMAT = 1
PAYMENT, LABEL = "/score", "/v1/labels"


class RecordingRefused(CommandError, ValueError):
    """The file is not a recording that this command reads."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a client at `at`, by the clock of the mesh."""

    client: str
    at: datetime
    path: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, the status and the masked reply."""

    request: Request
    status: int
    reply: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """What was recorded, and of what.

    `challenger_from`: from this request on the challenger decides. `models`: name, version,
    hash and bundle of every model that served. `versions`: what the replies name.
    """

    format: int
    seed: int
    payments: int
    requests: int
    challenger_from: int
    models: dict[str, dict[str, str]]
    versions: dict[str, str]


def write(path: Path, header: Header, exchanges: Iterable[Exchange]) -> None:
    """Write a recording beside `path` and put it there when it is whole."""
    aside = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opened(aside, "wb", packed=path.suffix == ".gz") as file:
        file.write(orjson.dumps(asdict(header)) + b"\n")
        for one in exchanges:
            file.write(_line(one))
    aside.replace(path)


def read(path: Path) -> tuple[Header, list[Exchange]]:
    """A whole recording. Raises RecordingRefused."""
    try:
        with _opened(path, "rb", packed=path.suffix == ".gz") as file:
            first, *rest = file.read().splitlines()
        document = orjson.loads(first)
        if document.get("format") != FORMAT:
            raise RecordingRefused(f"{path} is not of format {FORMAT}")
        header = Header(**document)
        exchanges = [_exchange(orjson.loads(line)) for line in rest]
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingRefused(f"{path} cannot be read: {error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, RecordingRefused):
            raise
        raise RecordingRefused(f"{path} is not a recording") from None
    if len(exchanges) != header.requests:
        raise RecordingRefused(
            f"{path} has {len(exchanges)} of {header.requests} requests"
        )
    return header, exchanges


def _opened(
    path: Path, mode: Literal["rb", "wb"], *, packed: bool
) -> AbstractContextManager[BinaryIO]:
    if packed:
        found = gzip.open(path, mode, compresslevel=6)  # noqa: SIM115
        return cast("AbstractContextManager[BinaryIO]", found)
    return cast("AbstractContextManager[BinaryIO]", path.open(mode))


def _line(one: Exchange) -> bytes:
    request = one.request
    # The reply as text, so that every byte of it is kept as it was sent.
    document = {
        "client": request.client,
        "at": request.at.isoformat(),
        "path": request.path,
        "body": request.body,
        "status": one.status,
        "reply": one.reply.decode(),
    }
    return orjson.dumps(document) + b"\n"


def _exchange(line: dict[str, Any]) -> Exchange:
    at = datetime.fromisoformat(line["at"])
    request = Request(line["client"], at, line["path"], line["body"])
    return Exchange(request, line["status"], line["reply"].encode())
