"""`fraud replay decisions`: whether today's code answers as the recorded code did."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from fraud_lab.parity.stages import variables
from fraud_lab.replay import recording
from fraud_lab.replay.masking import Masks, first_difference
from fraud_lab.replay.recording import PAYMENT, Exchange, Header, Request
from fraud_lab.replay.requests import simulated_requests
from fraud_lab.replay.still_mesh import play
from fraud_ops.features.progress import bars
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import local_mesh
from fraud_ops.options import trained_mesh
from fraud_ops.running import CommandError

# The challenger decides for the last fifth.
CHALLENGER_AFTER = 0.8
COMMAND = "replay decisions"
console = wide_console()
Models = dict[str, dict[str, str]]


class OtherModels(CommandError):
    """The registry's models are others than those of the recording."""


@dataclass
class Outcome:
    """How the replies of a run compare with the recorded ones."""

    payments: int = 0
    labels: int = 0
    payments_differing: int = 0
    labels_differing: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    example: dict[str, Any] | None = None
    versions: dict[str, str] = field(default_factory=dict)

    def compare(self, number: int, recorded: Exchange, now: Exchange) -> None:
        """Count one request."""
        payment = recorded.request.path == PAYMENT
        self.payments += payment
        self.labels += not payment
        same_status = recorded.status == now.status
        if same_status and recorded.reply == now.reply:
            return
        self.payments_differing += payment
        self.labels_differing += not payment
        name, before, after = (
            first_difference(recorded.reply, now.reply)
            if same_status
            else ("(status)", recorded.status, now.status)
        )
        self.fields[name] += 1
        if self.example is None:
            # The header is the first line of the file.
            self.example = {"line": number + 2, "field": name, "recorded": before}
            self.example["now"] = after


def decisions_command(
    file: Path,
    *,
    record: bool,
    payments: int,
    seed: int,
    registry: str,
    var: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Record into `file`, or replay it and judge: nothing may differ."""
    wanted = {"MODEL_REGISTRY_URI": registry} if registry else {}
    with variables(wanted):
        if record:
            header, exchanges = recorded(var, payments, seed)
            recording.write(file, header, exchanges)
            _show_recording(file, header, exchanges, as_json=as_json)
            return
        header, exchanges = recording.read(file)
        outcome = replayed(var, header, exchanges)
    console.print(_table(header, outcome))
    if outcome.example is not None:
        console.print(f"first: {outcome.example}", markup=False)
    differing = outcome.payments_differing + outcome.labels_differing
    finish(
        COMMAND,
        {
            **_figures(outcome),
            "models": header.models,
            "recorded_versions": header.versions,
            "replayed_versions": outcome.versions,
        },
        [gate("differing", differing, 0, "at_most")],
        n=outcome.payments,
        seed=header.seed,
        as_json=as_json,
        enforce=enforce,
    )


def recorded(
    var: Path | None, payments: int, seed: int
) -> tuple[Header, list[Exchange]]:
    """Simulated payments and the answers of this code."""
    mesh = trained_mesh(var)
    requests = list(simulated_requests(payments, seed))
    challenger_from = int(len(requests) * CHALLENGER_AFTER)
    exchanges: list[Exchange] = []
    served: Models = {}
    masks = Masks()

    with bars(console) as progress:

        def take(number: int, request: Request, status: int, reply: bytes) -> None:
            exchanges.append(Exchange(request, status, masks.masked(number, reply)))
            progress("recording", number + 1, len(requests))

        play(mesh, requests, challenger_from, begin=served.update, take=take)
    header = Header(
        format=recording.FORMAT,
        seed=seed,
        payments=payments,
        requests=len(requests),
        challenger_from=challenger_from,
        models=served,
        versions=_versions(exchanges),
    )
    return header, exchanges


def replayed(var: Path | None, header: Header, exchanges: list[Exchange]) -> Outcome:
    """The same requests answered by this code, compared.

    Raises OtherModels before the first of them.
    """
    outcome, masks = Outcome(), Masks()
    requests = [one.request for one in exchanges]

    def begin(served: Models) -> None:
        others = sorted(
            name
            for name in {*served, *header.models}
            if served.get(name) != header.models.get(name)
        )
        if others:
            raise OtherModels(f"{OtherModels.__doc__} They are: {', '.join(others)}.")

    with bars(console) as progress:

        def take(number: int, request: Request, status: int, reply: bytes) -> None:
            now = Exchange(request, status, masks.masked(number, reply))
            outcome.compare(number, exchanges[number], now)
            outcome.versions.update(_named(now))
            progress("replaying", number + 1, len(requests))

        play(local_mesh(var), requests, header.challenger_from, begin=begin, take=take)
    return outcome


def _versions(exchanges: list[Exchange]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in exchanges:
        found.update(_named(one))
    return dict(sorted(found.items()))


def _named(one: Exchange) -> dict[str, str]:
    """The versions that a reply names."""
    if one.status != 200 or one.request.path != PAYMENT:
        return {}
    named: dict[str, str] = orjson.loads(one.reply).get("versions", {})
    return named


def _figures(outcome: Outcome) -> dict[str, Any]:
    counts = asdict(outcome)
    del counts["versions"]
    fields = dict(outcome.fields.most_common())
    identical = outcome.payments - outcome.payments_differing
    return {**counts, "identical": identical, "fields": fields}


def _table(header: Header, outcome: Outcome) -> Table:
    table = Table("", "recorded", "now", title="Recorded decisions, replayed")
    payments, labels = f"{outcome.payments:,}", f"{outcome.labels:,}"
    table.add_row(
        "payments, of them differing", payments, _red(outcome.payments_differing)
    )
    table.add_row("labels, of them differing", labels, _red(outcome.labels_differing))
    for name, count in outcome.fields.most_common(20):
        table.add_row(f"  first in {name}", "", _red(count))
    for name in sorted({*header.versions, *outcome.versions}):
        before, after = header.versions.get(name, "-"), outcome.versions.get(name, "-")
        shown = after if before == after else f"[red]{after}[/]"
        table.add_row(name, before, shown)
    return table


def _red(count: int) -> str:
    return f"[red]{count:,}[/]" if count else "0"


def _show_recording(
    file: Path, header: Header, exchanges: list[Exchange], *, as_json: bool
) -> None:
    paid = [one for one in exchanges if one.request.path == PAYMENT]
    answers = Counter(
        orjson.loads(one.reply)["decision"] if one.status == 200 else f"{one.status}"
        for one in paid
    )
    table = Table("", "recorded", title=f"{file}")
    table.add_row("payments", f"{len(paid):,}")
    table.add_row("labels", f"{len(exchanges) - len(paid):,}")
    for name, count in answers.most_common():
        table.add_row(f"  {name}", f"{count:,}")
    for name, version in header.versions.items():
        table.add_row(name, version)
    console.print(table)
    finish(
        f"{COMMAND} --record",
        {
            "labels": len(exchanges) - len(paid),
            "answers": dict(answers),
            "models": header.models,
            "recorded_versions": header.versions,
        },
        [],
        n=len(paid),
        seed=header.seed,
        as_json=as_json,
        enforce=False,
    )
