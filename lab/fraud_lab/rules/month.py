"""A simulated month as columns: what rules read, what was fraud, and what models said.

The fields of a payment are those of `fraud_engines.rules.fields`, the features those of the
offline frame, so a row holds exactly what the online engine would have been given. A month
is kept as Parquet beside the mesh's other files and made once for each seed and size.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from fraud_engines.rules.fields import PAYMENT_FIELDS
from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frames
from fraud_features.offline.source import OPTIONAL, REQUIRED
from fraud_lab.evaluate.bundle import Bundle
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.simulate import (
    SimulatedLabel,
    SimulatedPayment,
    SimulationConfig,
    shipped_names,
    stream,
)
from fraud_ops.train.history import flat as flat_row
from fraud_ops.train.history import known_at
from fraud_scoring.serving.model import Model
from fraud_shared.contracts.transaction import Block

# The first days only teach windows and profiles.
TEACHING_DAYS = 30
DAYS = 60
BLOCKS: tuple[Block, ...] = (
    "card", "merchant", "device", "location", "session", "customer", "counterparty",
)  # fmt: skip
Progress = Callable[[str, int], None]


def no_progress(_: str, __: int) -> None:
    """Nothing is shown."""


@dataclass(frozen=True)
class Month:
    """Payments as columns and where they came from.

    Columns: the rules' fields, the features, `occurred_at`, `absent_<block>`, `fraud` (the
    truth), `reported` (whether a report of fraud stands), `reported_at`, `scenario`, `case`
    (a number for each victim's run of frauds; 0 for good payments), and each model's score
    where a bundle scored them.
    """

    frame: pl.DataFrame
    seed: int
    models: dict[str, str]
    seconds: dict[str, float]


# Where a payment's own fields stand in it. What names a person, or is made of two fields,
# stands nowhere: contacts are no columns of a simulated month.
PATHS: dict[str, tuple[str, ...]] = {
    **{n: (n,) for n in ("amount_minor", "account_id", "currency", "kind", "channel",
                         "merchant_group", "wallet", "segment", "supersedes")},
    "mcc": ("merchant", "mcc"),
    "merchant_id": ("merchant", "merchant_id"),
    "terminal_id": ("merchant", "terminal_id"),
    "merchant_country": ("merchant", "country"),
    "card_token": ("card", "token"),
    "entry_mode": ("card", "entry_mode"),
    "device_id": ("device", "device_id"),
    "ip": ("device", "ip"),
    "os": ("device", "os"),
    "location_country": ("location", "country"),
    "customer_country": ("customer", "country"),
    "counterparty_country": ("counterparty", "country"),
    "counterparty_account": ("counterparty", "account"),
    "three_ds_eci": ("authentication", "three_ds", "eci"),
    "three_ds_status": ("authentication", "three_ds", "status"),
    "three_ds_flow": ("authentication", "three_ds", "flow"),
    "exemption_asked": ("authentication", "exemption", "asked"),
    "exemption_granted": ("authentication", "exemption", "granted"),
    "avs_result": ("authentication", "avs"),
    "cvc_result": ("authentication", "cvc"),
    "payee_result": ("authentication", "payee"),
    "initiator": ("initiator", "party"),
    "series_id": ("initiator", "series_id"),
}  # fmt: skip


def text_fields(payment: dict[str, Any]) -> dict[str, Any]:
    """The payment's own fields, from its JSON form: as `fraud_engines.rules.fields.flat`."""
    found = {name: _at(payment, path) for name, path in PATHS.items()}
    digits = _at(payment, ("card", "bin"))
    found["card_bin"] = digits[:6] if digits else None
    found["card_bin_8"] = digits[:8] if digits and len(digits) >= 8 else None
    if found["ip"] is not None:
        found["ip"] = _token(found["ip"])
    first = _at(payment, ("counterparty", "first_used_at"))
    if first is not None:
        passed = datetime.fromisoformat(payment["occurred_at"]) - (
            datetime.fromisoformat(first)
        )
        found["beneficiary_days"] = max(passed.days, 0)
    return found


def _at(payment: dict[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = payment
    for name in path:
        found = found.get(name)
        if found is None:
            return None
    return found


@lru_cache(maxsize=1_000_000)
def _token(address: str) -> str:
    # Addresses travel as keyed tokens; under which key is no matter for any rule.
    return f"ip_{sha256(address.encode()).hexdigest()[:32]}"


def absent(payment: dict[str, Any]) -> dict[str, bool]:
    """Which blocks a payment does not bring: `absent_<block>` by name. A simulated block
    that is there always says something."""
    return {f"absent_{block}": not payment.get(block) for block in BLOCKS}


def month(
    mesh: LocalMesh,
    *,
    payments: int,
    seed: int,
    progress: Progress = no_progress,
) -> Month:
    """About `payments` simulated payments of thirty days, after thirty days that only
    teach, scored by the mesh's champions; read from its files where it was made before."""
    bundle = Bundle.champions(mesh)
    config = config_of(payments, seed)
    versions = "".join(sorted(bundle.versions.values())) + PAYMENT_FEATURES.hash
    name = f"{config.fingerprint}-{sha256(versions.encode()).hexdigest()[:8]}"
    file = mesh.var / "months" / f"{name}.parquet"
    about = file.with_suffix(".json")
    if about.exists():
        return Month(pl.read_parquet(file), **json.loads(about.read_text()))
    made = make(config, bundle, progress)
    file.parent.mkdir(parents=True, exist_ok=True)
    made.frame.write_parquet(file)
    about.write_text(
        json.dumps({"seed": made.seed, "models": made.models, "seconds": made.seconds})
    )
    return made


def config_of(payments: int, seed: int) -> SimulationConfig:
    """The simulation of about so many judged payments, with accounts as busy by the day as
    those that models were trained on."""
    usual = SimulationConfig()
    accounts = round(2 * payments / 100 * usual.days / DAYS)
    return SimulationConfig(
        seed=seed,
        payments=2 * payments,
        days=DAYS,
        accounts=max(40, accounts),
        listed_names=shipped_names(),
    )


def make(
    config: SimulationConfig, bundle: Bundle | None, progress: Progress = no_progress
) -> Month:
    """Simulate, compute features, keep the second half of the days, score it."""
    began = perf_counter()
    own, given, labels = _simulated(config, progress)
    simulated = perf_counter()
    vectors = pl.concat(
        [
            part.select("occurred_at", *PAYMENT_FEATURES.names)
            for part in frames(
                iter(given), labels, progress=lambda n: progress("features", n)
            )
        ]
    )
    clash = [n for n in PAYMENT_FEATURES.names if n in own.columns]
    table = pl.concat([own.drop(clash), vectors], how="horizontal")
    start = config.start.timestamp() + TEACHING_DAYS * 86_400
    table = table.filter(pl.col("occurred_at").dt.timestamp("ms") >= start * 1000)
    table = table.with_columns(case=cases(table))
    featured = perf_counter()
    if bundle is not None:
        table = scored(table, bundle, progress)
    seconds = {
        "simulate": round(simulated - began, 1),
        "features": round(featured - simulated, 1),
        "score": round(perf_counter() - featured, 1),
    }
    return Month(table, config.seed, bundle.versions if bundle else {}, seconds)


def _simulated(
    config: SimulationConfig, progress: Progress
) -> tuple[pl.DataFrame, list[pl.DataFrame], list[dict[str, Any]]]:
    """The columns of ours, those that features are made of, and every report."""
    own: list[pl.DataFrame] = []
    given: list[pl.DataFrame] = []
    labels: list[dict[str, Any]] = []
    events: list[SimulatedPayment] = []
    count = 0
    for event in stream(config):
        if isinstance(event, SimulatedLabel):
            labels.append(known_at(event))
            continue
        events.append(event)
        count += 1
        if len(events) == PART:
            own.append(_own(events))
            given.append(_given(events))
            events = []
            progress("simulate", count)
    if events:
        own.append(_own(events))
        given.append(_given(events))
    progress("simulate", count)
    table = pl.concat(own)
    return (
        table.join(
            _reports(labels), on="transaction_id", how="left", maintain_order="left"
        ).with_columns(pl.col("reported").fill_null(value=False)),
        given,
        labels,
    )


PART = 50_000
_OWN: dict[str, Any] = {
    "transaction_id": pl.String,
    **{
        n: pl.Int64 if t == "int" else pl.String
        for n, t in PAYMENT_FIELDS.items()
        if t != "timestamp"
    },
    "ref_minor": pl.Int64,
    "fraud": pl.Boolean,
    "scenario": pl.String,
    "situation": pl.String,
    **{f"absent_{block}": pl.Boolean for block in BLOCKS},
}


def _own(events: list[SimulatedPayment]) -> pl.DataFrame:
    rows = [
        {
            "transaction_id": event.payment["transaction_id"],
            **text_fields(event.payment),
            **absent(event.payment),
            "ref_minor": to_reference(
                event.payment["amount_minor"], event.payment["currency"]
            ),
            "fraud": event.fraud,
            "scenario": event.scenario,
            "situation": event.situation,
        }
        for event in events
    ]
    return pl.DataFrame(rows, schema=_OWN)


def _given(events: list[SimulatedPayment]) -> pl.DataFrame:
    return pl.DataFrame(
        [flat_row(event) for event in events], schema=REQUIRED | OPTIONAL
    )


def _reports(labels: list[dict[str, Any]]) -> pl.DataFrame:
    """By payment: whether a report of fraud stands after all, and the first report's time."""
    table = pl.DataFrame(
        {
            "transaction_id": [label["transaction_id"] for label in labels],
            "reversal": [bool(label.get("reversal")) for label in labels],
            "reported_at": [label["reported_at"] for label in labels],
        },
        schema={
            "transaction_id": pl.String,
            "reversal": pl.Boolean,
            "reported_at": pl.Datetime("us", "UTC"),
        },
    )
    return table.group_by("transaction_id").agg(
        reported=~pl.col("reversal").any(),
        reported_at=pl.col("reported_at").min(),
    )


def cases(table: pl.DataFrame) -> pl.Series:
    """A number for each victim's run of frauds: one account, one scenario, no gap of more
    than seven days. Good payments have 0."""
    frauds = (
        table.with_row_index("#")
        .filter(pl.col("fraud"))
        .select("#", "account_id", "scenario", "occurred_at")
        .sort("account_id", "scenario", "occurred_at")
    )
    new = (
        (pl.col("account_id") != pl.col("account_id").shift())
        | (pl.col("scenario") != pl.col("scenario").shift())
        | (pl.col("occurred_at").diff() > pl.duration(days=7))
    ).fill_null(value=True)
    numbered = frauds.with_columns(case=new.cum_sum().cast(pl.Int64))
    found = np.zeros(table.height, dtype=np.int64)
    found[numbered["#"].to_numpy()] = numbered["case"].to_numpy()
    return pl.Series("case", found)


def scored(table: pl.DataFrame, bundle: Bundle, progress: Progress) -> pl.DataFrame:
    """The table with every model's calibrated score, and whether its amount was beyond
    what that model was trained on."""
    columns: list[pl.Series] = []
    for model in bundle.models:
        name = model.ref.name
        score = np.full(table.height, np.nan)
        beyond = np.zeros(table.height, dtype=np.bool_)
        for start in range(0, table.height, PART):
            rows = _rows(table[start : start + PART], model)
            made = model.score(rows)
            end = start + len(made)
            score[start:end] = [np.nan if s.score is None else s.score for s in made]
            beyond[start:end] = ["amount_ref_minor" in s.ood for s in made]
            progress(f"score {name}", end)
        columns.append(pl.Series(f"score_{name}", score).fill_nan(None))
        columns.append(pl.Series(f"beyond_{name}", beyond))
    return table.with_columns(columns)


def _rows(part: pl.DataFrame, model: Model) -> Any:
    chosen = part.select(model.features)
    with np.errstate(over="ignore"):
        return chosen.fill_null(float("nan")).to_numpy().astype(np.float32)
