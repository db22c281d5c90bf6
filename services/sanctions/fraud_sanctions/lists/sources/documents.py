"""JSON as lists publish it, read object by object, refused when it is damaged."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.refusal import ListRefused

_CHUNK = 256 * 1024
# One entity with all its names is some kilobytes; this bounds memory, not content.
LARGEST_OBJECT = 8 * 1024 * 1024


def json_lines(
    stream: BinaryIO, list_id: str, bad: Collector
) -> Iterator[dict[str, Any]]:
    """The objects of a file with one JSON object per line; other lines go to `bad`."""
    number = 0
    while line := stream.readline(LARGEST_OBJECT):
        number += 1
        if len(line) >= LARGEST_OBJECT:
            raise ListRefused(list_id, "LIST_CORRUPT")
        if not line.endswith(b"\n"):
            raise ListRefused(list_id, "LIST_TRUNCATED")
        if line.strip():
            if (found := _loads(line)) is None:
                bad.skip(f"line {number}", "ROW_UNREADABLE")
            else:
                yield found


def _loads(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def objects(stream: BinaryIO, list_id: str, member: str) -> Iterator[dict[str, Any]]:
    """The objects of the array `member` of one large JSON document."""
    decoder = json.JSONDecoder()
    text = _Window(stream, list_id)
    text.skip_past(f'"{member}"')
    text.skip_past("[")
    while not text.starts_with("]"):
        try:
            found, end = decoder.raw_decode(text.held)
        except (ValueError, RecursionError):
            # Not whole yet, or broken: more text tells.
            text.more()
            continue
        if not isinstance(found, dict):
            raise ListRefused(list_id, "LIST_CORRUPT")
        text.drop(end)
        if text.starts_with(","):
            text.drop(1)
        elif not text.starts_with("]"):
            raise ListRefused(list_id, "LIST_CORRUPT")
        yield found


class _Window:
    """The part of a large text that is being read."""

    def __init__(self, stream: BinaryIO, list_id: str) -> None:
        self._stream = stream
        self._list_id = list_id
        self._undecoded = b""
        self.held = ""

    def more(self) -> None:
        """Read on; the end of the file is a cut, for something was still open."""
        data = self._stream.read(_CHUNK)
        if not data:
            raise ListRefused(self._list_id, "LIST_TRUNCATED")
        if len(self.held) > LARGEST_OBJECT:
            raise ListRefused(self._list_id, "LIST_CORRUPT")
        data = self._undecoded + data
        try:
            self.held += data.decode("utf-8")
            self._undecoded = b""
        except UnicodeDecodeError as error:
            # A character may lie across two chunks; anything else is damage.
            if len(data) - error.start > 3:
                raise ListRefused(self._list_id, "LIST_CORRUPT") from None
            self.held += data[: error.start].decode("utf-8")
            self._undecoded = data[error.start :]

    def drop(self, count: int) -> None:
        """Forget the first `count` characters."""
        self.held = self.held[count:]

    def skip_past(self, mark: str) -> None:
        """Forget everything up to and with `mark`."""
        while mark not in self.held:
            self.more()
        self.drop(self.held.index(mark) + len(mark))

    def starts_with(self, mark: str) -> bool:
        """Whether the next character that is no space is `mark`."""
        while not (stripped := self.held.lstrip()):
            self.more()
        self.held = stripped
        return stripped.startswith(mark)
