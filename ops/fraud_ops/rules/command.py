"""What the commands of rule authors do: check and test files, ask the gateway."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fraud_ops.figures import print_json, wide_console
from fraud_ops.mesh.environment import local_mesh
from fraud_ops.running import CommandError
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.transport import HttpTransport

if TYPE_CHECKING:
    from fraud_engines.rules.ruleset import Ruleset

TIMEOUT_S = 20.0


def check_rules(file: Path, *, as_json: bool) -> None:
    """Check a ruleset file, without a gateway. Exits 1 for one that would be refused."""
    from fraud_engines.rules.analysis import analyse

    ruleset = _ruleset(file)
    found = analyse(ruleset, ruleset.register)
    if as_json:
        findings = [each.model_dump(mode="json") for each in found]
        print_json({"document": ruleset.version, "findings": findings})
        return
    console = wide_console()
    console.print(f"{ruleset.version}: {len(ruleset.rules)} rules, nothing refused")
    for each in found:
        console.print(f"{each.rule} {each.kind}: {each.detail}", markup=False)


def cases_command(file: Path, cases: Path, *, as_json: bool) -> None:
    """Run an author's cases over a ruleset file. Exits 1 when one is not met."""
    from fraud_engines.rules.cases import read_cases, run_cases
    from fraud_engines.rules.ruleset import RulesetError

    ruleset = _ruleset(file)
    try:
        given = read_cases(cases.read_bytes())
    except RulesetError as error:
        raise CommandError(str(error)) from None
    failed = run_cases(ruleset, given)
    if as_json:
        problems = [{"case": one.case, "problem": one.problem} for one in failed]
        print_json(
            {"document": ruleset.version, "cases": len(given.cases), "failed": problems}
        )
    else:
        console = wide_console()
        for one in failed:
            console.print(f"{one.case}: {one.problem}", markup=False)
        console.print(f"{len(given.cases)} cases, {len(failed)} problems")
    if failed:
        raise SystemExit(1)


def check_policy(file: Path, *, as_json: bool) -> None:
    """Check a policy file, without a gateway. Exits 1 for one that would be refused."""
    from fraud_engines.policy.policy import load
    from fraud_engines.policy.policy_schema import DocumentError

    try:
        policy = load(file.read_bytes())
    except DocumentError as error:
        raise CommandError(str(error)) from None
    if as_json:
        print_json({"document": policy.version, "findings": []})
    else:
        wide_console().print(f"{policy.version}: nothing refused")


def _ruleset(file: Path) -> "Ruleset":
    from fraud_engines.rules.ruleset import RulesetError, load
    from fraud_features.definitions.registry import PAYMENT_FEATURES

    try:
        return load(file.read_bytes(), PAYMENT_FEATURES)
    except RulesetError as error:
        raise CommandError(
            "\n".join(f"{place}: {what}" for place, what in error.problems)
        ) from None


def ask(
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    *,
    url: str,
    key: str,
) -> None:
    """Ask the gateway, and print what it answers as JSON. Raises CommandError with the
    problem for anything but success."""
    given = {name: value for name, value in (query or {}).items() if value is not None}
    target = path + (f"?{urlencode(given)}" if given else "")
    sent = {name: value for name, value in (body or {}).items() if value is not None}
    raw = json.dumps(sent).encode() if body is not None else b""
    key = key or local_mesh(None).key()
    try:
        status, reply = asyncio.run(_send(url, method, target, raw, key))
    except DependencyError:
        raise CommandError(f"no gateway answers at {url}") from None
    if status >= 300:
        raise CommandError(_problem(status, reply))
    print_json(json.loads(reply))


async def _send(
    url: str, method: str, path: str, raw: bytes, key: str
) -> tuple[int, bytes]:
    transport = HttpTransport({"gateway": url}, connections=1)
    headers = {"content-type": "application/json", "x-api-key": key}
    try:
        return await transport.send(
            "gateway", path, raw, headers, TIMEOUT_S, method=method
        )
    finally:
        await transport.close()


def _problem(status: int, reply: bytes) -> str:
    """A problem document in one text."""
    try:
        problem = json.loads(reply)
        errors = problem.get("errors") or []
        lines = [f"{problem['detail']} ({status})"]
        lines += [f"{e['field']}: {e['problem']}" for e in errors]
        return "\n".join(lines)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the gateway answered {status}"


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="")
