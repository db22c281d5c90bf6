"""What a model's scores would have cost under the policy, payment by payment. Pure."""

from typing import Any, NamedTuple

import numpy as np

from fraud_engines.policy.policy_schema import PolicyDocument, to_bands
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags, Integers


class Costs(NamedTuple):
    """Minor units of the reference currency, and severities: 0 approve, 1 challenge, 2
    decline."""

    cost: Floats64
    severity: Integers


def policy_costs(
    document: PolicyDocument, score: Floats64, amount_minor: Integers, fraud: Flags
) -> Costs:
    """The verdicts that the policy's bands and cost table give each calibrated score, and
    what they cost given what the payment turned out to be. Rules, screening and anomaly
    thresholds are left out: both sides of a comparison would share them."""
    costs: Any = document.costs
    amount = amount_minor.astype(np.float64)
    bands = to_bands(document.risk.bands).bands
    place = np.searchsorted([band.lower for band in bands], score, side="right") - 1
    cost, severity = np.zeros(len(score)), np.zeros(len(score), dtype=np.int64)
    truth = fraud.astype(np.float64)
    for number, band in enumerate(bands):
        here = place == number
        expected = [costs.of(v, score[here], amount[here]) for v in band.allow]
        # The first of the cheapest: between equals the milder.
        choice = np.argmin(np.stack(expected), axis=0)
        actual = [costs.of(v, truth[here], amount[here]) for v in band.allow]
        cost[here] = np.choose(choice, actual)
        severity[here] = np.array([v.severity for v in band.allow])[choice]
    return Costs(cost, severity)
