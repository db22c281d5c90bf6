"""The wiring of `fraud features parity`."""

from fraud_ops.options import Enforce, Json, Payments, Seed, Var, trained_mesh


def parity(
    payments: Payments = 20_000,
    seed: Seed = 303,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Serving and training compute the same vectors, bit for bit.

    Plays 45 days of payments over HTTP, late ones, repeats, labels, restarts and a lost
    store among them, with ten processes over Redis and with one in memory.
    """
    from fraud_lab.parity.command import parity_command

    mesh = trained_mesh(var)
    parity_command(mesh, payments=payments, seed=seed, as_json=as_json, enforce=enforce)
