"""Templates to pages. Everything is escaped; an unknown name in a template is an error."""

import hashlib
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from fraud_console import formats, words
from fraud_console.security import THEME
from fraud_console.sessions import Session
from fraud_shared.mesh.clock import Clock

STATIC = Path(str(resources.files(__package__).joinpath("static")))
# Path, name, what it needs, the letter that leads there after `g`.
PAGES = (
    ("/", "Live", "live", "l"),
    ("/decisions", "Decisions", "decisions", "d"),
    ("/cases", "Cases", "cases", "c"),
    ("/entities", "Entities", "entities", "e"),
    ("/screening", "Screening", "screening", "s"),
    ("/rules", "Rules", "rules", "r"),
    ("/policy", "Policy", "policy", "p"),
    ("/studies", "Studies", "studies", "t"),
    ("/models", "Models", "models", "m"),
    ("/mesh", "Mesh", "mesh", "h"),
    ("/activity", "Activity", "activity", "a"),
)
# When the page is made: times are said relative to it.
_NOW: ContextVar[datetime] = ContextVar("now")
THEMES = ("auto", "light", "dark")


@cache
def environment() -> Environment:
    """The templates, compiled once a process."""
    made = Environment(
        loader=PackageLoader("fraud_console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "money": formats.money,
        "percent": formats.percent,
        "number": formats.number,
        "ms": formats.milliseconds,
        "span": formats.span,
        "short": formats.short,
        "words": formats.words,
        "when": lambda at: formats.when(at, _NOW.get()),
        "ago": lambda at: formats.ago(at, _NOW.get()),
        "reason": words.reason,
        "feature": words.feature,
        "verdict": words.verdict,
        "model": words.model,
        "stage": words.stage,
    }
    made.globals["asset"] = partial(_asset, _digests())
    return made


class Renderer:
    """Makes replies of templates."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def text(self, template: str, **context: Any) -> str:
        """A template as text, for a fragment in a stream."""
        token = _NOW.set(self._clock.now())
        try:
            return environment().get_template(template).render(context)
        finally:
            _NOW.reset(token)

    def reply(
        self,
        template: str,
        request: Request,
        session: Session | None,
        *,
        status: int = 200,
        flash: tuple[str, str] | None = None,
        theme: str | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """A page, or the fragment of one."""
        shown = [p for p in PAGES if session is not None and session.may(p[2])]
        body = self.text(
            template,
            session=session,
            pages=shown,
            path=request.url.path,
            query=request.query_params,
            flash=flash,
            theme=theme if theme in THEMES else "auto",
            **context,
        )
        return HTMLResponse(body, status)


def theme_of(request: Request) -> str:
    """The chosen theme."""
    return request.cookies.get(THEME, "auto")


def _digests() -> Mapping[str, str]:
    return {
        str(file.relative_to(STATIC)): hashlib.sha256(file.read_bytes()).hexdigest()[
            :12
        ]
        for file in STATIC.rglob("*")
        if file.is_file()
    }


def _asset(digests: Mapping[str, str], name: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"/static/{name}?v={digests[name]}"
