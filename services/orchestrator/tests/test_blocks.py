"""What a payment leaves out never makes its verdict milder: features, rules and policy as
they serve, in this process. The models are an adversary: their scores may be anything, and
anything else once a block is gone."""

import json
import random
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from os import environ
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_engines.policy.policy import DEFAULT_POLICY
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_orchestrator.privacy import Privacy, parties
from fraud_shared.contracts.decision import (
    PolicyContext,
    Ruling,
    Verdict,
    decide_request,
)
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.transaction import Block, TransactionIn, absent_blocks
from fraud_shared.testing.factories import NOON, make_signal, payment_body

POLICY = load_policy(DEFAULT_POLICY.read_bytes())
RULESET = load_ruleset(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)
PRIVACY = Privacy("a key for tests that is long enough")
LARGEST = PAYMENT_FEATURES.index["account_max_30d"]
TYPICAL = PAYMENT_FEATURES.index["typical_amount"]
T = TypeVar("T")
MODELS = ("xgboost", "isolation_forest", "autoencoder")

# What each way to pay brings, and so what it must bring.
CARD = {"kind": "card_payment"}
WAYS: list[tuple[dict[str, Any], tuple[Block, ...]]] = [
    (CARD | {"channel": "pos"}, ("card", "merchant", "customer", "location")),
    (CARD | {"channel": "ecommerce"},
     ("card", "merchant", "customer", "device", "session")),
    ({"kind": "withdrawal", "channel": "atm"},
     ("card", "merchant", "customer", "location")),
    ({"kind": "transfer", "channel": "mobile"},
     ("counterparty", "customer", "device", "session")),
    ({"kind": "transfer", "channel": "branch"},
     ("counterparty", "customer", "location")),
]  # fmt: skip
CONTENT: dict[str, Any] = {
    "counterparty": {"name": "Bea Noll", "account": "acc-2", "country": "FR"},
    "session": {"failed_logins_1h": 0, "seconds_since_login": 300},
}
# The same blocks with what speaks against the payment in them.
SUSPICIOUS: dict[str, Any] = {
    "card": {"token": "card-denied-0001"},
    "merchant": {"merchant_id": "mer-denied-0001", "mcc": "7995", "country": "IR"},
    "device": {"device_id": "dev-denied-0001", "is_emulator": True},
    "location": {"country": "IR", "lat": 35.7, "lon": 51.4},
    "session": {"failed_logins_1h": 9, "is_new_device": True},
    "customer": {"country": "IR"},
    "counterparty": {"account": "acc-mule-0001", "country": "KP"},
}

ways = st.sampled_from(WAYS)
scores = st.tuples(*(st.sampled_from([0.0, 0.01, 0.05, 0.3, 0.7, 0.9, 1.0]),) * 3)
amounts = st.sampled_from([1, 2_000, 49_000, 90_000, 1_000_000, 10**9])
histories = st.sampled_from([0, 4, 5, 500])
blocks = st.frozensets(st.sampled_from(get_args(Block)))


def body(way: Any, amount: int, suspicious: frozenset[Block]) -> dict[str, Any]:
    """A payment with every block of its way to pay, and no other."""
    fields, brings = way
    found = payment_body(**fields, amount_minor=amount, **CONTENT)
    for block in get_args(Block):
        if block not in brings:
            found.pop(block, None)
        elif block in suspicious:
            found[block] = {**found[block], **SUSPICIOUS[block]}
    return found


def now(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def known_store() -> MemoryOnlineStore:
    """A store that knows the account: some payments over the last days."""
    store = MemoryOnlineStore()
    now(store.mark_warm())
    for days in range(8, 0, -1):
        at = (NOON - timedelta(days=days)).isoformat()
        given_ = TransactionIn.model_validate_json(
            json.dumps(payment_body(occurred_at=at))
        )
        now(store.observe(PRIVACY.inside(given_)))
    return store


STORE = known_store()


@dataclass(frozen=True)
class Case:
    """One payment: how it is made, what speaks against it, and what is left out."""

    way: Any
    amount: int
    history: int
    suspicious: frozenset[Block]
    left_out: frozenset[Block]
    scores: tuple[float, ...]
    scores_without: tuple[float, ...]
    denied: bool = False
    listed: bool = False

    @property
    def gaps(self) -> frozenset[Block]:
        return self.left_out & frozenset(self.way[1])

    def full(self) -> dict[str, Any]:
        account = {"account_id": "acc-denied-0001"} if self.denied else {}
        return body(self.way, self.amount, self.suspicious) | account

    def ruling(self, *, without: bool) -> Ruling:
        left_out = self.gaps if without else frozenset()
        given_ = {k: v for k, v in self.full().items() if k not in left_out}
        drawn = self.scores_without if without else self.scores
        return rule_on(given_, drawn, self.history, listed=self.listed)


def rule_on(
    given_: dict[str, Any], drawn: tuple[float, ...], history: int, *, listed: bool
) -> Ruling:
    """The verdict on a payment, by the gateway's own path through the engines."""
    payment = TransactionIn.model_validate_json(json.dumps(given_))
    inside = PRIVACY.inside(payment)
    observation = now(STORE.peek(inside))
    vector = PAYMENT_FEATURES.vector(inside, observation)
    screened = parties(payment)
    largest, typical = (vector.values[at] for at in (LARGEST, TYPICAL))
    context = PolicyContext(
        amount_ref_minor=to_reference(inside.amount_minor, inside.currency),
        velocity_known=True,
        history_payments=history,
        stand_in_count=0,
        stand_in_sum_minor=0,
        absent_blocks=absent_blocks(inside, {party.role for party in screened}),
        account_largest_minor=None if largest is None else int(largest),
        account_typical_minor=None if typical is None else int(typical),
    )
    signals = tuple(make_signal(m, s) for m, s in zip(MODELS, drawn, strict=True))
    screening = ScreeningResult(status="match" if listed and screened else "clear")
    rules = evaluate(RULESET, inside, vector, NOON)
    return POLICY.decide(decide_request(inside, context, rules, signals, screening))


def check_laws(case: Case) -> None:
    """What must hold of every payment and everything that is left out of it."""
    if not case.gaps:
        return
    with_all, without = case.ruling(without=False), case.ruling(without=True)
    assert without.decision is not Verdict.APPROVE, case
    for block in case.gaps:
        assert case.denied or f"{block.upper()}_MISSING" in without.degraded, case
    if case.denied:
        assert without.decision is Verdict.DECLINE, case
    # Where what is left out held nothing against the payment, not even DECLINE is lost.
    holds_nothing = not case.suspicious & case.gaps
    named = {"customer", "counterparty"} & case.gaps
    if holds_nothing and case.scores == case.scores_without and not named:
        assert without.decision.severity >= with_all.decision.severity, case


cases = st.builds(
    Case,
    way=ways,
    amount=amounts,
    history=histories,
    suspicious=blocks,
    left_out=blocks,
    scores=scores,
    scores_without=scores,
    denied=st.booleans(),
    listed=st.booleans(),
)


class TestBlocksLeftOut:
    @settings(max_examples=150, deadline=None)
    @given(cases)
    def test_payment_without_a_block_is_never_approved(self, case: Case) -> None:
        check_laws(case)

    @settings(max_examples=100, deadline=None)
    @given(cases)
    def test_payment_without_an_innocent_block_is_never_milder(
        self, case: Case
    ) -> None:
        check_laws(replace(case, suspicious=frozenset(), scores_without=case.scores))

    @pytest.mark.slow
    def test_no_subset_of_blocks_is_ever_milder_in_100_000_cases(self) -> None:
        draw = random.Random(12)
        for _ in range(int(environ.get("FRAUD_BLOCK_CASES", "100000"))):
            check_laws(random_case(draw))

    @pytest.mark.parametrize("way", WAYS, ids=lambda w: "-".join(w[0].values()))
    def test_payment_with_all_it_must_bring_is_approved(self, way: Any) -> None:
        quiet = Case(
            way, 2_000, 500, frozenset(), frozenset(), (0.001,) * 3, (0.001,) * 3
        )
        ruled = quiet.ruling(without=False)
        assert ruled.decision is Verdict.APPROVE
        assert ruled.degraded == ()

    @pytest.mark.parametrize("block", ["device", "session", "customer", "location"])
    def test_block_with_nothing_in_it_is_as_good_as_absent(self, block: str) -> None:
        way = next(w for w in WAYS if block in w[1])
        empty = body(way, 2_000, frozenset()) | {block: {}}
        ruled = rule_on(empty, (0.001,) * 3, 500, listed=False)
        assert ruled.decision is Verdict.CHALLENGE
        assert ruled.degraded == (f"{block.upper()}_MISSING",)


class TestAmountsNobodySaw:
    def verdict(self, amount: int, history: int = 500) -> Ruling:
        way = WAYS[1]
        full = Case(
            way, amount, history, frozenset(), frozenset(), (0.0,) * 3, (0.0,) * 3
        )
        return full.ruling(without=False)

    @pytest.mark.parametrize("amount", [50_001, 90_000, 10**6, 10**9])
    def test_large_amount_of_a_new_account_is_challenged(self, amount: int) -> None:
        ruled = self.verdict(amount, history=0)
        assert ruled.decision is not Verdict.APPROVE
        assert "AMOUNT_NEW_ACCOUNT" in {r.code for r in ruled.reasons}

    def test_small_amount_of_a_new_account_is_approved(self) -> None:
        assert self.verdict(4_250, history=0).decision is Verdict.APPROVE

    def test_many_times_the_largest_amount_is_challenged(self) -> None:
        ruled = self.verdict(230_000)  # the account's mean is 4,250
        assert "AMOUNT_BEYOND_HISTORY" in {r.code for r in ruled.reasons}
        usual = {r.code for r in self.verdict(200_000).reasons}
        assert "AMOUNT_BEYOND_HISTORY" not in usual


def random_case(draw: random.Random) -> Case:
    """A case by an ordinary generator: Hypothesis would take an hour over so many."""

    def some() -> frozenset[Block]:
        return frozenset(b for b in get_args(Block) if draw.random() < 0.4)

    def drawn() -> tuple[float, ...]:
        return tuple(draw.choice([0.0, 0.0, draw.random(), 1.0]) for _ in MODELS)

    one = drawn()
    return Case(
        way=draw.choice(WAYS),
        amount=draw.choice([1, 2_000, 49_000, 90_000, 10**6, 10**9]),
        history=draw.choice([0, 4, 5, 500]),
        suspicious=some() if draw.random() < 0.5 else frozenset(),
        left_out=some(),
        scores=one,
        scores_without=one if draw.random() < 0.3 else drawn(),
        denied=draw.random() < 0.1,
        listed=draw.random() < 0.1,
    )
