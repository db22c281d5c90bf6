"""Entries of lists, and snoozes: what rules look at."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response

from fraud_console.api.guards import Visit, changing
from fraud_console.service import ConsoleService

Short = Annotated[str, Form(max_length=256)]
Why = Annotated[str, Form(min_length=3, max_length=256)]
Days = Annotated[int, Form(ge=0, le=3650)]


def router(service: ConsoleService) -> APIRouter:
    """Entries of lists, and snoozes."""
    routes = APIRouter(prefix="/lists", include_in_schema=False)
    changes = changing(service, "authoring")

    def until(days: int) -> datetime | None:
        return service.clock.now() + timedelta(days=days) if days else None

    @routes.post("/entries")
    async def add(
        visit: Annotated[Visit, changes],
        name: Short,
        kind: Short,
        value: Short,
        why: Why,
        days: Days = 30,
    ) -> Response:
        """Put a value on a list."""
        found: Visit = visit
        asked = found.client.lists.add(name, kind, value, why, expires_at=until(days))
        done = f"Added to the {name} list."
        return await found.change(
            "Add list entry",
            f"{name}: {kind} {value}",
            asked,
            to="/rules#lists",
            done=done,
        )

    @routes.post("/entries/remove")
    async def remove(
        visit: Annotated[Visit, changes], name: Short, entry_id: Short
    ) -> Response:
        """Take a value off a list."""
        found: Visit = visit
        asked = found.client.lists.remove(name, entry_id)
        done = f"Taken off the {name} list."
        return await found.change(
            "Remove list entry",
            f"{name}: {entry_id}",
            asked,
            to="/rules#lists",
            done=done,
        )

    @routes.post("/snoozes")
    async def snooze(
        visit: Annotated[Visit, changes],
        rule: Short,
        kind: Short,
        value: Short,
        why: Why,
        days: Days = 7,
    ) -> Response:
        """Let a rule be silent for a value."""
        found: Visit = visit
        ends = until(max(1, days))
        assert ends is not None
        asked = found.client.snoozes.add(rule, kind, value, why, ends)
        done = f"{rule} is silent for it for {max(1, days)} days."
        return await found.change(
            "Snooze rule",
            f"{rule}: {kind} {value}",
            asked,
            to="/rules#snoozes",
            done=done,
        )

    @routes.post("/snoozes/remove")
    async def wake(visit: Annotated[Visit, changes], snooze_id: Short) -> Response:
        """Let it speak again."""
        found: Visit = visit
        asked = found.client.snoozes.remove(snooze_id)
        return await found.change(
            "End snooze",
            snooze_id,
            asked,
            to="/rules#snoozes",
            done="The snooze is over.",
        )

    return routes
