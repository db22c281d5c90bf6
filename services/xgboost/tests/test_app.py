from fraud_scoring.testing.contract import ScorerContract


class TestService(ScorerContract):
    """The contract of every scorer, with this service's engine."""
