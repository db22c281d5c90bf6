"""`fraud audit` as auditors run it."""

from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, Var

audit_app = typer.Typer(help="The audit log: verify it.")


@audit_app.command("verify")
def verify(
    public_key: Annotated[
        list[str] | None,
        typer.Option(help="Believe checkpoints of this key only; may be repeated."),
    ] = None,
    kept_days: Annotated[
        int, typer.Option(help="Content sealed before these days may be gone.", min=1)
    ] = 1826,
    most: Annotated[int, typer.Option(help="Bad rows to name.", min=1)] = 20,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Read the whole audit log, name the first rows that do not hold, exit 1 for any."""
    from fraud_ops.audit.command import verify_command
    from fraud_ops.mesh.environment import local_mesh

    verify_command(
        local_mesh(var),
        public_keys=frozenset(public_key or ()),
        kept_days=kept_days,
        most=most,
        as_json=as_json,
        enforce=enforce,
    )
