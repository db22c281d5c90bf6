"""Each wall around the process that reads a stranger's model, alone."""

import socket
import subprocess
import sys

import pytest

from fraud_ops.models.importing import confine

ALONE = """
import socket, sys
from fraud_ops.models.importing import confine
if not confine.without_network():
    print("not allowed")
    raise SystemExit
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
except OSError:
    print("alone")
else:
    print("connected")
"""

WATCHED = """
import os, socket, subprocess, sys
from fraud_ops.models.importing import confine
try:
    with confine.watched():
        {offence}
except confine.Forbidden as error:
    print(f"forbidden: {{error}}")
else:
    print("done")
"""


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


class TestNetwork:
    def test_a_listener_of_this_machine_cannot_be_reached(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            found = run(ALONE, str(listener.getsockname()[1]))
        if found == "not allowed":
            pytest.skip("no namespaces here: then no pickle is read at all")
        assert found == "alone"


class TestWatch:
    @pytest.mark.parametrize(
        "offence",
        [
            "open('/etc/passwd')",
            "open(sys.prefix + '/x', 'w')",
            "os.system('true')",
            "subprocess.run(['true'])",
            "socket.socket()",
            "os.listdir('/')",
            "eval('1')",
            "import ctypes; ctypes.CDLL(None)",
        ],
    )
    def test_an_offence_stops_it(self, offence):
        assert run(WATCHED.format(offence=offence)).startswith("forbidden: it ")

    def test_lets_pure_work_pass(self):
        assert run(WATCHED.format(offence="sum(range(9))")) == "done"

    def test_a_forest_needs_no_name_that_does_things(self):
        modules = {module.partition(".")[0] for module, _ in confine.NAMES}
        assert modules == {"sklearn", "joblib", "numpy", "_codecs"}
