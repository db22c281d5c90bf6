"""What `fraud models ...` does."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from fraud_ops.figures import print_json, wide_console
from fraud_ops.models import announce, context, dossier, show
from fraud_ops.models.context import Line, RegistryContext
from fraud_ops.models.importing.plain import NotImportable
from fraud_ops.retrain.runs import RunStore
from fraud_scoring.errors import ArtifactRefused, RegistryError
from fraud_scoring.registry.aliases import CHAMPION, AliasBook
from fraud_shared.state.rabbit import RabbitBus


def failing(command: Callable[[Console], None]) -> None:
    """Run a command; what is refused is one red line and exit status 1."""
    console = wide_console()
    try:
        command(console)
    except (ArtifactRefused, RegistryError) as error:
        console.print(f"[red]{error.code}[/]: {error}", highlight=False)
    except (NotImportable, PermissionError, FileNotFoundError) as error:
        console.print(f"[red]refused[/]: {error}", highlight=False)
    else:
        return
    raise typer.Exit(1)


def list_models(place: RegistryContext, console: Console, *, as_json: bool) -> None:
    """All versions of all models."""
    found = list(context.lines(place.registry, place.registry.models()))
    if as_json:
        print_json([show.described(line) for line in found])
        return
    console.print(show.table(found))


def show_model(
    place: RegistryContext, name: str, which: str, console: Console, *, as_json: bool
) -> None:
    """One version: facts, figures, libraries, aliases."""
    version = context.resolve(place.registry, name, which)
    [line] = [
        one for one in context.lines(place.registry, (name,)) if one.version == version
    ]
    if as_json:
        print_json(show.described(line))
        return
    console.print(show.facts(line))


def verify(
    place: RegistryContext, name: str, console: Console, *, as_json: bool
) -> None:
    """Every version, every alias, and one bundle behind the champions of a feature set;
    exit status 1 when something is not as it should be."""
    names = (name,) if name else place.registry.models()
    found = list(context.lines(place.registry, names))
    problems = [
        f"{one.name} {one.version}: {one.problem}" for one in found if one.problem
    ]
    problems += _mixed(found)
    if as_json:
        print_json({"versions": len(found), "problems": problems})
    else:
        for problem in problems:
            console.print(f"[red]{problem}[/]", highlight=False)
        console.print(f"{len(found)} version(s), {len(problems)} problem(s)")
    if problems:
        raise typer.Exit(1)


def _mixed(found: Iterable[Line]) -> list[str]:
    """Feature sets whose champions were not made together."""
    bundles: dict[str, set[str]] = {}
    for one in found:
        if CHAMPION in one.aliases and one.artifact is not None:
            together = one.artifact.metadata.feature_set.name
            bundles.setdefault(together, set()).add(one.artifact.manifest.bundle)
    return [
        f"champions of feature set {features} are of several bundles: {sorted(some)}"
        for features, some in sorted(bundles.items())
        if len(some) > 1
    ]


def card(place: RegistryContext, name: str, which: str, console: Console) -> None:
    """The model card."""
    version = context.resolve(place.registry, name, which)
    console.print(Markdown(place.registry.load(name, version).card))


def write_dossier(
    place: RegistryContext,
    name: str,
    which: str,
    data: str,
    out: Path | None,
    console: Console,
) -> None:
    """The governance dossier of one version, to a file or the screen."""
    # They read Parquet: no other command of the registry needs that.
    from fraud_ops.datasets.source import dataset_uri
    from fraud_post_auth.dataset import DatasetMissing, DatasetStore

    version = context.resolve(place.registry, name, which)
    artifact = place.registry.load(name, version)
    uri = dataset_uri(place.mesh, data)
    store = DatasetStore(uri)
    problems: list[str] | None = None
    with contextlib.suppress(DatasetMissing):
        problems = store.problems(store.find(artifact.metadata.training.data_version))
    text = dossier.dossier(
        artifact,
        place.registry.aliases(name),
        RunStore(place.where, uri).all(),
        problems,
        datetime.now(UTC),
    )
    if out is None:
        console.print(Markdown(text))
        return
    out.write_text(text)
    console.print(f"dossier: {out}")


def diff(
    place: RegistryContext, name: str, one: str, two: str, console: Console
) -> None:
    """What is different between two versions or aliases."""
    versions = [context.resolve(place.registry, name, which) for which in (one, two)]
    made = [place.registry.load(name, version) for version in versions]
    table = Table("", *versions)
    for row in show.differences(*made):
        table.add_row(*row)
    console.print(table)


def order(
    place: RegistryContext,
    alias: str,
    change: Callable[[datetime], AliasBook],
    gateway: str,
    console: Console,
) -> None:
    """Give a signed order, then tell the broker and the gateway."""
    now = datetime.now(UTC)
    book = change(now)
    target = book.target(alias)
    console.print(
        f"{book.name} {alias} is {target.version} "
        f"(bundle {target.bundle}, order {book.revision})"
    )
    for problem in _mixed(context.lines(place.registry, place.registry.models())):
        console.print(f"[yellow]{problem}[/]", highlight=False)
    amqp_url = os.environ.get("AMQP_URL", "")
    if amqp_url:
        events = [announce.event(book, alias, now)]
        asyncio.run(announce.publish(events, RabbitBus(amqp_url)))
        console.print("the broker has the event")
    url = gateway or place.mesh.url
    key = announce.admin_key(place.mesh.key())
    answer = asyncio.run(announce.refresh(url, key))
    if answer is None:
        console.print(f"no gateway answers at {url}: scorers look by themselves")
        return
    table = Table("scorer", "model", "status", "serves", "problem")
    for scorer, said in sorted(answer["scorers"].items()):
        for one in said.get("results", [{"status": said.get("status", "?")}]):
            serves = (one.get("after") or {}).get("version", "-")
            row = (one.get("model", "-"), one["status"], serves, one.get("problem"))
            table.add_row(scorer, *(str(cell or "") for cell in row))
    console.print(table)
