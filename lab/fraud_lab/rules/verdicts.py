"""The verdict of a policy, over any algebra.

The same as `fraud_engines.policy.policy.Policy.decide`, as far as the verdict goes: the
strictest of what each part demands, then the cheapest that the band of the risk allows.
Challenges, reasons and actions follow from the verdict and are the engine's affair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fraud_engines.policy.bands import Bands
from fraud_engines.policy.policy_schema import (
    SEVERITIES,
    PolicyDocument,
    Severity,
    When,
    to_bands,
)
from fraud_lab.rules.algebra import Algebra, Mask, Number, Terms, Text, any_of
from fraud_shared.contracts.decision import Verdict
from fraud_shared.contracts.transaction import Block


class RuleCounts(Protocol):
    """The FLAG hits of acting rules."""

    def at_least(self, count: int, severities: Sequence[Severity]) -> Mask:
        """Where so many hits have one of these severities."""
        ...


@dataclass(frozen=True, slots=True)
class RulesSaid:
    """What the rules said. `blocked`: a BLOCK; `unnamed`: a FLAG that names no rule;
    `known`: they answered, and by the right ruleset; `complete`: with no rule in error."""

    blocked: Mask
    flags: RuleCounts
    unnamed: Mask
    known: Mask
    complete: Mask


@dataclass(frozen=True, slots=True)
class PolicyInput:
    """All that a verdict depends on. Amounts are minor units of the reference currency.

    `risk` is that of the model that decides or stands in, `anomalies` those of the policy's
    models in its order; `beyond`: one of these never saw such an amount. `screening` has
    one mask for each status.
    """

    kind: Text
    channel: Text
    mcc: Text
    amount: Terms
    risk: Number
    anomalies: tuple[Number, ...]
    beyond: Mask
    rules: RulesSaid
    screening: Mapping[Any, Mask]
    stale: Mask
    velocity_known: Mask
    lower_bound: Mask
    history: Number
    largest: Number
    typical: Number
    stand_in_count: Number
    stand_in_sum: Number
    absent: Mapping[Block, Mask]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A verdict: where it is CHALLENGE or more, and where it is DECLINE."""

    challenge: Mask
    decline: Mask


class PolicyVerdicts:
    """One policy over one algebra."""

    def __init__(self, document: PolicyDocument, algebra: Algebra) -> None:
        self._policy = document
        self._algebra = algebra
        self._default = to_bands(document.risk.bands)
        self._segments = [(s.when, to_bands(s.bands)) for s in document.segments]

    def of(self, given: PolicyInput) -> AtLeast:
        """The verdict where this is given."""
        floor = self.floor(given)
        risk = self._known_risk(given)
        allowed = self._allowed(given, risk)
        approve = allowed[Verdict.APPROVE] & ~floor.challenge
        challenge = allowed[Verdict.CHALLENGE] & ~floor.decline
        decline = allowed[Verdict.DECLINE]
        costs, cost = self._policy.costs, self._algebra.cost
        a, c, d = (cost(costs, v, risk, given.amount) for v in Verdict)
        # Of equals the milder is taken, and what is not allowed never wins.
        takes_a = approve & (~challenge | (a <= c)) & (~decline | (a <= d))
        takes_c = challenge & ~takes_a & (~decline | (c <= d))
        takes_d = decline & ~takes_a & ~takes_c
        none = ~(approve | challenge | decline)
        return AtLeast(
            challenge=(none & floor.challenge) | takes_c | takes_d,
            decline=(none & floor.decline) | takes_d,
        )

    def floor(self, given: PolicyInput) -> AtLeast:
        """The strictest of what rules, screening, anomalies, gaps and amounts demand."""
        demands = [
            *self._rules(given),
            *self._screening(given),
            (self._anomaly(given), Verdict.CHALLENGE),
            *self._missing(given),
            (self._amounts(given), Verdict.CHALLENGE),
        ]
        return AtLeast(
            any_of((m for m, v in demands if v.severity >= 1), self._algebra),
            any_of((m for m, v in demands if v.severity >= 2), self._algebra),
        )

    def _known_risk(self, given: PolicyInput) -> Terms:
        return self._algebra.choose(self._has(given.risk), given.risk.value, 0.0)

    def _allowed(self, given: PolicyInput, risk: Terms) -> dict[Verdict, Mask]:
        tightened = self._some_missing(given)
        found = {verdict: self._algebra.mask(False) for verdict in Verdict}
        rest = self._algebra.mask(True)
        for when, bands in (*self._segments, (When(), self._default)):
            here = rest & self._matches(when, given)
            rest = rest & ~here
            tight = bands.tightened(self._policy.risk.tightened_by)
            for verdict in Verdict:
                usual, strict = (
                    self._in_bands(b, verdict, risk) for b in (bands, tight)
                )
                own = (tightened & strict) | (~tightened & usual)
                found[verdict] = found[verdict] | (here & own)
        return found

    def _in_bands(self, bands: Bands, verdict: Verdict, risk: Terms) -> Mask:
        rows = bands.bands
        inside = []
        for place, band in enumerate(rows):
            if verdict in band.allow:
                mask = risk >= band.lower
                if place + 1 < len(rows):
                    mask = mask & (risk < rows[place + 1].lower)
                inside.append(mask)
        return any_of(inside, self._algebra)

    def _matches(self, when: When, given: PolicyInput) -> Mask:
        mask = self._algebra.mask(True)
        wanted = (
            (given.kind, when.kind),
            (given.channel, when.channel),
            (given.mcc, when.mcc),
        )
        for text, values in wanted:
            if values:
                equal = any_of(
                    (text.code == self._algebra.constant(v) for v in values),
                    self._algebra,
                )
                mask = mask & equal
                if text.known is not None:
                    mask = mask & text.known
        mask = mask & (given.amount >= when.amount_from_minor)
        if when.amount_below_minor is not None:
            mask = mask & (given.amount < when.amount_below_minor)
        return mask

    def _has(self, number: Number) -> Mask:
        return self._algebra.mask(True) if number.known is None else number.known

    def _scores(self, given: PolicyInput) -> list[Mask]:
        return [self._has(score) for score in (given.risk, *given.anomalies)]

    def _some_missing(self, given: PolicyInput) -> Mask:
        return any_of((~known for known in self._scores(given)), self._algebra)

    def _two_missing(self, given: PolicyInput) -> Mask:
        missing = [~known for known in self._scores(given)]
        return any_of(
            (a & b for n, a in enumerate(missing) for b in missing[n + 1 :]),
            self._algebra,
        )

    def _all_missing(self, given: PolicyInput) -> Mask:
        return ~any_of(self._scores(given), self._algebra)

    def _anomaly(self, given: PolicyInput) -> Mask:
        limits = self._policy.anomaly
        known = [self._has(score) for score in given.anomalies]
        high = [
            has & (score.value >= limits.together)
            for has, score in zip(known, given.anomalies, strict=True)
        ]
        together = any_of(
            (a & b for n, a in enumerate(high) for b in high[n + 1 :]), self._algebra
        )
        for has, one in zip(known, high, strict=True):
            together = together & (one | ~has)
        alone = any_of(
            (
                has & (score.value >= limits.alone)
                for has, score in zip(known, given.anomalies, strict=True)
            ),
            self._algebra,
        )
        tightened = self._some_missing(given) & any_of(
            (
                has & (score.value >= limits.tightened)
                for has, score in zip(known, given.anomalies, strict=True)
            ),
            self._algebra,
        )
        return together | alone | tightened

    def _rules(self, given: PolicyInput) -> list[tuple[Mask, Verdict]]:
        flags, rules = self._policy.flags, given.rules
        found = [(rules.blocked, Verdict.DECLINE)]
        for severity in SEVERITIES:
            row = flags.of(severity)
            hit = rules.flags.at_least(1, [severity])
            if severity == flags.unnamed:
                hit = hit | rules.unnamed
            # An unknown risk may be anything, so it cannot excuse the flag.
            counts = ~self._has(given.risk) | (given.risk.value >= row.from_risk)
            found.append((hit & counts, row.verdict))
        several = flags.several
        least = SEVERITIES.index(several.severity)
        many = rules.flags.at_least(several.count, SEVERITIES[least:])
        found.append((many, several.verdict))
        return found

    def _screening(self, given: PolicyInput) -> list[tuple[Mask, Verdict]]:
        status, policy = given.screening, self._policy.screening
        return [
            (given.stale & ~status["unavailable"], Verdict.CHALLENGE),
            (status["unavailable"] | status["incomplete"], Verdict.CHALLENGE),
            (status["match"], policy.match),
            (status["possible"], policy.possible),
        ]

    def _missing(self, given: PolicyInput) -> list[tuple[Mask, Verdict]]:
        open_ = ~given.rules.blocked
        found = [(open_ & ~given.rules.known, Verdict.CHALLENGE)]
        for block, away in given.absent.items():
            rows = [r for r in self._policy.required_blocks if block in r.blocks]
            wanted = any_of((self._matches(r.when, given) for r in rows), self._algebra)
            here = open_ & away & wanted
            if not rows:
                continue
            gap = self._policy.gaps[block]
            found += [
                (here & (given.amount >= gap.challenge_from_minor), Verdict.CHALLENGE),
                (here & (given.amount >= gap.decline_from_minor), Verdict.DECLINE),
            ]
        thin = open_ & self._thin(given) & self._refused(given)
        return [*found, (thin, Verdict.CHALLENGE)]

    def _thin(self, given: PolicyInput) -> Mask:
        known_after = self._policy.stand_in.known_after_payments
        return (
            self._all_missing(given)
            | self._two_missing(given)
            | (given.lower_bound & self._newer(given, known_after))
            | (~given.lower_bound & ~given.velocity_known)
            | ~given.rules.complete
        )

    def _newer(self, given: PolicyInput, payments: int) -> Mask:
        return ~self._has(given.history) | (given.history.value < payments)

    def _refused(self, given: PolicyInput) -> Mask:
        limits, rules = self._policy.stand_in, given.rules
        count, total = given.stand_in_count, given.stand_in_sum
        return (
            (given.amount > limits.amount_max_minor)
            | self._newer(given, limits.known_after_payments)
            | ~self._has(count)
            | ~self._has(total)
            | (count.value >= limits.in_a_row_max)
            | (total.value + given.amount > limits.sum_max_minor)
            | rules.blocked
            | rules.unnamed
            | rules.flags.at_least(1, SEVERITIES)
            | ~given.screening["clear"]
        )

    def _amounts(self, given: PolicyInput) -> Mask:
        limits, amount = self._policy.amounts, given.amount
        typical, largest = given.typical, given.largest
        new = self._newer(given, limits.known_after_payments) | ~(
            self._has(typical) & (typical.value != 0)
        )
        over = (
            (amount >= limits.over_typical_from_minor)
            & (~self._has(largest) | (amount >= largest.value))
            & (amount > limits.over_typical * typical.value)
        )
        return (
            (amount > limits.trained_max_minor)
            | given.beyond
            | (new & (amount > limits.new_account_max_minor))
            | (~new & over)
        )
