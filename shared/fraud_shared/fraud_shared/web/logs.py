"""JSON logs: one line per event, with the request and trace it belongs to.

Logged fields are chosen by the caller and never hold names, card numbers or secrets; a
value that looks like a card number all the same is masked here.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import orjson
import structlog

CURRENT: ContextVar[tuple[str, str] | None] = ContextVar("current", default=None)
_PAN = re.compile(r"(?<![0-9A-Za-z.])(?:[0-9][ -]?){12,18}[0-9](?![0-9A-Za-z.])")


def configure(level: str) -> None:
    """Send structured logs, and those of libraries, to standard output as JSON lines."""
    structlog.configure(
        processors=[
            _add_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(level.upper())
        ),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryHandler()]
    root.setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


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
            message=record.getMessage()[:500],
            exception=problem,
        )


def _dump(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _add_request(
    _: Any, __: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    current = CURRENT.get()
    if current is not None:
        event.setdefault("request_id", current[0])
        event.setdefault("trace_id", current[1])
    return event


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and len(value) > 12 and _PAN.search(value):
            event[key] = _PAN.sub(_masked_if_luhn, value)
    return event


def _masked_if_luhn(match: re.Match[str]) -> str:
    digits = [int(c) for c in match[0] if c.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) if i % 2 else d for i, d in enumerate(digits[::-1])]
    return "[masked]" if sum(doubled) % 10 == 0 else match[0]
