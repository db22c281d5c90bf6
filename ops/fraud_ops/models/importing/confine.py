"""The confinement of the process that reads a stranger's model file.

Three walls, each enough for most of what a malicious file tries:

    kernel      no network (a network namespace of its own), bounds on memory, CPU, files
    pickle      only the names that trees and forests are made of may be looked up
    audit hook  while it is read: no sockets, processes, foreign libraries, no files but
                this Python's own, and those read-only

and nothing worth stealing: no environment, no model but the one that was given.
"""

import ctypes
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_MIB = 1024 * 1024
_BARRED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn",
    "os.spawn", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.chown",
    "os.link", "os.symlink", "os.truncate", "os.kill", "os.putenv", "os.listdir",
    "os.scandir", "shutil.", "ctypes.", "ftplib.", "smtplib.", "urllib.", "webbrowser.",
    "http.", "pty.", "mmap.", "code.__new__", "compile", "exec", "sys.settrace",
    "sys.setprofile", "gc.",
)  # fmt: skip

NAMES = frozenset(
    {
        ("sklearn.ensemble._forest", "RandomForestClassifier"),
        ("sklearn.ensemble._forest", "ExtraTreesClassifier"),
        ("sklearn.tree._classes", "DecisionTreeClassifier"),
        ("sklearn.tree._classes", "ExtraTreeClassifier"),
        ("sklearn.tree._tree", "Tree"),
        ("joblib.numpy_pickle", "NumpyArrayWrapper"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.numeric", "_frombuffer"),
        ("_codecs", "encode"),
    }
)
"""What a pickled tree or forest is made of (module, name)."""


class Forbidden(Exception):
    """The file tried what no model needs."""


def bound(memory_mb: int, seconds: int) -> None:
    """Bounds that the kernel keeps."""
    for what, most in (
        (resource.RLIMIT_DATA, memory_mb * _MIB),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 512 * _MIB),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    with suppress(OSError):
        os.nice(10)


def without_network() -> bool:
    """Leave the network for good; False where the kernel does not allow it.

    Must come before any library starts a thread.
    """
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except AttributeError:  # not Linux
        return False
    return 0 in (unshare(_NEW_USER | _NEW_NETWORK), unshare(_NEW_NETWORK))


@contextmanager
def watched() -> Iterator[None]:
    """Inside, whatever is not needed to read a forest raises `Forbidden`; afterwards there
    are only objects of `NAMES`, and still no other name may be looked up."""
    allow = _reader()
    reading = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class":
            if tuple(arguments[:2]) not in NAMES:
                raise Forbidden(f"it names {arguments[0]}.{arguments[1]}")
        elif not reading:
            return
        elif event == "open":
            allow(arguments)
        elif event.startswith(_BARRED):
            raise Forbidden(f"it tried {event}")

    sys.addaudithook(hook)
    yield
    reading = False


def _reader() -> Callable[[tuple[Any, ...]], None]:
    homes = {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, *sys.path) if p}
    roots = tuple(f"{home}{os.sep}" for home in homes)

    def allow(arguments: tuple[Any, ...]) -> None:
        path, mode, flags = arguments
        if isinstance(path, int):
            return
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        if writes or set(mode or "r") & set("wax+"):
            raise Forbidden("it tried to write a file")
        if not os.path.realpath(os.fsdecode(path)).startswith(roots):
            raise Forbidden("it tried to read a file")

    return allow
