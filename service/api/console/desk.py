"""What every page of the console stands on: who is reading, the form sent, the page shown.

Pages call the functions behind the API with the same `Work`, so that the two can never say
different things. A form carries the session's token, since no script sets a header for it.
"""

from collections.abc import Callable, Coroutine, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from starlette.datastructures import FormData

from service.api import logins
from service.api.console.english import ENGLISH
from service.api.console.voice import Voice
from service.api.deps import (
    Once,
    Require,
    SessionDep,
    State,
    Work,
    cookie_of,
    identify,
    same_site,
)
from service.api.errors import Answered, mistakes
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
log = structlog.get_logger("console")

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
                return failed(request, problem)
            except RequestValidationError as error:
                return failed(request, invalid(error.errors(), request))
            except IntegrityError:
                return failed(request, Problem("conflict"))
            except DataError:
                return failed(request, Problem("invalid"))
            except SQLAlchemyError:
                return failed(request, Problem("busy"))
            except HTTPException:
                return failed(request, Problem("not_found"))
            except Answered:
                raise
            except Exception:  # whoever reads a page is told in a page
                log.exception("broken", path=request.url.path)
                return failed(request, Problem("broken"))

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
        return Work(who, session, state, state.clock(), _as_a_machine(request, form), response)

    return Depends(work, scope="function")


Reader = Annotated[Work, _work("viewer")]
Clerk = Annotated[Work, _work("operator")]
Second = Annotated[Work, _work("approver")]
Chief = Annotated[Work, _work("admin")]


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
        leads_out=work.state.settings.leads_out,
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


def attempt(work: Work, act: Callable[[], object]) -> dict[str, Any] | None:
    """Do what a form asks; or what is wrong with it, and nothing of it is kept."""
    try:
        with work.session.begin_nested():
            act()
    except Problem as problem:
        return problem_page(work.request, problem)
    except IntegrityError:
        return problem_page(work.request, Problem("conflict"))
    return None


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
    "taught": "Appris : compris dès le prochain message.",
    "dismissed": "Écarté.",
    "revoked": "Clé révoquée.",
    "erased": "Effacé pour toujours.",
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
    told = [{"detail": body["detail"], **each} for each in body.get("errors", ())]
    plain = PLAIN.get(problem.code)
    detail = room.tongue(request)(plain) if plain else body["detail"]
    return {**body, "errors": told, "hint": "" if told else body.get("hint", ""), "detail": detail}


PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "csrf": "Page ouverte depuis trop longtemps : rien n'a été changé, rechargez-la.",
        "invalid": "Il manque quelque chose, ou ce n'est pas juste.",
        "unknown_code": "Un nom choisi n'existe pas, ou n'existe plus.",
        "confirmation_needed": "Écrivez d'abord combien pourraient recevoir un second message.",
        "role_too_low": "Votre rôle ne permet pas cela.",
    }
)
"""Problems that pages say in other words: those of the catalogue speak to programs."""


def failed(request: Request, problem: Problem) -> Response:
    """What went wrong, as a page; the way in when nobody is known."""
    if problem.code == "unauthenticated":
        return _to_the_door(request)
    body = problem_page(request, problem)
    return room.page(
        request, "problem.html", body["status"], problem=body, back=_came_from(request)
    )


def _to_the_door(request: Request) -> Response:
    """The login page, which says so when a session is over, and leads back here."""
    looked = request.method in SAFE
    asked = f"{request.url.path}?{request.url.query}".rstrip("?") if looked else "/console"
    over = "" if not cookie_of(request) else "&over=read" if looked else "&over=lost"
    return RedirectResponse(f"{LOGIN}?next={quote(asked)}{over}", 303)


def _came_from(request: Request) -> str:
    """The page before this one, if it is ours."""
    came = request.headers.get("referer", "")
    host = f"//{request.headers.get('host', '')}/"
    return (came.partition(host)[2] and "/" + came.partition(host)[2]) or "/console"


def _with_language(request: Request) -> list[tuple[bytes, bytes]]:
    kept = [pair for pair in request.scope["headers"] if pair[0] != b"accept-language"]
    return [*kept, (b"accept-language", language_of(request).encode())]


def _as_a_machine(request: Request, form: FormData) -> Request:
    """The request as the API reads it: the language of the page, and the version that a form
    was made from as If-Match."""
    headers = _with_language(request)
    if version := whole(form, "version"):
        headers.append((b"if-match", f'"{version}"'.encode()))
    return Request({**request.scope, "headers": headers})


def _as_read(request: Request) -> Request:
    """The same request as if it only looked: the token of a form is checked by the page."""
    return Request({**request.scope, "method": "GET"})
