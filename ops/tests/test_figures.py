from importlib.metadata import version

from fraud_ops.figures import installed_versions


def test_versions_of_a_library_that_is_not_installed_are_left_out():
    found = installed_versions(["fastapi", "no-such-distribution"])
    assert found == {"fastapi": version("fastapi")}
