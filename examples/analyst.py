"""An analyst's morning: the queue, the decision behind a case, a finding.

The key needs the scopes analyst and, to make payments that become cases, score.
"""

import sys

from common import eventually, expect, new_id, run, step, transfer

from fraud_client import FraudClient, every
from fraud_client.models import Case, Decision


def stopped(client: FraudClient) -> Decision:
    """A transfer to an account that the shipped rules know as a mule's."""
    mule = {"name": "Jonas Berger", "account": "acc-mule-0001", "country": "DE"}
    decision = client.payments.score(transfer(new_id("account"), counterparty=mule))
    expect(decision.decision == "DECLINE", f"declined: {decision.reason}")
    return decision


def held(client: FraudClient) -> Decision:
    """A transfer without its receiver: only a person can say what it is."""
    payment = transfer(new_id("account"))
    del payment["counterparty"]
    decision = client.payments.score(payment)
    expect(
        (decision.decision, decision.challenge) == ("CHALLENGE", "manual_review"),
        f"held for review: {decision.reason}",
    )
    return decision


def case_of(client: FraudClient, decision: Decision) -> Case | None:
    """The open case of a decision, from the queue."""
    queue = every(client.cases.list, status="open", sort="priority")
    return next((c for c in queue if c.decision_id == decision.decision_id), None)


def opened(client: FraudClient, decision: Decision) -> Case:
    """Find the case in the queue, and open the decision that it names."""
    case = eventually(
        lambda: case_of(client, decision), f"{decision.transaction_id} is in the queue"
    )
    assert case is not None
    stored = client.decisions.get(case.decision_id)
    made = stored.record.decision
    expect(made.transaction_id == case.transaction_id, "its decision opens")
    for reason in made.reasons:
        step(f"  {reason.code}: {reason.text}")
    replay = client.decisions.replay(case.decision_id)
    expect(replay.same, "computed again from its record it is the same")
    return case


def resolved(client: FraudClient, case: Case, outcome: str, note: str) -> None:
    """Take a case, write down what was found out, and close it."""
    me = client.me().client
    taken = client.cases.assign(case.case_id, me)
    expect(taken.assignee == me, f"{case.case_id} is assigned to {me}")
    client.cases.note(case.case_id, note)
    step(f"noted: {note}")
    done = client.cases.resolve(case.case_id, outcome, note)
    expect((done.status, done.outcome) == ("resolved", outcome), f"resolved: {outcome}")
    eventually(
        lambda: client.labels.get(case.transaction_id).state == outcome,
        f"the finding is the payment's label: {outcome}",
    )


def morning(client: FraudClient) -> None:
    """Two cases: one is fraud, one payment is let go."""
    fraud, good = stopped(client), held(client)
    resolved(client, opened(client, fraud), "fraud", "customer was talked into it")
    case = opened(client, good)
    waiting = [h.transaction_id for h in every(client.holds.list)]
    expect(good.transaction_id in waiting, "the payment is held")
    resolved(client, case, "legitimate", "customer named the receiver by telephone")
    waiting = [h.transaction_id for h in every(client.holds.list)]
    expect(good.transaction_id not in waiting, "the payment is let go")


if __name__ == "__main__":
    sys.exit(run(morning))
