"""Every other address under /console: one sentence, in a page."""

from fastapi import Depends, Response
from fastapi.responses import RedirectResponse

from service.api.console.desk import pages
from service.api.deps import public
from service.api.problems import Problem

router = pages()


@router.api_route("/{rest:path}", methods=["GET", "HEAD", "POST"], dependencies=[Depends(public)])
def nothing_here(rest: str) -> Response:
    """A slash too many is forgiven; anything else is said not to exist."""
    if rest.endswith("/") or not rest:
        return RedirectResponse(f"/console/{rest}".rstrip("/"), 303)
    raise Problem("not_found")
