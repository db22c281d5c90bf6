"""What a study works on: the texts as they are when it is asked for, so that it stays true
of them whatever is promoted meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Any

from fraud_shared.contracts.studies import ModelStudyRequest, StudyRequest
from fraud_shared.contracts.versions import VersionText
from fraud_shared.web.problems import InvalidInput, NotFound

# Of which document a study needs a version; `prove` says so itself.
_CANDIDATE = {"backtest": "ruleset", "what_if": "policy"}
# Asks for a version of `ruleset` or `policy`, by number or `live`.
Ask = Callable[[str, str], Awaitable[VersionText]]


async def of_rules(wanted: StudyRequest, ask: Ask) -> dict[str, Any]:
    """What a worker is given: the request, and the texts of what it is about. Raises
    InvalidInput where a version is missing, or not known."""
    found = {name: await ask(name, "live") for name in ("ruleset", "policy")}
    candidate = wanted.of if wanted.kind == "prove" else _CANDIDATE.get(wanted.kind)
    if candidate is not None:
        if wanted.version is None:
            raise InvalidInput(errors=[("version", "is needed for this kind")])
        try:
            found["candidate"] = await ask(candidate, str(wanted.version))
        except NotFound:
            raise InvalidInput(errors=[("version", "is not known")]) from None
    return {
        **wanted.model_dump(mode="json", exclude={"why"}),
        "of": candidate or wanted.of,
        "version": None if candidate is None else wanted.version,
        "texts": {name: one.text for name, one in found.items()},
        "documents": {name: one.document for name, one in found.items()},
    }


def of_models(wanted: ModelStudyRequest) -> dict[str, Any]:
    """The same for a study of models: what it reads is at the worker."""
    named = f"{wanted.model} {wanted.model_version}"
    return {
        **wanted.model_dump(mode="json", exclude={"why"}),
        "of": "model",
        "version": None,
        "on": "recorded",
        "documents": {"model": named} if wanted.kind == "dossier" else {},
    }
