"""`fraud evaluate simulated`: what the shipped rules, models and policy decide, offline.

Features come from the offline frame, as in `fraud train`; ruleset, scorers and policy are
those of serving, without HTTP, on a simulation whose seed was never trained on. The first
part only teaches the windows and profiles.
Screening is taken as it is meant to be: a listed counterparty matches.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from fraud_engines.policy.policy import DEFAULT_POLICY, Policy
from fraud_engines.policy.policy_schema import read
from fraud_engines.rules import engine, ruleset
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_lab.evaluate.bundle import Bundle
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.simulate import (
    SimulatedLabel,
    SimulatedPayment,
    SimulationConfig,
    shipped_names,
    stream,
)
from fraud_ops.train.history import flat, known_at
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.decision import PolicyContext, Verdict, decide_request
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import RulesResult, Signal
from fraud_shared.contracts.transaction import (
    Transaction,
    TransactionIn,
    absent_blocks,
)
from fraud_shared.documents import content_hash

CHUNK = 2000
TEACHING = 0.5
HISTORY = PAYMENT_FEATURES.index["history_payments"]
LARGEST = PAYMENT_FEATURES.index["account_max_30d"]
TYPICAL = PAYMENT_FEATURES.index["typical_amount"]
HONEST = "honest payments"
console = wide_console()


@dataclass
class Tally:
    """Verdicts by scenario, and what disturbed honest payments."""

    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    disturbed_by: Counter[str] = field(default_factory=Counter)

    def add(self, row: str, verdict: Verdict, reasons: Sequence[Any]) -> None:
        """Count one verdict."""
        self.verdicts.setdefault(row, Counter())[verdict.value] += 1
        if row == HONEST and verdict is not Verdict.APPROVE:
            self.disturbed_by[f"{reasons[0].source}: {reasons[0].code}"] += 1

    def share_stopped(self, honest: bool) -> float:
        """Share challenged or declined, of honest or of fraudulent payments."""
        rows = [c for row, c in self.verdicts.items() if (row == HONEST) == honest]
        total = sum(sum(c.values()) for c in rows)
        return 1 - sum(c["APPROVE"] for c in rows) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """One payment with everything the policy needs but the models' scores."""

    row: str
    payment: Transaction
    vector: FeatureVector
    rules: RulesResult


def evaluate_simulated_command(
    mesh: LocalMesh,
    *,
    payments: int,
    seed: int,
    policy: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Decide a simulation offline, show verdicts by scenario, and judge."""
    body = (policy or DEFAULT_POLICY).read_bytes()
    shipped = Policy(read(body), content_hash(body))
    config = SimulationConfig(
        seed=seed, payments=payments, listed_names=shipped_names()
    )
    tally = Tally()
    bundle = Bundle.champions(mesh)
    with Progress(console=console) as progress:
        reading = progress.add_task("windows and profiles", total=payments)
        judged, vectors = history(
            config, lambda n: progress.update(reading, completed=n)
        )
        deciding = progress.add_task("deciding", total=len(judged))
        waiting = cases(judged, vectors)
        while chunk := list(islice(waiting, CHUNK)):
            for case, signals in zip(
                chunk, bundle.signals([c.vector for c in chunk]), strict=True
            ):
                ruling = shipped.decide(_request(case, signals))
                tally.add(case.row, ruling.decision, ruling.reasons)
            progress.advance(deciding, len(chunk))
    _show(tally)
    caught = round(tally.share_stopped(honest=False), 4)
    disturbed = round(tally.share_stopped(honest=True), 4)
    finish(
        "evaluate simulated",
        {
            "verdicts": {row: dict(c) for row, c in tally.verdicts.items()},
            "disturbed_by": dict(tally.disturbed_by),
            "models": bundle.versions,
        },
        [
            gate("share of fraud stopped", caught, 0.60, "at_least"),
            gate("share of good disturbed", disturbed, 0.02, "at_most"),
        ],
        n=sum(sum(c.values()) for c in tally.verdicts.values()),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def history(
    config: SimulationConfig, progress: Callable[[int], None]
) -> tuple[list[SimulatedPayment], Sequence[tuple[float | None, ...]]]:
    """The payments to be judged, and their vectors in the order of `BANK`."""
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    judged: list[SimulatedPayment] = []
    for event in stream(config):
        if isinstance(event, SimulatedLabel):
            labels.append(known_at(event))
            continue
        rows.append(flat(event))
        if len(rows) > config.payments * TEACHING:
            judged.append(event)
    table = frame(rows, labels, progress=progress)
    return judged, table.tail(len(judged)).select(PAYMENT_FEATURES.names).rows()


def cases(
    judged: Sequence[SimulatedPayment], vectors: Sequence[tuple[float | None, ...]]
) -> Iterator[Case]:
    """Each payment as the gateway would have known it."""
    privacy = Privacy("evaluation")
    rules = ruleset.load(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)
    for event, values in zip(judged, vectors, strict=True):
        body = TransactionIn.model_validate_json(json.dumps(event.payment))
        payment = privacy.inside(body)
        vector = FeatureVector(
            feature_set=PAYMENT_FEATURES.name,
            version=PAYMENT_FEATURES.version,
            hash=PAYMENT_FEATURES.hash,
            values=values,
        )
        row = event.scenario if event.fraud and event.scenario else HONEST
        result = engine.evaluate(rules, payment, vector, payment.occurred_at)
        yield Case(row, payment, vector, result)


def _request(case: Case, signals: tuple[Signal, ...]) -> Any:
    listed = case.row == "sanctioned_counterparty"
    values = case.vector.values
    payments, largest, typical = (values[at] for at in (HISTORY, LARGEST, TYPICAL))
    context = PolicyContext(
        amount_ref_minor=to_reference(case.payment.amount_minor, case.payment.currency),
        velocity_known=True,
        history_payments=None if payments is None else int(payments),
        stand_in_count=0,
        stand_in_sum_minor=0,
        absent_blocks=absent_blocks(case.payment),
        account_largest_minor=None if largest is None else int(largest),
        account_typical_minor=None if typical is None else int(typical),
    )
    screening = ScreeningResult(status="match" if listed else "clear")
    return decide_request(case.payment, context, case.rules, signals, screening)


def _show(tally: Tally) -> None:
    table = Table("scenario", "n", "APPROVE", "CHALLENGE", "DECLINE", "stopped")
    for row in sorted(tally.verdicts, key=lambda r: (r == HONEST, r)):
        counts = tally.verdicts[row]
        total = sum(counts.values())
        verdicts = (str(counts[v.value]) for v in Verdict)
        stopped = f"{1 - counts['APPROVE'] / total:.2%}"
        table.add_row(row, str(total), *verdicts, stopped)
    console.print(table)
    causes = Table("honest payments disturbed by", "n")
    for cause, count in tally.disturbed_by.most_common(12):
        causes.add_row(cause, str(count))
    console.print(causes)
