"""What rule authors do: rulesets and policies, edited lists, snoozes."""

from typing import Annotated

from fastapi import Path

from fraud_orchestrator.api.rows.route import JSON, YAML, PublicRoute
from fraud_shared.contracts.entries import (
    Entry,
    EntryRequest,
    ListName,
    Snooze,
    SnoozeRequest,
)
from fraud_shared.contracts.paging import PageQuery
from fraud_shared.contracts.rules import (
    EditedLists,
    EndQuery,
    Entries,
    RuleMetrics,
    Snoozes,
)
from fraud_shared.contracts.versions import (
    Changes,
    CheckReport,
    Difference,
    DraftRequest,
    Promotion,
    RollbackRequest,
    Versions,
    VersionText,
    VersionView,
    WhyRequest,
)
from fraud_shared.web.keys import Scope

_RULES: tuple[Scope, ...] = ("rules",)
_READ: tuple[Scope, ...] = ("rules", "audit")
_LARGEST = 5 * 1024 * 1024
_NUMBER = Annotated[int, Path(ge=1, le=10**9 - 1)]
_WHICH = Annotated[str, Path(pattern=r"^([1-9][0-9]{0,8}|live|shadow)$")]


def _documents(path: str, service: str, noun: str, one: str) -> tuple[PublicRoute, ...]:
    """The life cycle of rulesets, or of policies: `one` is what people call it."""
    given = path, service, noun, one, "rules" if service == "rules" else "policy"
    return (*_reading(*given), *_checking(*given), *_life_cycle(*given))


def _reading(
    path: str, service: str, noun: str, one: str, command: str
) -> tuple[PublicRoute, ...]:
    area = path.rpartition("/")[2]
    return (
        PublicRoute(
            "GET", path, service, _READ, area, f"list{noun}Versions",
            f"Versions of the {one}, newest first",
            query=PageQuery, response=Versions, command=f"{command} list",
        ),
        PublicRoute(
            "GET", f"{path}/history", service, _READ, area, f"list{noun}Changes",
            "Who did what, when and why, newest first",
            description="Drafts, promotions, rollbacks, list entries, snoozes, and what the "
            "guard did. Nobody can change it.",
            query=PageQuery, response=Changes, command=f"{command} history",
        ),
        PublicRoute(
            "GET", f"{path}/{{version}}", service, _READ, area, f"get{noun}",
            f"One version of the {one}, with its text",
            description="By number, or `live`, or `shadow`.",
            response=VersionText, parameters={"version": _WHICH},
            examples={"version": "live"}, command=f"{command} show",
        ),
        PublicRoute(
            "GET", f"{path}/{{before}}/diff/{{after}}", service, _READ, area,
            f"diff{noun}Versions", "Two versions compared, line by line",
            response=Difference, parameters={"before": _NUMBER, "after": _NUMBER},
            examples={"before": "6", "after": "7"}, command=f"{command} changes",
        ),
    )  # fmt: skip


def _checking(
    path: str, service: str, noun: str, one: str, command: str
) -> tuple[PublicRoute, ...]:
    area = path.rpartition("/")[2]
    return (
        PublicRoute(
            "POST", f"{path}/check", service, _RULES, area, f"check{noun}",
            f"Check a {one}; nothing is kept",
            description="YAML, or JSON `{\"text\": ...}`. 422 names each fault with its line; "
            "what is odd is in `findings`.",
            response=CheckReport, takes=(YAML, JSON), max_body_bytes=_LARGEST,
        ),
        PublicRoute(
            "POST", path, service, _RULES, area, f"draft{noun}",
            f"Store a checked {one} as a draft",
            description="Its own `version` numbers it. The same text again is the same "
            "version.",
            request=DraftRequest, response=VersionView, status=201,
            max_body_bytes=_LARGEST,
        ),
    )  # fmt: skip


def _life_cycle(
    path: str, service: str, noun: str, one: str, command: str
) -> tuple[PublicRoute, ...]:
    area = path.rpartition("/")[2]
    number = {"parameters": {"version": _NUMBER}, "examples": {"version": "7"}}
    return (
        PublicRoute(
            "POST", f"{path}/rollback", service, _RULES, area, f"rollBack{noun}",
            "Back to a version that was live before",
            request=RollbackRequest, response=VersionView,
            problems={"409": ("version-state",)},
            command=f"{command} rollback",
        ),
        PublicRoute(
            "POST", f"{path}/{{version}}/shadow", service, _RULES, area,
            f"shadow{noun}", "Evaluate a draft beside what is live; it never acts",
            request=WhyRequest, response=VersionView, command=f"{command} shadow",
            problems={"409": ("version-state",)},
            **number,  # type: ignore[arg-type]
        ),
        PublicRoute(
            "POST", f"{path}/{{version}}/promote", service, _RULES, area,
            f"promote{noun}", "Ask for a version to be live, or carry it out",
            description="The first call asks (202). A second person, who did not write it, "
            "carries it out (200). 409 for whoever wrote it or asked already.",
            request=WhyRequest, response=Promotion, command=f"{command} promote",
            problems={"409": ("version-state", "second-person-required")}, asks_first=True,
            **number,  # type: ignore[arg-type]
        ),
    )  # fmt: skip


RULESETS = (
    *_documents("/v1/rulesets", "rules", "Ruleset", "ruleset"),
    PublicRoute(
        "GET", "/v1/rulesets/metrics", "rules", _READ, "rulesets", "getRuleMetrics",
        "What each rule did while this version has been live: live beside shadow",
        response=RuleMetrics, command="rules metrics",
    ),
)  # fmt: skip
POLICIES = _documents("/v1/policies", "decision", "Policy", "policy")
LISTS = (
    PublicRoute(
        "GET", "/v1/lists", "rules", _READ, "lists", "listEditedLists",
        "The deny, allow and watch lists, by how many entries are in force",
        response=EditedLists, command="rules lists",
    ),
    PublicRoute(
        "GET", "/v1/lists/{list}/entries", "rules", _READ, "lists", "listEntries",
        "Entries of a list, in force and ended, newest first",
        query=PageQuery, response=Entries, parameters={"list": ListName},
        examples={"list": "deny"},
    ),
    PublicRoute(
        "POST", "/v1/lists/{list}/entries", "rules", _RULES, "lists", "addEntry",
        "Put an entity on a list; in force everywhere within two seconds",
        description="An address becomes a keyed token here. An entity that is on the list "
        "already gets the new reason and end.",
        request=EntryRequest, response=Entry, status=201,
        parameters={"list": ListName}, examples={"list": "deny"},
        command="rules lists-add", tokenises_address=True,
    ),
    PublicRoute(
        "DELETE", "/v1/lists/{list}/entries/{entry_id}", "rules", _RULES, "lists",
        "endEntry", "Take an entity off a list; the record of it stays",
        query=EndQuery, response=Entry, parameters={"list": ListName},
        examples={"list": "deny"}, command="rules lists-remove",
    ),
    PublicRoute(
        "GET", "/v1/snoozes", "rules", _READ, "lists", "listSnoozes",
        "Snoozes, in force and ended, newest first",
        query=PageQuery, response=Snoozes, command="rules snoozes",
    ),
    PublicRoute(
        "POST", "/v1/snoozes", "rules", _RULES, "lists", "addSnooze",
        "Keep one rule from acting on one entity until a moment",
        request=SnoozeRequest, response=Snooze, status=201, command="rules snooze",
        tokenises_address=True,
    ),
    PublicRoute(
        "DELETE", "/v1/snoozes/{snooze_id}", "rules", _RULES, "lists", "endSnooze",
        "End a snooze; the record of it stays",
        query=EndQuery, response=Snooze, command="rules unsnooze",
    ),
)  # fmt: skip
