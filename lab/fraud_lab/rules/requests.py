"""Random questions to a policy, drawn so that thresholds are met exactly and just missed."""

import math
from collections.abc import Iterator
from random import Random
from typing import Any, get_args

from fraud_engines.policy.minimum_verdict import AMOUNT_FEATURE
from fraud_engines.policy.policy_schema import SEVERITIES, PolicyDocument
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.screening import (
    ScreeningHit,
    ScreeningResult,
    ScreeningStatus,
)
from fraud_shared.contracts.signal import (
    ModelSource,
    RuleHit,
    RulesFlag,
    RulesResult,
    Signal,
)
from fraud_shared.contracts.transaction import Block, Channel, Kind

BLOCKS, KINDS, CHANNELS = get_args(Block), get_args(Kind), get_args(Channel)
STATUSES = get_args(ScreeningStatus)
# The rest of a request, which no policy looks at.
_SAME: dict[str, Any] = {
    "transaction_id": "tx-1",
    "account_id": "acc-1",
    "currency": "EUR",
    "country": None,
}


def numbers_of(document: Any) -> set[float]:
    """Every number in a document, wherever it stands."""
    if isinstance(document, bool) or document is None or isinstance(document, str):
        return set()
    if isinstance(document, int | float):
        return {document}
    inner = document.values() if isinstance(document, dict) else document
    found: set[float] = set()
    return found.union(*(numbers_of(part) for part in inner))


class RandomRequests:
    """Draws requests for one policy, or for two that are compared."""

    def __init__(self, seed: int, *documents: PolicyDocument) -> None:
        self._chance = Random(seed)
        found = {n for d in documents for n in numbers_of(d.model_dump(mode="json"))}
        tight = [d.risk.tightened_by for d in documents]
        shares = {n for n in found if 0.0 <= n <= 1.0}
        shares |= {n * factor for n in tuple(shares) for factor in tight}
        self._shares = sorted(
            {0.0, 1.0}
            | shares
            | {math.nextafter(n, 0.0) for n in shares}
            | {min(1.0, math.nextafter(n, 2.0)) for n in shares}
        )
        whole = {int(n) for n in found if n > 1}
        self._amounts = sorted({max(0, n + d) for n in whole for d in (-1, 0, 1)})
        self._mccs = [
            None,
            "5411",
            *sorted({m for d in documents for s in d.segments for m in s.when.mcc}),
        ]
        self._models: tuple[ModelSource, ...] = (
            documents[0].models.risk,
            *documents[0].models.anomaly,
        )

    def many(self, count: int) -> Iterator[DecideRequest]:
        """So many requests."""
        return (self.one() for _ in range(count))

    def one(self) -> DecideRequest:
        """One request; about half of the parts are ordinary."""
        pick, chance = self._chance.choice, self._chance.random
        amount = self.amount()
        return DecideRequest.model_construct(
            **_SAME,
            amount_minor=amount,
            amount_ref_minor=amount,
            kind=pick(KINDS),
            channel=pick(CHANNELS),
            mcc=pick(self._mccs),
            rules=self.rules(),
            signals=tuple(self._signals()),
            screening=self.screening(),
            velocity_known=chance() < 0.7,
            velocity_lower_bound=chance() < 0.15,
            history_payments=self._maybe(pick((0, 1, 4, 5, 6, 100))),
            stand_in_count=self._maybe(pick((0, 1, 4, 5, 6))),
            stand_in_sum_minor=self._maybe(pick((0, 6_999, 7_000, 7_001, 10**5))),
            risk_model=None,
            absent_blocks=tuple(b for b in BLOCKS if chance() < 0.1),
            account_largest_minor=self._maybe(self.amount()),
            account_typical_minor=self._maybe(pick((0, 1, 100, self.amount()))),
        )

    def amount(self) -> int:
        """An amount at or beside a threshold, or any."""
        if self._chance.random() < 0.6:
            return self._chance.choice(self._amounts)
        return int(10 ** self._chance.uniform(0, 8))

    def share(self) -> float:
        """A probability at or beside a threshold, or any; small ones more often."""
        if self._chance.random() < 0.6:
            return self._chance.choice(self._shares)
        return self._chance.random() ** 3

    def _maybe(self, value: int) -> int | None:
        return None if self._chance.random() < 0.15 else value

    def rules(self) -> RulesResult:
        """What the rules said: mostly nothing."""
        pick, chance = self._chance.choice, self._chance.random
        if chance() < 0.1:
            return RulesResult(outcome="timed_out")
        hits = tuple(
            RuleHit.model_construct(
                rule=f"R-{n:03d}@1",
                effect=pick(("FLAG",) * 7 + ("BLOCK",)),
                severity=pick(SEVERITIES),
                reason="drawn",
                elapsed_us=0.0,
            )
            for n in range(pick((0, 0, 0, 1, 1, 2, 3, 4)))
        )
        flag: RulesFlag = "ALLOW" if not hits else pick(("FLAG", "ALLOW"))
        if any(hit.effect == "BLOCK" for hit in hits):
            flag = "BLOCK"
        elif not hits and chance() < 0.1:
            flag = pick(("FLAG", "BLOCK"))
        return RulesResult.model_construct(
            outcome="scored",
            rules_flag=flag,
            hits=hits,
            shadow=(),
            errors=("R-001@1",) if chance() < 0.1 else (),
            ruleset="drawn@1",
            failover=pick((None,) * 8 + ("same", "differs")),
            elapsed_ms=0.0,
        )

    def _signals(self) -> Iterator[Signal]:
        for name in self._models:
            if self._chance.random() < 0.15:
                yield Signal(source=name, outcome="timed_out")
                continue
            odd = self._chance.random() < 0.03
            yield Signal.model_construct(
                source=name,
                outcome="scored",
                score=self.share(),
                raw={},
                top_features=(),
                ood_features=(AMOUNT_FEATURE,) if odd else (),
                model=None,
                detail=None,
                elapsed_ms=0.0,
            )

    def screening(self) -> ScreeningResult:
        """What screening said: mostly clear."""
        status: ScreeningStatus = "clear"
        if self._chance.random() < 0.3:
            status = self._chance.choice(STATUSES)
        stale = self._chance.random() < 0.05
        hits: tuple[ScreeningHit, ...] = ()
        return ScreeningResult(
            status=status,
            hits=hits,
            detail=DegradedCode.SANCTIONS_STALE.value if stale else None,
        )
