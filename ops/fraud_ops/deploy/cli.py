"""The wiring of `fraud deploy ...` and `fraud deploy-sizes`."""

from typing import Annotated

import typer

from fraud_ops.options import Json

deploy_app = typer.Typer(help="Look at a deployment before it serves.")


@deploy_app.callback()
def deploy() -> None:
    """Look at a deployment before it serves."""


@deploy_app.command("doctor")
def doctor(
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services (default: all).")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what production would refuse of this environment; exit status 1 if anything."""
    from fraud_ops.deploy.doctor import doctor_command

    doctor_command(services or [], as_json=as_json)


@deploy_app.command("env")
def env() -> None:
    """Write what .env lacks: secrets are made, API keys printed once, the rest stays."""
    from fraud_ops.deploy.env_file import env_command

    env_command()


@deploy_app.command("changed")
def changed(
    base: Annotated[str, typer.Option(help="The commit to compare with.")] = "main",
) -> None:
    """Print the images that changes since `base` concern, as a JSON list."""
    from fraud_ops.deploy.changed import changed_command

    changed_command(base)


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
