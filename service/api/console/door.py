"""In and out: the login page, the way out, and the files of the pages."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from service.api.console.desk import (
    LOGIN,
    Form,
    Reader,
    pages,
    problem_page,
    room,
    text,
)
from service.api.deps import State, address_of, public, same_site
from service.api.problems import Problem
from service.api.state import Sugu
from service.api.v1 import session as sessions

router = pages()
front = APIRouter(include_in_schema=False)

HOME = "/console"
AFTER = ("/console", "/simulator")
"""Where a login may lead: pages of ours, never an address somebody sent."""


@front.get("/", dependencies=[Depends(public)])
def front_door(state: State) -> Response:
    """Somebody typed the bare address."""
    return RedirectResponse("/simulator" if state.settings.demo else HOME, 303)


@router.get("/login", dependencies=[Depends(public)])
def login_page(request: Request, state: State, next: str = HOME, over: str = "") -> Response:
    return _page(request, state, next, over=over)


@router.post("/login", dependencies=[Depends(public)])
def log_in(request: Request, state: State, form: Form) -> Response:
    """A session for the right password; the page again, with the reason, for any other."""
    same_site(request)
    name, after = text(form, "name"), text(form, "next")
    password = form.get("password")
    try:
        opened = sessions.enter(
            state, name, password if isinstance(password, str) else "", address_of(request),
            state.clock(),
        )  # fmt: skip
    except Problem as problem:
        said = problem_page(request, problem)
        return _page(request, state, after, said["detail"], name, said["status"])
    answer = RedirectResponse(_after(after), 303)
    sessions.set_cookie(answer, state, opened.token)
    return answer


@router.post("/logout")
def log_out(work: Reader) -> Response:
    answer = RedirectResponse(LOGIN, 303)
    sessions.log_out(work, answer)
    return answer


@router.get("/static/{name}", dependencies=[Depends(public)])
def static(name: str) -> Response:
    return room.send(name)


def _page(
    request: Request,
    state: Sugu,
    after: str,
    wrong: str = "",
    name: str = "",
    status: int = 200,
    over: str = "",
) -> Response:
    return room.page(
        request,
        "login.html",
        status,
        next=_after(after),
        wrong=wrong,
        over=over,
        name=name,
        demo=state.settings.demo,
    )


def _after(asked: str) -> str:
    known = any(asked == each or asked.startswith((f"{each}/", f"{each}?")) for each in AFTER)
    return asked if known else HOME
