"""Library versions: recorded at training, compared when a model is loaded."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from fraud_scoring.errors import LibraryMismatch

# One library may come as several distributions: images have the one without GPU code.
_FLAVOURS = {"xgboost": ("xgboost", "xgboost-cpu")}


def installed(names: Iterable[str]) -> dict[str, str]:
    """Versions of the named libraries that are installed here."""
    found = {name: _version(name) for name in names}
    return {name: here for name, here in found.items() if here is not None}


def check(recorded: Mapping[str, str], needed: Iterable[str]) -> None:
    """Raise `LibraryMismatch`, naming both versions, if major.minor differs."""
    here = installed(needed)
    for name in needed:
        then, now = recorded.get(name, "none"), here.get(name, "none")
        if _release(then) != _release(now):
            raise LibraryMismatch(f"{name}: trained with {then}, installed {now}")


def _version(library: str) -> str | None:
    for distribution in _FLAVOURS.get(library, (library,)):
        with suppress(PackageNotFoundError):
            return version(distribution)
    return None


def _release(text: str) -> str:
    return ".".join(text.split(".")[:2])
