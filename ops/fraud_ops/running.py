"""How the `fraud` command ends."""

import atexit
import os
import sys
from collections.abc import Callable


class CommandError(Exception):
    """Something about data or servers that whoever runs the command can mend: its text says
    all there is to know, and where in the code it was found says nothing more."""


def run_cli(run: Callable[[], object]) -> None:
    """Run a command and end the process with its status, without taking the interpreter
    down first: a thread of the HTTP client that is just handing its lock back would abort
    it then (measured: one of four short commands ended with status 134)."""
    status: object = None
    try:
        run()
    except SystemExit as ended:
        status = ended.code
    except CommandError as error:
        status = f"fraud: {error}"
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))
