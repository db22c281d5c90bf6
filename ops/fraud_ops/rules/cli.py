"""`fraud rules` and `fraud policy`: files checked and tested here, everything else through the
gateway, for whoever the key belongs to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from fraud_ops.options import JsonOnly

rules_app = typer.Typer(help="Rules: checked, tested, changed by two people, listed.")
policy_app = typer.Typer(help="Policies: checked, and changed by two people.")

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="YAML or JSON.")
]
Why = Annotated[str, typer.Option(help="Why; it stays on record.")]
Number = Annotated[int, typer.Argument(min=1, help="A version.")]
Url = Annotated[str, typer.Option(envvar="FRAUD_URL", help="The gateway's address.")]
Key = Annotated[
    str,
    typer.Option(
        envvar="FRAUD_API_KEY", help="The API key (default: the local mesh's)."
    ),
]
ListName = Annotated[str, typer.Argument(help="deny, allow or watch.")]
Kind = Annotated[str, typer.Argument(help="account, card_token, device, ip, bin, …")]
Value = Annotated[str, typer.Argument(help="The entity, in any spelling.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="How many at most.")]
LOCAL = "http://127.0.0.1:8000"


@rules_app.callback()
def rules() -> None:
    """Rules: checked, tested, changed by two people, listed."""


@policy_app.callback()
def policy() -> None:
    """Policies: checked, and changed by two people."""


@rules_app.command("check")
def check(file: File, as_json: JsonOnly = False) -> None:
    """Check a ruleset: each fault with its line, and rules that never fire, always fire, or
    say what another says. Nothing is sent."""
    from fraud_ops.rules.command import check_rules

    check_rules(file, as_json=as_json)


@rules_app.command("test")
def run_cases(
    file: File,
    cases: Annotated[Path, typer.Argument(exists=True, help="Cases as YAML.")],
    as_json: JsonOnly = False,
) -> None:
    """Run payments of a file over a ruleset and compare with what it expects."""
    from fraud_ops.rules.command import cases_command

    cases_command(file, cases, as_json=as_json)


@policy_app.command("check")
def check_policy(file: File, as_json: JsonOnly = False) -> None:
    """Check a policy: each fault with its line. Nothing is sent."""
    from fraud_ops.rules.command import check_policy as run

    run(file, as_json=as_json)


def _life_cycle(app: typer.Typer, path: str) -> None:
    """The commands that rulesets and policies have in common."""

    @app.command("list")
    def listed(limit: Limit = 20, url: Url = LOCAL, key: Key = "") -> None:
        """Versions, newest first."""
        _ask("GET", path, query={"limit": limit}, url=url, key=key)

    @app.command("history")
    def history(limit: Limit = 50, url: Url = LOCAL, key: Key = "") -> None:
        """Who did what, when and why, newest first."""
        _ask("GET", f"{path}/history", query={"limit": limit}, url=url, key=key)

    @app.command("show")
    def show(
        version: Annotated[str, typer.Argument(help="A number, live or shadow.")],
        url: Url = LOCAL,
        key: Key = "",
    ) -> None:
        """One version with its text."""
        _ask("GET", f"{path}/{_segment(version)}", url=url, key=key)

    @app.command("changes")
    def changes(before: Number, after: Number, url: Url = LOCAL, key: Key = "") -> None:
        """Two versions compared, line by line."""
        _ask("GET", f"{path}/{before}/diff/{after}", url=url, key=key)

    @app.command("draft")
    def draft(file: File, why: Why, url: Url = LOCAL, key: Key = "") -> None:
        """Store a file as a draft; its own version numbers it."""
        body = {"text": file.read_text(), "why": why}
        _ask("POST", path, body, url=url, key=key)

    @app.command("shadow")
    def shadow(version: Number, why: Why, url: Url = LOCAL, key: Key = "") -> None:
        """Evaluate a draft beside what is live; it never acts."""
        _ask("POST", f"{path}/{version}/shadow", {"why": why}, url=url, key=key)

    @app.command("promote")
    def promote(version: Number, why: Why, url: Url = LOCAL, key: Key = "") -> None:
        """Ask for a version to be live, or carry out what another person asked for."""
        _ask("POST", f"{path}/{version}/promote", {"why": why}, url=url, key=key)

    @app.command("rollback")
    def rollback(to: Number, why: Why, url: Url = LOCAL, key: Key = "") -> None:
        """Back to a version that was live before."""
        _ask("POST", f"{path}/rollback", {"to": to, "why": why}, url=url, key=key)


_life_cycle(rules_app, "/v1/rulesets")
_life_cycle(policy_app, "/v1/policies")


@rules_app.command("metrics")
def metrics(url: Url = LOCAL, key: Key = "") -> None:
    """What each rule did while this version has been live: live beside shadow."""
    _ask("GET", "/v1/rulesets/metrics", url=url, key=key)


@rules_app.command("lists")
def lists(
    name: Annotated[
        str, typer.Argument(help="deny, allow or watch; all if none.")
    ] = "",
    limit: Limit = 100,
    url: Url = LOCAL,
    key: Key = "",
) -> None:
    """The edited lists, or the entries of one."""
    if not name:
        _ask("GET", "/v1/lists", url=url, key=key)
        return
    path = f"/v1/lists/{_segment(name)}/entries"
    _ask("GET", path, query={"limit": limit}, url=url, key=key)


@rules_app.command("lists-add")
def lists_add(
    name: ListName,
    kind: Kind,
    value: Value,
    reason: Why,
    expires_at: Annotated[
        str | None, typer.Option(help="When it ends (RFC 3339); else when taken off.")
    ] = None,
    url: Url = LOCAL,
    key: Key = "",
) -> None:
    """Put an entity on a list; in force everywhere within two seconds."""
    body = {"kind": kind, "value": value, "reason": reason, "expires_at": expires_at}
    _ask("POST", f"/v1/lists/{_segment(name)}/entries", body, url=url, key=key)


@rules_app.command("lists-remove")
def lists_remove(
    name: ListName,
    entry_id: Annotated[str, typer.Argument(help="The entry.")],
    reason: Why,
    url: Url = LOCAL,
    key: Key = "",
) -> None:
    """Take an entity off a list; the record of it stays."""
    path = f"/v1/lists/{_segment(name)}/entries/{_segment(entry_id)}"
    _ask("DELETE", path, query={"reason": reason}, url=url, key=key)


@rules_app.command("snooze")
def snooze(
    rule: Annotated[str, typer.Argument(help="The rule's id, R-014.")],
    kind: Kind,
    value: Value,
    reason: Why,
    until: Annotated[str, typer.Option(help="When it ends (RFC 3339).")],
    url: Url = LOCAL,
    key: Key = "",
) -> None:
    """Keep one rule from acting on one entity until a moment."""
    body = {
        "rule": rule,
        "kind": kind,
        "value": value,
        "reason": reason,
        "expires_at": until,
    }
    _ask("POST", "/v1/snoozes", body, url=url, key=key)


@rules_app.command("snoozes")
def snoozes(limit: Limit = 100, url: Url = LOCAL, key: Key = "") -> None:
    """Snoozes, in force and ended, newest first."""
    _ask("GET", "/v1/snoozes", query={"limit": limit}, url=url, key=key)


@rules_app.command("unsnooze")
def unsnooze(
    snooze_id: Annotated[str, typer.Argument(help="The snooze.")],
    reason: Why,
    url: Url = LOCAL,
    key: Key = "",
) -> None:
    """End a snooze; the record of it stays."""
    path = f"/v1/snoozes/{_segment(snooze_id)}"
    _ask("DELETE", path, query={"reason": reason}, url=url, key=key)


def _segment(text: str) -> str:
    from fraud_ops.rules.command import segment

    return segment(text)


def _ask(
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    *,
    url: str,
    key: str,
) -> None:
    from fraud_ops.rules.command import ask

    ask(method, path, body, query, url=url, key=key)
