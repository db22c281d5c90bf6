"""Puts on record who does and who reads what at the gateway."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from fraud_orchestrator.gateway import Gateway
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import FraudError, Unavailable

Answered = Callable[[int], None]

# Who or whose an entity of this kind is; both ends of a payment are accounts.
_PERSONAL = {
    "account": "account",
    "counterparty": "account",
    "card": "card",
    "device": "device",
}


@asynccontextmanager
async def change_on_record(
    gateway: Gateway,
    context: RequestContext,
    act: str,
    about: Mapping[str, Any],
    body: bytes = b"",
) -> AsyncIterator[Answered]:
    """Around a change: on record before it is done, and with its status after; that is
    200 unless the block says otherwise. Raises Unavailable, with nothing done, when it
    cannot be put on record."""
    note = _note(gateway, context, act, about)
    await note(body=body)
    status = [200]
    try:
        yield status.append
    except FraudError as error:
        status.append(error.status)
        raise
    except BaseException:
        status.append(500)
        raise
    finally:
        # It was done, or not: what is missing here is only its status.
        with suppress(Unavailable):
            await note(status=status[-1])


@asynccontextmanager
async def view_on_record(
    gateway: Gateway, context: RequestContext, act: str, about: Mapping[str, Any]
) -> AsyncIterator[Answered]:
    """Around reading personal data: who asked, and with what status, is on record before
    the answer is given. Raises Unavailable when it cannot be put on record."""
    note = _note(gateway, context, act, about)
    status = [200]
    try:
        yield status.append
    except FraudError as error:
        status.append(error.status)
        raise
    except BaseException:
        status.append(500)
        raise
    finally:
        await note(status=status[-1])


def _note(
    gateway: Gateway, context: RequestContext, act: str, about: Mapping[str, Any]
) -> Callable[..., Any]:
    named = {name: _pseudonym(gateway, about, name) for name in about}
    subject = ",".join(f"{name}={value}" for name, value in named.items())
    return partial(
        gateway.audit_log.note, context.caller, act, subject, context.request_id
    )


def _pseudonym(gateway: Gateway, about: Mapping[str, Any], name: str) -> Any:
    """The value of a parameter; of a person's account, card or device its keyed token. This
    record is never changed, so what it says of a person cannot be erased from it."""
    kind = "account" if name == "account_id" else about.get("kind")
    if name in ("account_id", "entity_id") and kind in _PERSONAL:
        return gateway.token_of(_PERSONAL[kind], str(about[name]))
    return about[name]
