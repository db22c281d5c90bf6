"""The nightly profile: `pytest -m slow --hypothesis-profile nightly shared/fraud_features`."""

from hypothesis import settings

settings.register_profile("nightly", max_examples=10_000, deadline=None)
