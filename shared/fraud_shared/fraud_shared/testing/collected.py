"""A pytest plugin: what was collected is no garbage.

Thousands of tests and the libraries that they import are millions of objects. Walking over
all of them again stops the process for seconds in the middle of some test, and a gateway
under test refuses the payment that waited.
"""

import gc


def pytest_collection_finish() -> None:
    """Leave everything there is out of later collections."""
    gc.collect()
    gc.freeze()
