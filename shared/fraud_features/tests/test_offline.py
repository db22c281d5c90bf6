"""The offline frame is what serving saw, bit for bit and point in time."""

from datetime import timedelta

import polars as pl
import pytest

from fraud_features.definitions.facts import facts_of
from fraud_features.definitions.feature import Feature
from fraud_features.definitions.registry import (
    CREDIT_CARD,
    PAYMENT_FEATURES,
    FeatureSet,
)
from fraud_features.offline.executor import Executor
from fraud_features.offline.expressions import ExpressionUnsupported
from fraud_features.offline.frame import frame, frames, replay
from fraud_features.offline.seen import SIZE, USED
from fraud_features.offline.source import chunks
from fraud_features.offline.state import SeenWork
from fraud_features.store.memory.engine import Engine
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.observation import LabelEffect
from fraud_features.testing import START, payment, random_rows, transaction_of
from fraud_shared.contracts.label import LabelReport


def report(transaction_id, days, label="fraud", *, reversal=False):
    return LabelReport(
        transaction_id=transaction_id,
        label=label,
        source="chargeback",
        reported_at=START + timedelta(days=days),
        reversal=reversal,
    )


def at_terminal(days, name):
    return payment(
        days * 86_400, transaction_id=name, terminal_id="ter", merchant_id="mer"
    )


class TestParity:
    async def test_rows_equal_the_served_vectors(self):
        rows = list(random_rows(3000, entities=40))
        labelled = {row["transaction_id"]: row for row in rows[::20]}
        reports = [
            {
                "transaction_id": name,
                "label": "fraud",
                "reported_at": row["occurred_at"] + timedelta(days=number % 12),
                "reversal": number % 7 == 0,
            }
            for number, (name, row) in enumerate(labelled.items())
        ]
        served = await serve(rows, reports)
        table = frame(rows, reports)
        assert table["transaction_id"].to_list() == list(served)
        assert table.select(PAYMENT_FEATURES.names).rows() == list(served.values())
        assert table["terminal_risk_30d"].sum() > 0

    def test_transactions_and_rows_give_the_same_frame(self):
        rows = list(random_rows(300))
        assert frame(rows).equals(frame([transaction_of(row) for row in rows]))


async def serve(rows, reports):
    """The serving path: observe and vector, labels applied when they are reported."""
    store = MemoryOnlineStore(warm=True)
    waiting = sorted(reports, key=lambda r: r["reported_at"])
    known, served, clock, early = {}, {}, START, []
    for row in rows:
        transaction = transaction_of(row)
        if transaction.transaction_id in served:
            continue
        clock = max(clock, transaction.occurred_at)
        while waiting and waiting[0]["reported_at"] < clock:
            early.append(waiting.pop(0))
        for item in [r for r in early if r["transaction_id"] in known]:
            early.remove(item)
            await store.apply_label(
                effect(known[item["transaction_id"]], item["reversal"])
            )
        served[transaction.transaction_id] = PAYMENT_FEATURES.vector(
            transaction, await store.observe(transaction)
        ).values
        known[transaction.transaction_id] = transaction
    return served


def effect(transaction, reversal):
    merchant, device = transaction.merchant, transaction.device
    counterparty = transaction.counterparty
    return LabelEffect(
        transaction_id=transaction.transaction_id,
        label="fraud",
        reversal=reversal,
        occurred_at=transaction.occurred_at,
        terminal_id=merchant.terminal_id if merchant else None,
        merchant_id=merchant.merchant_id if merchant else None,
        device_id=device.device_id if device else None,
        counterparty_account=counterparty.account if counterparty else None,
    )


class TestRareCases:
    """With limits so small that every rare path is taken."""

    @pytest.mark.parametrize(
        ("log_cap", "seen_cap"), [(15, 2), (3, 1), (200_000, None)]
    )
    @pytest.mark.parametrize(("chunk", "every"), [(97, 7), (97, 3000), (5000, 40)])
    def test_caps_ties_and_late_payments(self, log_cap, seen_cap, chunk, every):
        rows = list(random_rows(1500, seed=log_cap, entities=5, late=0.3))
        caps = {"log_cap": log_cap, "seen_cap": seen_cap, "sweep_every": every}
        engine, expected = Engine(**caps), {}
        for facts in map(facts_of, rows):
            if facts.transaction_id not in expected:
                raw = engine.observe(facts)
                expected[facts.transaction_id] = PAYMENT_FEATURES.values_online(
                    facts, raw
                )
        parts = replay(rows, None, chunk=chunk, **caps)
        found = [
            row for part in parts for row in part.select(PAYMENT_FEATURES.names).rows()
        ]
        assert found == list(expected.values())

    # The second forgets pairs while the table of all pairs grows.
    @pytest.mark.parametrize(
        ("payments", "entities", "days", "every"),
        [(1000, 60, 1500, 50), (4000, 300, 3000, 400)],
    )
    def test_what_went_quiet_is_forgotten_as_in_process(
        self, payments, entities, days, every
    ):
        rows = list(random_rows(payments, entities=entities, late=0.2, days=days))
        engine, expected = Engine(sweep_every=every), {}
        for facts in map(facts_of, rows):
            if facts.transaction_id not in expected:
                raw = engine.observe(facts)
                expected[facts.transaction_id] = PAYMENT_FEATURES.values_online(
                    facts, raw
                )
        found = pl.concat(replay(rows, None, sweep_every=every))
        assert found.select(PAYMENT_FEATURES.names).rows() == list(expected.values())
        assert not found.equals(frame(rows))


class TestMemory:
    @pytest.mark.parametrize(
        ("name", "kept"),
        # An hour, and what came since the last sweep; or what the set holds at most.
        [("card_distinct_merchants_1h", 60 + 100), ("first_seen_merchant", 256)],
    )
    def test_only_values_that_something_still_reads_are_kept(self, name, kept):
        few = FeatureSet(
            "few", "1", [f for f in PAYMENT_FEATURES.features if f.name == name]
        )
        executor = Executor(few, None, id_memory=None, sweep_every=100)
        payments = (
            payment(60 * i, card_token="card", merchant_id=f"merchant-{i}")
            for i in range(3000)
        )
        for part in chunks(payments, (), 100):
            executor.run(part)
        executor.close()
        (work,) = (w for w in executor._plan.rest if isinstance(w, SeenWork))
        assert work._sets.pool[USED] <= kept + 1
        assert work._sets.owners[0, SIZE] > 50


class TestColumns:
    def test_columns_and_rows_give_the_same_frame(self):
        rows = list(random_rows(2000))
        columns = pl.DataFrame(rows, infer_schema_length=None)
        assert frame(columns).equals(frame(rows))
        assert pl.concat(frames(columns, chunk=301)).equals(frame(rows))
        pieces = (columns.slice(offset, 123) for offset in range(0, 2000, 123))
        assert pl.concat(frames(pieces)).equals(frame(rows))

    def test_labels_may_be_columns(self):
        payments = [at_terminal(0, "bad"), at_terminal(9.01, "after")]
        columns = pl.DataFrame(
            {
                "transaction_id": ["bad"],
                "label": ["fraud"],
                "reported_at": [START + timedelta(days=9)],
            }
        )
        table = frame(payments, columns)
        assert table.equals(frame(payments, [report("bad", 9)]))
        assert table["terminal_risk_7d"].to_list() == [None, 1.0]

    @pytest.mark.parametrize("name", ["account_id", "occurred_at", "amount_minor"])
    def test_a_column_that_is_missing_or_has_gaps_is_named(self, name):
        columns = pl.DataFrame(list(random_rows(10)))
        with pytest.raises(ValueError, match=name):
            frame(columns.drop(name))
        with pytest.raises(ValueError, match=name):
            frame(columns.with_columns(pl.lit(None).alias(name)))

    def test_a_stream_forgets_ids_only_after_eight_days(self):
        days = [0, 7, 8, 20, 30, 31]
        rows = [payment(day * 86_400, transaction_id=f"at-{day}") for day in days]
        repeats = [
            payment(0, transaction_id="at-0"),
            payment(0, transaction_id="at-31"),
        ]
        read = pl.concat(frames([*rows, *repeats], chunk=1))
        assert read["transaction_id"].to_list() == [
            *(f"at-{day}" for day in days),
            "at-0",
        ]

    def test_an_expression_that_columns_cannot_compute_is_refused(self):
        odd = Feature("odd", "float", "transaction", "amount or 1", "", "")
        with pytest.raises(ExpressionUnsupported):
            frame([payment(0)], features=FeatureSet("odd", "1", [odd]))


class TestLabels:
    def test_a_label_is_unseen_until_the_moment_after_its_report(self):
        table = frame(
            [at_terminal(0, "bad"), at_terminal(9, "at"), at_terminal(9.01, "after")],
            [report("bad", 9)],
        )
        assert table["terminal_risk_7d"].to_list() == [None, 0.0, 1.0]

    def test_an_early_report_waits_for_the_label_delay(self):
        table = frame(
            [
                at_terminal(0, "bad"),
                at_terminal(6.9, "before"),
                at_terminal(7, "after"),
            ],
            [report("bad", 1)],
        )
        assert table["terminal_risk_7d"].to_list() == [None, None, 1.0]

    def test_the_label_column_holds_the_last_word(self):
        table = frame(
            [at_terminal(day, name) for day, name in enumerate("abcd")],
            [
                report("a", 5),
                report("b", 5, "legitimate"),
                report("c", 5),
                report("c", 6, reversal=True),
            ],
        )
        assert table["label"].to_list() == [1, 0, None, None]


class TestFrame:
    def test_shape_and_types(self):
        table = frame([payment(0)])
        assert table.columns == [
            "transaction_id",
            "occurred_at",
            "account_id",
            *PAYMENT_FEATURES.names,
        ]
        assert table["occurred_at"].to_list() == [START]
        assert set(table.dtypes[3:]) == {pl.Float64}

    def test_a_repeat_is_left_out(self):
        assert frame([payment(0), payment(1), payment(0)])[
            "history_payments"
        ].to_list() == [0, 1]

    @pytest.mark.parametrize("chunk", [1, 7, 1000])
    def test_repeats_are_found_in_and_between_chunks(self, chunk):
        names = [f"tx-{number * number % 61}" for number in range(200)]
        rows = [payment(second, transaction_id=n) for second, n in enumerate(names)]
        read = pl.concat(frames(rows, chunk=chunk))
        assert read["transaction_id"].to_list() == list(dict.fromkeys(names))

    def test_nothing_gives_an_empty_frame(self):
        assert frame([], []).height == 0

    def test_progress_is_reported(self):
        steps = []
        frame(random_rows(100), progress=steps.append)
        assert steps == [100]

    @pytest.mark.parametrize(
        "names",
        [
            ("account_sum_24h",),
            ("card_count_7d", "card_distinct_merchants_1h"),
            ("account_max_30d", "terminal_risk_7d"),
            ("account_received_sum_24h",),
            ("device_distinct_accounts_24h", "first_seen_ip"),
        ],
    )
    def test_a_set_that_reads_few_windows_gets_the_same_values(self, names):
        rows = list(random_rows(2000, entities=20, late=0.1))
        few = FeatureSet(
            "few", "1", [f for f in PAYMENT_FEATURES.features if f.name in names]
        )
        found, whole = frame(rows, features=few), frame(rows)
        assert found.equals(whole.select(found.columns))
        assert found.select(names).sum().row(0) != (0.0,) * len(names)

    def test_another_feature_set(self):
        table = frame([payment(0, features={"Amount": 2.5})], features=CREDIT_CARD)
        assert table["Amount"].to_list() == [2.5]

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("currency", "XXX"),
            ("kind", "gift"),
            ("channel", "pigeon"),
            ("amount_minor", -1),
            ("amount_minor", 10**14),
            ("lat", 91.0),
        ],
    )
    def test_what_no_transaction_could_hold_is_named(self, column, value):
        row = next(random_rows(1)) | {"lat": 1.0, "lon": 1.0, column: value}
        with pytest.raises(ValueError, match=column):
            frame([row])

    def test_a_label_that_is_none_is_an_error(self):
        wrong = {"transaction_id": "tx-0", "label": "frauD", "reported_at": START}
        with pytest.raises(ValueError, match="label"):
            frame(random_rows(10), [wrong])
