"""Every environment variable that the mesh reads, and `.env.example` compared with them."""

import importlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from fraud_scoring.artifacts.keys import SIGNING_KEY
from fraud_shared.mesh.addresses import CONSOLE, PORTS, SERVICES, url_variable
from fraud_shared.web.settings import ServiceSettings

# Names in code outside the settings classes: the mesh kit, the command, the tests.
_READ_IN_CODE = re.compile(
    r"""(?:environ(?:\.get\(|\[)|\.secret\()\s*"([A-Z][A-Z0-9_]+)\""""
)
# The test kit keeps the names of its servers in a table.
_READ_BY_TESTS = re.compile(r"\"(TEST_[A-Z]+_URL)\"")
_READ_BY_COMPOSE = re.compile(r"\$\{([A-Z][A-Z0-9_]+)")
_LINE = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One variable of `.env.example`; `optional` when it is commented out. `meaning` is
    the last of the comment lines above it."""

    name: str
    value: str
    optional: bool
    comments: int
    meaning: str = ""


def settings_of(service: str) -> type[ServiceSettings]:
    """The settings class of a service."""
    module = importlib.import_module(f"fraud_{service}.settings")
    found: type[ServiceSettings] = module.Settings
    return found


def fields_of(service: str) -> dict[str, FieldInfo]:
    """The fields of a service's settings, by the name of their variable."""
    settings = settings_of(service)
    prefix = settings.model_config.get("env_prefix", "")
    return {
        str(field.validation_alias or f"{prefix}{name}".upper()): field
        for name, field in settings.model_fields.items()
    }


def read_by_code(root: Path) -> set[str]:
    """Names read from the environment outside the settings classes."""
    folders = (root / "shared", root / "services", root / "ops", root / "lab")
    files = (file for folder in folders for file in folder.glob("**/fraud_*/**/*.py"))
    # What runs where a peer is installed is configured by the bench that starts it.
    files = (file for file in files if not file.name.startswith("for_"))
    sources = [file.read_text() for file in files]
    named = (_READ_IN_CODE, _READ_BY_TESTS)
    found = {n for text in sources for name in named for n in name.findall(text)}
    return found | {url_variable(service) for service in SERVICES} | {SIGNING_KEY}


def read_by_compose(root: Path) -> set[str]:
    """Names that docker-compose.yml interpolates."""
    return set(_READ_BY_COMPOSE.findall((root / "docker-compose.yml").read_text()))


def entries(text: str) -> Iterator[Entry]:
    """The variables of an `.env.example`, with how many comment lines stand above each."""
    above: list[str] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            meaning = above[-1] if above else ""
            yield Entry(match[2], match[3], match[1] == "#", len(above), meaning)
        above = [*above, line[2:]] if line.startswith("# ") and not match else []


def example_problems(root: Path) -> list[str]:
    """What `.env.example` lacks, has too much, or says wrongly."""
    listed = list(entries((root / ".env.example").read_text()))
    # Of a variable that several read, the mesh's default is shown.
    programs = (CONSOLE, *SERVICES)
    fields = {name: f for one in programs for name, f in fields_of(one).items()}
    known = set(fields) | read_by_code(root) | read_by_compose(root)
    names = [entry.name for entry in listed]
    found = [f"{name} is missing" for name in sorted(known - set(names))]
    found += [f"{name}: nothing reads it" for name in sorted(set(names) - known)]
    found += [f"{n} is there twice" for n in sorted(set(names)) if names.count(n) > 1]
    found += [
        f"{e.name}: one comment line is expected above it, not {e.comments}"
        for e in listed
        if e.comments != 1
    ]
    return found + list(_wrong_defaults(listed, fields))


def _wrong_defaults(
    listed: Sequence[Entry], fields: Mapping[str, FieldInfo]
) -> Iterator[str]:
    urls = {url_variable(s): f"http://127.0.0.1:{port}" for s, port in PORTS.items()}
    for entry in listed:
        if entry.name in urls and entry.value != urls[entry.name]:
            yield f"{entry.name}: the default is {urls[entry.name]}"
        field = fields.get(entry.name)
        if field is not None and entry.optional and not _shows(field, entry.value):
            yield f"{entry.name}: the default is not {entry.value!r}"


def _shows(field: FieldInfo, text: str) -> bool:
    default = field.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        return text == default.get_secret_value()
    if isinstance(default, Path) and default.is_absolute():
        # A file inside the package: its path is the machine's, so none is shown.
        return text == ""
    annotation: Any = field.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    parse = adapter.validate_json if text[:1] == "[" else adapter.validate_strings
    try:
        return bool(parse(text) == default)
    except ValidationError:
        return False
