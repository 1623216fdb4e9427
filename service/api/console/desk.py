"""What every page of the console stands on: who is reading, the form sent, the page shown.

Pages call the functions behind the API with the same `Work`, so that the two can never say
different things. A form carries the session's token, since no script sets a header for it.
"""

from collections.abc import Callable, Coroutine, Mapping
from itertools import count
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from starlette.datastructures import FormData

from service.api import logins
from service.api.console.english import ENGLISH
from service.api.console.voice import REFUSALS, Voice
from service.api.deps import Once, Require, SessionDep, State, Work, identify, same_site
from service.api.errors import mistakes
from service.api.html import Room, language_of
from service.api.imports import LARGEST_FILE
from service.api.pages import MOST, Ask, Page
from service.api.problems import Problem, body_of
from service.api.security import SAFE, Identity
from service.api.state import Sugu

LOGIN = "/console/login"
ALL = Ask(None, MOST)
"""A whole list on one page, as far as a page of the API goes."""

room = Room(Path(__file__).parent, ENGLISH)

Item = TypeVar("Item")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route whose failures are pages: to the login when nobody is known, else one sentence."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return _failed(request, problem)
            except RequestValidationError as error:
                return _failed(request, invalid(error.errors(), request))
            except IntegrityError:
                return _failed(request, Problem("conflict"))
            except SQLAlchemyError:
                return _failed(request, Problem("busy"))
            except HTTPException:
                return _failed(request, Problem("not_found"))

        return page


def pages() -> APIRouter:
    """A router for a few pages."""
    return APIRouter(
        prefix="/console", route_class=PageRoute, include_in_schema=False, tags=["console"]
    )


async def form_of(request: Request) -> FormData:
    """The form of a POST, one file at most; empty for anything else."""
    if request.method in SAFE:
        return FormData()
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_FILE:
        raise Problem("too_large")
    return await request.form(max_files=1)


Form = Annotated[FormData, Depends(form_of)]


class Seat(Require):
    """The policy of a page: the least role. Its token stands in the form (`_work`)."""

    def __call__(self, request: Request, state: State) -> Identity:
        who = identify(_as_read(request), state)
        if not who.may(self.role):
            raise Problem("role_too_low", role=self.role)
        return who


def _work(role: str) -> Any:
    seat = Seat(role)

    def work(
        who: Annotated[Identity, Depends(seat)],
        form: Form,
        session: SessionDep,
        state: State,
        request: Request,
        response: Response,
    ) -> Work:
        if request.method not in SAFE:
            same_site(request)
            if who.csrf and not logins.same_token(who.csrf, text(form, "csrf")):
                raise Problem("csrf")
        return Work(who, session, state, state.clock(), request, response)

    return Depends(work, scope="function")


Reader = Annotated[Work, _work("viewer")]
Clerk = Annotated[Work, _work("operator")]
Second = Annotated[Work, _work("approver")]


def show(work: Work, name: str, /, status: int = 200, **values: Any) -> Response:
    """A page for somebody signed in."""
    voice = voice_of(work.request, work.state)
    return room.page(
        work.request,
        name,
        status,
        who=work.who,
        csrf=work.who.csrf or "",
        demo=work.state.settings.demo,
        today=work.today,
        now=work.now,
        say=voice,
        said=said(work.request),
        catalog=work.state.book().catalog,
        **values,
    )


def voice_of(request: Request, state: Sugu) -> Voice:
    return Voice(room.tongue(request), state.limits.zone, state.clock())


def back(path: str, notice: str = "") -> Response:
    """After a change, the page that shows it; reloading repeats nothing."""
    mark = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{mark}said={notice}" if notice else path, 303)


def once(work: Work) -> Once:
    """A form comes once: what is done is then seen on the page it leads to."""
    return Once(work.session, work.state.vault, work.who.name, "", "", work.now)


def collect(page: Callable[[Ask], Page[Item]], most: int = 4 * MOST) -> list[Item]:
    """A list of the API, page after page, up to `most` rows."""
    found: list[Item] = []
    cursor: str | None = None
    for _ in count():
        got = page(Ask(cursor, MOST))
        found += got.items
        cursor = got.next
        if cursor is None or len(found) >= most:
            break
    return found


NOTICES: Mapping[str, str] = {
    "accepted": "Relevé accepté ; le prix est recalculé.",
    "rejected": "Relevé rejeté ; le prix est recalculé.",
    "corrected": "Relevé corrigé ; le prix est recalculé.",
    "bulk": "Relevés acceptés ; les prix sont recalculés.",
    "saved": "Enregistré.",
    "tested": "Essai envoyé.",
    "submitted": "Soumis.",
    "approved": "Approuvé.",
    "paused": "En pause.",
    "resumed": "Repris.",
    "cancelled": "Annulé.",
    "copied": "Copié : voici le nouveau brouillon.",
    "removed": "Supprimé.",
    "retried": "Nouvel essai lancé.",
    "stopped": "Plus aucun message ne partira vers ce numéro.",
    "agreed": "Accord inscrit au registre.",
}
"""What a page says after a change, by the word in its address."""


def said(request: Request) -> str:
    return NOTICES.get(request.query_params.get("said", ""), "")


def text(form: FormData, name: str) -> str:
    """A field of a form as text; empty when it is not there."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def texts(form: FormData, name: str) -> list[str]:
    """Every value of a field that may come several times, the empty ones left out."""
    return [each for each in form.getlist(name) if isinstance(each, str) and each]


def whole(form: FormData, name: str) -> int | None:
    """A number as people type it; None when it is not one."""
    digits = "".join(text(form, name).split())
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def letter(kind: type[BaseModel], values: Mapping[str, Any], request: Request) -> Any:
    """A letter of the API made from a form; its mistakes are a page."""
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
        raise invalid(found, request) from error


def invalid(errors: Any, request: Request) -> Problem:
    return Problem("invalid", errors=mistakes(list(errors), language_of(request)))


def problem_page(request: Request, problem: Problem) -> dict[str, Any]:
    """What is wrong, in the language of the page."""
    spoken = Request({**request.scope, "headers": _with_language(request)})
    body = body_of(problem, spoken)
    if language_of(request) == "fr":
        told = [{**each, "detail": _french(each)} for each in body.get("errors", ())]
        body |= {"errors": told, "hint": "" if told else body.get("hint", "")}
    return {"hint": "", "errors": [], **body}


def _french(error: Mapping[str, Any]) -> str:
    detail = str(error.get("detail", ""))
    return REFUSALS.get(str(error.get("code", "")), detail)


def _failed(request: Request, problem: Problem) -> Response:
    if problem.code == "unauthenticated":
        asked = request.url.path if request.method in SAFE else "/console"
        return RedirectResponse(f"{LOGIN}?next={quote(asked)}", 303)
    body = problem_page(request, problem)
    return room.page(
        request, "problem.html", body["status"], problem=body, back=_came_from(request)
    )


def _came_from(request: Request) -> str:
    """The page before this one, if it is ours."""
    came = request.headers.get("referer", "")
    host = f"//{request.headers.get('host', '')}/"
    return (came.partition(host)[2] and "/" + came.partition(host)[2]) or "/console"


def _with_language(request: Request) -> list[tuple[bytes, bytes]]:
    kept = [pair for pair in request.scope["headers"] if pair[0] != b"accept-language"]
    return [*kept, (b"accept-language", language_of(request).encode())]


def _as_read(request: Request) -> Request:
    """The same request as if it only looked: the token of a form is checked by the page."""
    return Request({**request.scope, "method": "GET"})
