"""JSON logs: one line per event, with the request and trace it belongs to.

Logged fields are chosen by the caller and never hold names, card numbers or secrets; a
value that looks like a card number all the same is masked here.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from fraud_shared.contracts.card_numbers import masked, may_hold

CURRENT: ContextVar[tuple[str, str] | None] = ContextVar("current", default=None)
_OURS = frozenset({"request_id", "trace_id", "timestamp"})


class _Level:
    """Whether request lines are wanted; set once, at the start."""

    wanted = True


_level = _Level()


def configure(level: str) -> None:
    """Send structured logs, and those of libraries, to standard output as JSON lines."""
    _level.wanted = logging.getLevelName(level.upper()) <= logging.INFO
    structlog.configure(
        processors=[
            _add_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _locate_exception,
            _mask,
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(level.upper())
        ),
        logger_factory=lambda *_: _StandardOutput(),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryHandler()]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def request(own: Mapping[str, Any], notes: Mapping[str, Any] | None) -> None:
    """The line of one request: what all other lines hold, at half their cost, for there is
    one of it for every hop. A note may not replace what the edge itself knows."""
    if not _level.wanted:
        return
    end = {"event": "request", "level": "info", "timestamp": datetime.now(UTC)}
    raw = _dump({**(notes or {}), **own, **end}, option=orjson.OPT_UTC_Z)
    # One look at the whole line, not one at each value of it: everything stands in it as it
    # is but for what is escaped.
    if notes and (b"\\" in raw or may_hold(raw.decode())):
        safe = {key: _masked_value(value) for key, value in notes.items()}
        raw = _dump({**safe, **own, **end}, option=orjson.OPT_UTC_Z)
    _write(raw)


def _write(line: bytes) -> None:
    out = sys.stdout.buffer
    out.write(line + b"\n")
    out.flush()


class _StandardOutput:
    """Writes lines to what standard output is now, not what it was at the first line."""

    def msg(self, line: bytes) -> None:
        _write(line)

    debug = info = warning = error = critical = msg


class _LibraryHandler(logging.Handler):
    """Library records become JSON lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        # Only the exception's type: its text may hold input.
        problem = (
            record.exc_info[0].__name__
            if record.exc_info and record.exc_info[0]
            else None
        )
        log.log(
            record.levelno,
            "library",
            logger=record.name,
            # Further lines hold tracebacks and object dumps.
            message=record.getMessage().partition("\n")[0][:500],
            exception=problem,
        )


def _dump(event: Any, *, option: int | None = None, **_: Any) -> bytes:
    return orjson.dumps(event, default=str, option=option)


def _add_request(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    current = CURRENT.get()
    if current is not None:
        event.setdefault("request_id", current[0])
        event.setdefault("trace_id", current[1])
    return event


def _locate_exception(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """An exception as its type and place: its text may hold what was sent."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["where"] = [
            f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}:{line}"
            for frame, line in traceback.walk_tb(error.__traceback__)
        ][-8:]
    return event


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key not in _OURS:
            event[key] = _masked_value(value)
    return event


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {_masked_value(k): _masked_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value(item) for item in value]
    return value
