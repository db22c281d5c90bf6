"""`fraud <noun> <verb>` for everything a gateway answers: one mechanism, made from what its
document says. The key is read from `FRAUD_API_KEY`, never from the command line."""

import inspect
import keyword
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import typer

from fraud_ops.gateway.operations import NDJSON, Field, Kind, Operation, operations

_TYPES: Mapping[Kind, Any] = {
    "text": str,
    "integer": int,
    "number": float,
    "truth": bool,
    "texts": list[str],
    "json": str,
}
# What every command can be told; no field of an operation has these names.
_COMMON: tuple[tuple[str, Any, Any], ...] = (
    (
        "_url",
        Annotated[
            str,
            typer.Option("--url", envvar="FRAUD_URL", help="The gateway's address."),
        ],
        "http://127.0.0.1:8000",
    ),
    (
        "_tenant",
        Annotated[str, typer.Option("--for-tenant", help="Whose payments (X-Tenant).")],
        "",
    ),
)
_BODY = Annotated[
    str,
    typer.Option("--body", help="The whole body: JSON, or @FILE (.yaml goes as such)."),
]
_ALL = Annotated[
    bool, typer.Option("--all", help="Every page, one JSON object a line.")
]
_LINES = Annotated[bool, typer.Option("--ndjson", help="Whole records, one a line.")]


def add_commands(app: typer.Typer) -> None:
    """Add a command for every operation to `app`, in the group of its first word; one that
    the group has already stays as it is."""
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    for operation in operations():
        noun, _, verb = operation.command.partition(" ")
        if not verb:
            app.command(noun, help=operation.help)(_command(operation))
            continue
        if noun not in groups:
            made = typer.Typer(help=f"Of a gateway: {noun}.", no_args_is_help=True)
            app.add_typer(made, name=noun)
            groups[noun] = made
        group = groups[noun]
        assert group is not None
        names = {one.name for one in group.registered_commands}
        if verb not in names:
            group.command(verb, help=operation.help)(_command(operation))


def _command(operation: Operation) -> Callable[..., None]:
    """The function of a command: its parameters are the fields of the operation."""

    def run(**given: Any) -> None:
        # Imported here: --help should not wait for it.
        from fraud_ops.gateway.asking import ask

        named = {field.name: given.get(_safe(field.name)) for field in operation.fields}
        common = {k: v for k, v in given.items() if k.startswith("_")}
        ask(operation, named, common)

    parameters = list(_parameters(operation))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _parameters(operation: Operation) -> Iterator[inspect.Parameter]:
    whole = bool(operation.takes)
    for field in operation.fields:
        # Arguments come in the order of the path; the body's fields may come as a whole.
        if field.place == "path":
            kind: Any = Annotated[str, typer.Argument(help=field.help)]
            yield _parameter(field.name, kind, inspect.Parameter.empty)
    for field in operation.fields:
        if field.place != "path":
            needed = field.required and not (whole and field.place == "body")
            default = inspect.Parameter.empty if needed else None
            yield _parameter(field.name, _option(field, needed), default)
    if whole:
        yield _parameter("_body", _BODY, "")
    if any(field.name == "cursor" for field in operation.fields):
        yield _parameter("_all", _ALL, False)
    if NDJSON in operation.media:
        yield _parameter("_lines", _LINES, False)
    for name, annotation, default in _COMMON:
        yield _parameter(name, annotation, default)


def _option(field: Field, needed: bool) -> Any:
    kind = _TYPES[field.kind]
    flag = f"--{field.name.replace('_', '-')}"
    text = f"{field.help} (JSON)" if field.kind == "json" else field.help
    return Annotated[kind if needed else kind | None, typer.Option(flag, help=text)]


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        _safe(name),
        inspect.Parameter.KEYWORD_ONLY,
        annotation=annotation,
        default=default,
    )


def _safe(name: str) -> str:
    """A field's name as one of Python's."""
    plain = name.replace("-", "_")
    return f"{plain}_" if keyword.iskeyword(plain) else plain
