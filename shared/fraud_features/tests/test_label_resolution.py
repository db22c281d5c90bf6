"""The one rule of labels, and that training and the online store both keep it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_features.definitions.facts import microseconds
from fraud_features.definitions.label_resolution import (
    AUTHORITY,
    EffectiveLabel,
    ReportedLabel,
    effective_label,
)
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.observation import LabelEffect
from fraud_features.testing import START, payment

DAY = 86_400
WORD = {"fraud": 1, "legitimate": 0}


def said(source="chargeback", label="fraud", *, day=1, reversal=False):
    return ReportedLabel(label, source, day, reversal)


reports = st.builds(
    said,
    st.sampled_from(AUTHORITY),
    st.sampled_from(("fraud", "legitimate")),
    day=st.integers(0, 14),
    reversal=st.booleans(),
)


class TestStanding:
    def test_nothing_reported_is_pending(self):
        assert effective_label([]) == EffectiveLabel("pending", None, None)

    def test_a_stronger_source_wins_over_a_later_weaker_one(self):
        found = effective_label([said(), said("merchant", "legitimate", day=9)])
        assert found == EffectiveLabel("fraud", "chargeback", 1)

    def test_a_source_s_later_report_replaces_its_earlier_one(self):
        found = effective_label([said(day=1), said(label="legitimate", day=2)])
        assert found.state == "legitimate"

    def test_a_reversal_withdraws_that_source_only(self):
        found = effective_label([said(), said(day=2, reversal=True), said("merchant")])
        assert found == EffectiveLabel("fraud", "merchant", 1)

    def test_all_withdrawn_is_reversed(self):
        found = effective_label([said(), said(day=2, reversal=True)])
        assert found == EffectiveLabel("reversed", None, 2)

    def test_a_label_after_a_reversal_stands(self):
        found = effective_label([said(day=1), said(day=2, reversal=True), said(day=3)])
        assert found.state == "fraud"

    @given(st.lists(reports, max_size=6).flatmap(lambda r: st.permutations([*r, *r])))
    def test_neither_order_nor_repetition_matters(self, mixed):
        assert effective_label(mixed) == effective_label(sorted(mixed, key=repr))


def rows_at_one_terminal():
    """A payment a day: the first ones are reported, the later ones see it."""
    return [
        payment(
            day * DAY, transaction_id=f"t{day}", terminal_id="ter", merchant_id="mer"
        )
        for day in range(24)
    ]


def documents(reports_made):
    """The reports as `frame` reads them; their days count from the payment's."""
    return [
        {
            "transaction_id": f"t{which}",
            "label": report.label,
            "source": report.source,
            "reversal": report.reversal,
            "reported_at": START + timedelta(days=which + report.reported_at),
        }
        for which, report in reports_made
    ]


def known_at(documents, moment):
    """What stands about each payment at a moment, by the rule."""
    known = {}
    for one in documents:
        if one["reported_at"] < moment:
            report = ReportedLabel(
                one["label"], one["source"], one["reported_at"], one["reversal"]
            )
            known.setdefault(one["transaction_id"], []).append(report)
    return {name: effective_label(reported) for name, reported in known.items()}


async def serve(rows, reports_made):
    """The serving path: before each payment the store hears what stands by then."""
    store = MemoryOnlineStore(warm=True)
    vectors, paid, reported = [], {}, {}
    for sent in rows:
        for name, found in known_at(reports_made, sent.occurred_at).items():
            if name in paid and reported.get(name) != found:
                reported[name] = found
                await store.apply_label(
                    LabelEffect.of(
                        paid[name].model_dump(),
                        found.state,
                        occurred_at=paid[name].occurred_at,
                        reversal=found.state == "reversed",
                    )
                )
        vectors.append(PAYMENT_FEATURES.vector(sent, await store.observe(sent)).values)
        paid[sent.transaction_id] = sent
    return vectors


class TestBothSides:
    """Training by `frame`, serving by effects of `standing`: one answer at every moment."""

    @settings(max_examples=60, deadline=None)
    @given(
        reports_made=st.lists(st.tuples(st.integers(0, 3), reports), max_size=12),
        order=st.randoms(use_true_random=False),
    )
    async def test_any_mix_in_any_order(self, reports_made, order):
        rows, reported = rows_at_one_terminal(), documents(reports_made)
        order.shuffle(reported)
        table = frame(rows, reported)
        assert table.select(PAYMENT_FEATURES.names).rows() == await serve(
            rows, reported
        )
        at_last = known_at(reported, START + timedelta(days=999))
        nothing = effective_label([])
        states = [at_last.get(row.transaction_id, nothing).state for row in rows]
        assert table["label"].to_list() == [WORD.get(state) for state in states]

    async def test_a_weaker_word_changes_no_risk(self):
        rows = rows_at_one_terminal()
        reports_made = documents(
            [(0, said(day=8)), (0, said("merchant", "legitimate", day=9))]
        )
        table = frame(rows, reports_made)
        assert table["label"][0] == 1
        assert table["terminal_risk_30d"][10] == pytest.approx(1 / 4)
        assert table.select(PAYMENT_FEATURES.names).rows() == await serve(
            rows, reports_made
        )

    def test_without_a_source_all_reports_are_of_one(self):
        bare = [
            {"transaction_id": "t0", "label": label, "reported_at": microseconds(at)}
            for label, at in (
                ("fraud", START + timedelta(days=8)),
                ("legitimate", START + timedelta(days=9)),
            )
        ]
        assert frame(rows_at_one_terminal(), bare)["label"][0] == 0

    def test_a_source_that_does_not_exist_is_refused(self):
        reports_made = documents([(0, said())])
        with pytest.raises(Exception, match="hearsay"):
            frame(rows_at_one_terminal(), [reports_made[0] | {"source": "hearsay"}])


class TestUndetermined:
    AT = datetime(2026, 3, 2, tzinfo=UTC)

    def fold(self, *reports):
        return effective_label(
            ReportedLabel(label, source, self.AT, reversal)
            for label, source, reversal in reports
        )

    def test_never_hides_what_somebody_calls_fraud(self):
        found = self.fold(
            ("undetermined", "chargeback", False), ("fraud", "challenge", False)
        )
        assert (found.state, found.source) == ("fraud", "challenge")

    def test_keeps_a_payment_from_being_legitimate(self):
        found = self.fold(
            ("undetermined", "merchant", False), ("legitimate", "analyst", False)
        )
        assert found.state == "undetermined"

    def test_fraud_of_the_same_source_still_stands(self):
        found = self.fold(
            ("fraud", "chargeback", False), ("undetermined", "chargeback", False)
        )
        assert found.state == "fraud"

    def test_is_withdrawn_like_any_other(self):
        found = self.fold(
            ("legitimate", "analyst", False), ("undetermined", "merchant", True)
        )
        assert found.state == "legitimate"
