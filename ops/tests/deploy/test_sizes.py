"""What the page about the images says."""

import sys
from pathlib import Path

from fraud_ops.deploy.closure import Installed, contents
from fraud_ops.deploy.sizes import HEAD, page


def test_each_service_is_a_row_with_its_largest_parts_first():
    found = {
        "rules": [
            Installed("cel", "1", 52_000_000),
            Installed("pydantic", "2", 4_000_000),
        ]
    }
    assert page(found) == HEAD + "| rules | 2 | 56.0 | cel 52.0, pydantic 4.0 |\n"


def test_an_environment_is_weighed_by_its_files():
    found = contents(Path(sys.executable))
    sizes = {one.name.lower(): one.size for one in found}
    assert sizes["numpy"] > 10_000_000
    assert sizes["iniconfig"] < 1_000_000
    assert [one.size for one in found] == sorted(sizes.values(), reverse=True)
