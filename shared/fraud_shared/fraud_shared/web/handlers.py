"""What FastAPI raises, as problems (RFC 9457)."""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from fraud_shared.web import problems
from fraud_shared.web.context import RequestContext


def handle_problems(app: FastAPI) -> None:
    """Answer every refusal of `app` and of the framework with a problem."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, problems.FraudError)
        context: RequestContext = request.scope["state"]["context"]
        context.log(problem=error.type)
        return Response(
            problems.body(error, context.request_id),
            error.status,
            error.headers,
            problems.MEDIA_TYPE,
        )

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [e for e in error.errors() if e["type"] == "json_invalid"]
        if found:
            return await ours(request, problems.MalformedBody())
        faults = problems.without_echoes(error.errors())[:20]
        errors = [(_place(e["loc"]), e["msg"]) for e in faults]
        return await ours(request, problems.InvalidInput(errors=errors))

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error.__cause__, problems.FraudError):
            # FastAPI says 400 to whatever was raised while the body was read.
            return await ours(request, error.__cause__)
        problem = _from_status(error.status_code)
        problem.headers.update(error.headers or {})
        if error.status_code == 405:
            problem.headers["allow"] = ", ".join(_methods(request))
        if "context" not in request.scope.get("state", {}):  # probes and unknown paths
            return Response(
                problems.body(problem, ""),
                problem.status,
                problem.headers,
                problems.MEDIA_TYPE,
            )
        return await ours(request, problem)

    app.add_exception_handler(problems.FraudError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, framework)


def _methods(request: Request) -> list[str]:
    """What a path takes by all its routes; the framework knows only the first's."""
    app: FastAPI = request.app
    by_path: dict[str | None, set[str]] = {}
    for route in iter_route_contexts(app.routes):
        documented = getattr(route, "include_in_schema", True)
        if documented and route.matches(request.scope)[0] is not Match.NONE:
            by_path.setdefault(route.path, set()).update(route.methods or ())
    # What is spelled out comes before what has parameters.
    return sorted(next(iter(by_path.values()), ()))


def _place(location: Sequence[str | int]) -> str:
    # FastAPI prefixes the place (query, path); a field of the body needs no prefix.
    inside = location[0] == "body"
    return problems.field_name(location[1:] if inside else location)


class _MethodNotAllowed(problems.FraudError):
    """This path does not take this method."""

    status = 405
    type = "method-not-allowed"
    detail = "See the Allow header."


class _BadRequest(problems.FraudError):
    """The request cannot be understood."""

    status = 400
    type = "bad-request"
    detail = "See the API description."


def _from_status(status: int) -> problems.FraudError:
    known: Mapping[int, type[problems.FraudError]] = {
        400: problems.MalformedBody,
        401: problems.NotAuthenticated,
        403: problems.Forbidden,
        404: problems.NotFound,
        405: _MethodNotAllowed,
        409: problems.Conflict,
        413: problems.BodyTooLarge,
        415: problems.UnsupportedMedia,
        422: problems.InvalidInput,
        429: problems.RateLimited,
        503: problems.Unavailable,
    }
    return known.get(status, _BadRequest if status < 500 else problems.FraudError)()
