"""The wiring of `fraud deploy-sizes`."""

from typing import Annotated

import typer

from fraud_ops.options import Json


def deploy_sizes(
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services (default: all).")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write docs/images.md again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Install what each image holds into an environment of its own, and weigh it."""
    from fraud_ops.deploy.sizes import sizes_command

    sizes_command(services or [], write=write, as_json=as_json)
