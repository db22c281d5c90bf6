"""Versions of rules and of the policy: written, checked, compared, promoted by two people;
and the lists and snoozes that rules look at."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Response

from fraud_client import FieldError, FraudClientError, InvalidInput
from fraud_client.aio.engines import AsyncVersioned
from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, explain, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.policy_view import PolicyView
from fraud_console.words import feature_names

LARGEST_TEXT = 200_000
# Bodies of forms with such a text, in which a byte may take three.
LIMITS = {
    f"/{name}/{what}": 3 * LARGEST_TEXT + 4096
    for name in ("rules", "policy")
    for what in ("check", "drafts")
}
_LINE = re.compile(r"line (\d+)")
Source = Annotated[str, Form(max_length=LARGEST_TEXT)]
Short = Annotated[str, Form(max_length=256)]
Why = Annotated[str, Form(min_length=3, max_length=256)]
Days = Annotated[int, Form(ge=0, le=3650)]
LISTS = ("deny", "allow", "watch")
LIST_KINDS = (
    "account", "card_token", "device", "ip", "merchant", "terminal", "country", "bin",
    "email_domain", "counterparty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """Rules or the policy: where their pages are and what they are called."""

    name: str
    one: str
    title: str

    def of(self, visit: Visit) -> AsyncVersioned:
        """Their part of the client."""
        client = visit.client
        return client.rulesets if self.name == "rules" else client.policies

    def place(self, version: str = "") -> str:
        """The page of all, or of one version."""
        return f"/{self.name}" + (f"/{quote(version, safe='')}" if version else "")


KINDS = {
    "rules": Kind("rules", "ruleset", "Rules"),
    "policy": Kind("policy", "policy", "Policy"),
}


def router(service: ConsoleService, name: str) -> APIRouter:
    """The pages and changes of rules, or of the policy."""
    kind = KINDS[name]
    routes = APIRouter(prefix=f"/{name}", include_in_schema=False)
    _changes(routes, service, kind)
    _pages(routes, service, kind)
    return routes


def _pages(routes: APIRouter, service: ConsoleService, kind: Kind) -> None:
    sees, writes = seeing(service, kind.name), seeing(service, "authoring")

    @routes.get("")
    async def versions(visit: Annotated[Visit, sees]) -> Response:
        """Every version and its state; what is in force; what happened."""
        found: Visit = visit
        engine = kind.of(found)
        listed, live, history = await asyncio.gather(
            fetch(engine.list(limit=50), f"Versions of the {kind.one}"),
            fetch(engine.get("live"), f"The {kind.one} in force"),
            fetch(engine.history(), "The history"),
        )
        more: dict[str, Any] = {}
        if kind.name == "rules":
            more = await _lists(found)
            more["metrics"] = await fetch(engine.metrics(), "Figures")
        elif live.value is not None:
            more["picture"] = PolicyView.of(live.value.text)
        return found.page(
            f"pages/{kind.name}.html",
            kind=kind,
            listed=listed,
            history=history,
            live=live,
            list_kinds=LIST_KINDS,
            may_write=found.may("authoring"),
            **more,
        )

    @routes.get("/edit")
    async def edit(visit: Annotated[Visit, writes], version: str = "") -> Response:
        """The editor, on the text of a version."""
        found: Visit = visit
        one: Fetched[Any] = Fetched()
        if version:
            one = await fetch(kind.of(found).get(version), f"The {kind.one}")
        text = (one.value.text or "") if one.value else ""
        return found.page(
            "pages/editor.html",
            kind=kind,
            version=version,
            one=one,
            text=text,
            fields=feature_names(),
        )

    @routes.get("/diff")
    async def diff(visit: Annotated[Visit, sees], older: str, newer: str) -> Response:
        """What differs between two versions."""
        found: Visit = visit
        change = await fetch(kind.of(found).diff(older, newer), "The difference")
        return found.page(
            "pages/diff.html",
            kind=kind,
            older=older,
            newer=newer,
            change=change,
            lines=diff_lines(change),
        )

    @routes.get("/{version}")
    async def version(version: str, visit: Annotated[Visit, sees]) -> Response:
        """One version, and what may be done with it."""
        found: Visit = visit
        engine = kind.of(found)
        one, live = await asyncio.gather(
            fetch(engine.get(version), f"The {kind.one}"),
            fetch(engine.get("live"), f"The {kind.one} in force"),
        )
        return found.page(
            "pages/version.html",
            kind=kind,
            version=version,
            one=one,
            live=live,
            may_write=found.may("authoring"),
        )


def _changes(routes: APIRouter, service: ConsoleService, kind: Kind) -> None:
    changes = changing(service, "authoring")

    @routes.post("/check")
    async def check(visit: Annotated[Visit, changes], source: Source = "") -> Response:
        """Whether a text type-checks, while it is written."""
        found: Visit = visit
        problems: tuple[FieldError, ...] = ()
        checked: Fetched[Any] = Fetched()
        try:
            checked = Fetched(await kind.of(found).check(source))
        except InvalidInput as error:
            problems = error.errors or (FieldError("", error.detail),)
        except FraudClientError as error:
            checked = Fetched(missing=explain(error, "The check"))
        return found.page(
            "parts/checked.html", checked=checked, problems=_placed(problems)
        )

    @routes.post("/drafts")
    async def draft(
        visit: Annotated[Visit, changes], source: Source, why: Why
    ) -> Response:
        """Keep a text as a draft."""
        found: Visit = visit
        return await found.change(
            f"Draft of {kind.one}",
            why,
            kind.of(found).create(source, why),
            to=kind.place(),
            done="The draft is kept. Let it run in shadow before it is promoted.",
        )

    @routes.post("/rollback")
    async def rollback(
        visit: Annotated[Visit, changes], version: Short, why: Why
    ) -> Response:
        """An earlier version in force again."""
        found: Visit = visit
        return await found.change(
            f"Roll back {kind.one}",
            f"to {version}: {why}",
            kind.of(found).rollback(version, why),
            to=kind.place(),
            done=f"Rolled back to {version}.",
        )

    @routes.post("/{version}/shadow")
    async def shadow(
        version: str, visit: Annotated[Visit, changes], why: Why
    ) -> Response:
        """Let it run beside what is in force."""
        found: Visit = visit
        return await found.change(
            f"Shadow {kind.one}",
            f"{version}: {why}",
            kind.of(found).shadow(version, why),
            to=kind.place(version),
            done="It runs in shadow: it decides nothing, and is counted.",
        )

    @routes.post("/{version}/promote")
    async def promote(
        version: str, visit: Annotated[Visit, changes], why: Why
    ) -> Response:
        """Ask for it to be put in force, or, by a second person, do it."""
        found: Visit = visit
        return await found.change(
            f"Promote {kind.one}",
            f"{version}: {why}",
            kind.of(found).promote(version, why),
            to=kind.place(version),
            done=lambda made: (
                f"{version} is in force."
                if made.outcome == "live"
                else "Asked for. It is in force once a second person promotes it too."
            ),
        )


def _placed(problems: Sequence[FieldError]) -> list[tuple[str, str, int]]:
    """Where, what, and in which line of the text; 0 where the line is not said."""
    found = []
    for one in problems:
        line = _LINE.search(f"{one.field} {one.problem}")
        found.append((one.field, one.problem, int(line[1]) if line else 0))
    return found


async def _lists(visit: Visit) -> dict[str, Any]:
    found, snoozes = await asyncio.gather(
        asyncio.gather(
            *(
                fetch(visit.client.lists.entries(name, limit=100), f"The {name} list")
                for name in LISTS
            )
        ),
        fetch(visit.client.snoozes.list(), "Snoozes"),
    )
    lists = [
        (name, part, in_force(part)) for name, part in zip(LISTS, found, strict=True)
    ]
    return {"lists": lists, "snoozes": snoozes, "snoozed": in_force(snoozes)}


def in_force(part: Fetched[Any]) -> list[Any]:
    """Entries or snoozes that nobody ended; the gateway lists those that ended too."""
    return (
        [one for one in part.value.items if one.ended_at is None] if part.value else []
    )


def diff_lines(change: Fetched[Any]) -> list[tuple[str, str]]:
    """Lines of a unified diff, each with `+`, `-`, `@` or nothing before it."""
    lines = (change.value or {}).get("lines") or ()
    return [
        (line[0] if line[0] in "+-@" else "", line if line[0] == "@" else line[1:])
        for line in map(str, lines)
        if line and not line.startswith(("---", "+++"))
    ]
