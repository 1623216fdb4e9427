"""Every route says who may ask it; one that does not is found before anybody can."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.applications import Starlette

from service.api.deps import Require, public


def policy_of(dependant: Dependant, guards: Collection[Callable[..., Any]] = ()) -> str | None:
    """`viewer` ... `admin`, `public`, `guarded` by something else; None when nobody said."""
    if isinstance(dependant.call, Require):
        return dependant.call.role
    if dependant.call is public:
        return "public"
    if dependant.call in guards:
        return "guarded"
    found = (policy_of(each, guards) for each in dependant.dependencies)
    return next((policy for policy in found if policy), None)


def undeclared(app: Starlette, guards: Collection[Callable[..., Any]] = ()) -> list[str]:
    """`GET /path` of every route without a policy. `guards` are dependencies that count as one
    (the token of a hook)."""
    return [
        f"{'|'.join(sorted(route.methods or []))} {route.path}"
        for route in _api_routes(app)
        if policy_of(route.dependant, guards) is None
    ]


def policies(app: Starlette) -> Sequence[tuple[str, str, str, str]]:
    """(method, path, policy, resource) of every route of the API."""
    return [
        (method, str(route.path), policy_of(route.dependant) or "", _first(route.tags))
        for route in _api_routes(app)
        for method in sorted(route.methods or [])
    ]


def _first(tags: Sequence[Any] | None) -> str:
    return str(tags[0]) if tags else ""


def _api_routes(app: Starlette) -> Iterator[Any]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield context
