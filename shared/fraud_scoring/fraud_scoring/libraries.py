"""Library versions: recorded at training, compared when a model is loaded."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from fraud_scoring.errors import LibraryMismatch


def installed(names: Iterable[str]) -> dict[str, str]:
    """Versions of the named distributions that are installed here."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def check(recorded: Mapping[str, str], needed: Iterable[str]) -> None:
    """Raise `LibraryMismatch`, naming both versions, if major.minor differs."""
    here = installed(needed)
    for name in needed:
        then, now = recorded.get(name, "none"), here.get(name, "none")
        if _release(then) != _release(now):
            raise LibraryMismatch(f"{name}: trained with {then}, installed {now}")


def _release(text: str) -> str:
    return ".".join(text.split(".")[:2])
