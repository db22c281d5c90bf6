"""`fraud evaluate monotone`: worse evidence, or less of it, never gets a milder verdict.

Two ways: the policy engine on pairs of drawn payments that differ in one part, and the
solver on all payments at once, in exact arithmetic. A part that is missing is held against
the same part at its most innocent, which is what the policy promises: what a score that is
missing would have said, nobody knows.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from rich.progress import Progress
from rich.table import Table

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy_schema import SEVERITIES, PolicyDocument
from fraud_lab.rules.proof.laws import LAWS, proved
from fraud_lab.rules.requests import BLOCKS, RandomRequests
from fraud_ops.figures import finish, gate, wide_console
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import RuleHit, RulesResult

CASES = 100_000
console = wide_console()
Pair = tuple[DecideRequest, DecideRequest]


def monotone_command(
    policy: Policy, *, cases: int, seed: int, as_json: bool, enforce: bool
) -> None:
    """Draw pairs, ask the engine about both, and prove the same of all payments."""
    milder: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    with Progress(console=console) as progress:
        task = progress.add_task("pairs", total=cases)
        for number, (name, (better, worse)) in enumerate(pairs(policy, cases, seed)):
            asked[name] += 1
            before, after = policy.decide(better), policy.decide(worse)
            milder[name] += after.decision.severity < before.decision.severity
            if number % 500 == 0:
                progress.update(task, completed=number)
    proofs = dict(proved(policy.document))
    table = Table("what gets worse", "pairs", "milder", "for all payments")
    for name in LAWS:
        table.add_row(name, f"{asked[name]:,}", str(milder[name]), proofs[name][0])
    console.print(table)
    finish(
        "evaluate monotone",
        {
            "policy": policy.version,
            "pairs": dict(asked),
            "milder": dict(milder),
            "proofs": {n: {"outcome": o, "seconds": s} for n, (o, s) in proofs.items()},
        },
        [
            gate("milder verdicts", sum(milder.values()), 0, "at_most"),
            gate(
                "laws proved of all payments",
                sum(outcome == "proved" for outcome, _ in proofs.values()),
                len(LAWS),
                "at_least",
            ),
        ],
        n=sum(asked.values()),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def pairs(policy: Policy, count: int, seed: int) -> Iterator[tuple[str, Pair]]:
    """So many pairs, each law in turn: the second is the worse one."""
    chance = Random(seed)
    requests = RandomRequests(seed, policy.document)
    for number in range(count):
        name = LAWS[number % len(LAWS)]
        yield name, _DRAWN[name](requests.one(), requests, policy.document, chance)


Drawn = Callable[[DecideRequest, RandomRequests, PolicyDocument, Random], Pair]


def _but(request: DecideRequest, **changes: Any) -> DecideRequest:
    return request.model_copy(update=changes)


def _with_signal(
    request: DecideRequest, source: str, score: float | None
) -> DecideRequest:
    found = tuple(
        s.model_copy(
            update={
                "score": score,
                "outcome": "timed_out" if score is None else "scored",
                "ood_features": (),
            }
        )
        if s.source == source
        else s
        for s in request.signals
    )
    return _but(request, signals=found)


def _risk(r: DecideRequest, n: RandomRequests, p: PolicyDocument, _: Random) -> Pair:
    low, high = sorted((n.share(), n.share()))
    name = p.models.risk
    return _with_signal(r, name, low), _with_signal(r, name, high)


def _no_risk(r: DecideRequest, n: RandomRequests, p: PolicyDocument, _: Random) -> Pair:
    name = p.models.risk
    return _with_signal(r, name, 0.0), _with_signal(r, name, None)


def _anomaly(r: DecideRequest, n: RandomRequests, p: PolicyDocument, c: Random) -> Pair:
    low, high = sorted((n.share(), n.share()))
    name = c.choice(p.models.anomaly)
    return _with_signal(r, name, low), _with_signal(r, name, high)


def _no_anomaly(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, c: Random
) -> Pair:
    name = c.choice(p.models.anomaly)
    return _with_signal(r, name, 0.0), _with_signal(r, name, None)


def _hit(r: DecideRequest, n: RandomRequests, p: PolicyDocument, c: Random) -> Pair:
    effect: Any = c.choice(("FLAG", "FLAG", "FLAG", "BLOCK"))
    hit = RuleHit(
        rule="R-950@1", effect=effect, severity=c.choice(SEVERITIES), reason="more"
    )
    before = r.rules
    if before.outcome != "scored":
        before = RulesResult(outcome="scored", rules_flag="ALLOW")
    if before.rules_flag == "FLAG" and not before.hits:
        # A FLAG without a name is a hit of its own severity; more would name another.
        before = before.model_copy(update={"rules_flag": "ALLOW"})
    flag = "BLOCK" if "BLOCK" in (effect, before.rules_flag) else "FLAG"
    after = before.model_copy(update={"rules_flag": flag, "hits": (*before.hits, hit)})
    return _but(r, rules=before), _but(r, rules=after)


def _no_rules(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, _: Random
) -> Pair:
    clean = RulesResult(outcome="scored", rules_flag="ALLOW")
    return _but(r, rules=clean), _but(r, rules=RulesResult(outcome="timed_out"))


def _rule_error(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, _: Random
) -> Pair:
    whole = r.rules.model_copy(update={"errors": ()})
    broken = r.rules.model_copy(update={"errors": ("R-950@1",)})
    return _but(r, rules=whole), _but(r, rules=broken)


def _no_screening(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, _: Random
) -> Pair:
    clear = ScreeningResult(status="clear")
    return _but(r, screening=clear), _but(
        r, screening=ScreeningResult(status="unavailable")
    )


def _no_velocity(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, _: Random
) -> Pair:
    known = _but(r, velocity_known=True, velocity_lower_bound=False)
    return known, _but(known, velocity_known=False)


def _no_history(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, c: Random
) -> Pair:
    known = _but(r, history_payments=c.choice((0, 4, 5, 100)))
    return known, _but(known, history_payments=None)


def _no_block(
    r: DecideRequest, n: RandomRequests, p: PolicyDocument, c: Random
) -> Pair:
    block = c.choice(BLOCKS)
    rest = tuple(b for b in r.absent_blocks if b != block)
    return _but(r, absent_blocks=rest), _but(r, absent_blocks=(*rest, block))


_DRAWN: dict[str, Drawn] = {
    "more risk": _risk,
    "no risk": _no_risk,
    "a stranger payment": _anomaly,
    "no anomaly score": _no_anomaly,
    "one more hit": _hit,
    "no rules": _no_rules,
    "a rule in error": _rule_error,
    "no screening": _no_screening,
    "no velocity": _no_velocity,
    "no history": _no_history,
    "a block less": _no_block,
}
assert tuple(_DRAWN) == LAWS
