"""A policy over columns gives the verdicts of the policy engine."""

import numpy as np
import pytest
import yaml

from fraud_engines.policy.policy import DEFAULT_POLICY, Policy, load
from fraud_lab.rules.policy_columns import of_requests
from fraud_lab.rules.requests import RandomRequests
from fraud_shared.contracts.decision import DecideRequest

SHIPPED = load(DEFAULT_POLICY.read_bytes())


def _changed(**sections):
    document = yaml.safe_load(DEFAULT_POLICY.read_bytes())
    for name, values in sections.items():
        document[name] = {**document[name], **values}
    return load(yaml.safe_dump(document).encode())


POLICIES = {
    "shipped": SHIPPED,
    "flags that need no risk": _changed(
        flags={
            "low": {"verdict": "CHALLENGE", "from_risk": 0.3},
            "unnamed": "critical",
            "several": {"count": 2, "severity": "low", "verdict": "DECLINE"},
        }
    ),
    "wide bands": _changed(
        risk={
            "tightened_by": 0.7,
            "bands": [
                {"from": 0.0, "allow": ["APPROVE", "CHALLENGE", "DECLINE"]},
                {"from": 0.5, "allow": ["CHALLENGE", "DECLINE"]},
            ],
        }
    ),
    "screening and stand-in": _changed(
        screening={"possible": "DECLINE"},
        stand_in={"amount_max_minor": 100_000, "in_a_row_max": 1},
        amounts={"over_typical": 2.0, "over_typical_from_minor": 100},
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_random_requests_get_the_verdict_of_the_engine(name):
    policy: Policy = POLICIES[name]
    requests = list(RandomRequests(7, policy.document).many(1_200))
    ours = of_requests(requests, policy.document).verdicts(policy.document)
    theirs = np.array([policy.decide(r).decision.severity for r in requests])
    assert np.flatnonzero(ours != theirs).tolist() == []
    assert len(np.unique(theirs)) == 3


def test_drawn_request_is_one_that_a_service_would_take():
    for request in RandomRequests(3, SHIPPED.document).many(50):
        body = request.model_dump_json()
        assert DecideRequest.model_validate_json(body) == request
