import subprocess
import sys

import pytest

SCRIPT = """
import atexit, sys
from fraud_ops.running import CommandError, run_cli

def run():
    print("said", end="")
    raise {raised}

class Torn:
    def __del__(self):
        print("taken down")

torn = Torn()
atexit.register(lambda: print(" and tidied", end=""))
run_cli(run)
"""


@pytest.mark.parametrize(
    ("raised", "status", "error"),
    [
        ("SystemExit", 0, ""),
        ("SystemExit(3)", 3, ""),
        ("SystemExit(True)", 1, ""),
        ("SystemExit('no')", 1, "no\n"),
        ("CommandError('no such file')", 1, "fraud: no such file\n"),
    ],
)
def test_a_command_ends_with_its_status_and_nothing_after_it(raised, status, error):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(raised=raised)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        status,
        "said and tidied",
        error,
    )


def test_what_nobody_expected_is_shown():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(raised="KeyError('x')")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "KeyError: 'x'" in done.stderr
