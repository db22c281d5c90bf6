"""The profile of `make test-nightly`."""

from hypothesis import settings

settings.register_profile("nightly", max_examples=10_000, deadline=None)
