"""Every failure leaves as `application/problem+json` (RFC 9457), never as a stack trace."""

import sqlite3
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.meters import NOT_STORED
from service.api.naming import Named
from service.api.problems import OF_STATUS, Problem, body_of, language_of
from service.sms.refused import Refused

PROBLEM_JSON = "application/problem+json"
NOT_FOUND = 404
TOO_LARGE = 413
RETRY_AFTER = {"Retry-After": "5"}
"""Seconds a caller should leave a busy database alone."""

log = structlog.get_logger("api")


class Answered(Exception):
    """The answer is already known: an unchanged resource, or a repeated Idempotency-Key."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered")
        self.response = response


def install(app: FastAPI) -> None:
    """Take over every way a request can fail."""
    app.add_middleware(_TooLarge)
    app.add_middleware(Named)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Answered, _answered)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(IntegrityError, _integrity)
    app.add_exception_handler(DataError, _data)
    app.add_exception_handler(SQLAlchemyError, _database)
    app.add_exception_handler(sqlite3.Error, _database)
    app.add_exception_handler(Exception, _broken)


def answer(problem: Problem, request: Request) -> Response:
    """The problem as a document for programs; as a page for somebody in a browser."""
    page = getattr(request.app.state, "problem_page", None)
    if page and _by_hand(request):
        shown: Response = page(request, problem)
        return shown
    body = body_of(problem, request)
    headers = {**problem.headers, "Content-Language": language_of(request)}
    return JSONResponse(body, body["status"], headers, media_type=PROBLEM_JSON)


def refused(why: Refused) -> Problem:
    """A refusal of the outbox or of a broadcast, as the API says it."""
    code = _REFUSED.get(why.code, "blocked")
    errors = [{"field": why.code, "code": why.code, "detail": why.detail, "fr": why.french}]
    return Problem(code, hint=why.detail, indice=why.french, errors=errors)


def unknown(field: str) -> Problem:
    """A field that names a product, market, village ... which does not exist."""
    return Problem("unknown_code", field=field, errors=[{"field": field, "code": "unknown_code"}])


def invalid(field: str, code: str, detail: str, french: str) -> Problem:
    """One field that is wrong, and why, in both languages."""
    found = {"field": field, "code": code, "detail": detail, "fr": french}
    return Problem("invalid", errors=[found])


_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "own": "own",
        "state": "wrong_state",
        "duplicate": "duplicate",
        **dict.fromkeys(
            ("audience", "body", "when", "name", "field", "freeze", "language"), "refused"
        ),
    }
)
"""Refusals that are the writer's to mend, or a matter of state; the others block the sending."""


async def _problem(request: Request, error: Exception) -> Response:
    error = cast(Problem, error)
    return answer(error, request)


async def _answered(_request: Request, error: Exception) -> Response:
    error = cast(Answered, error)
    return error.response


async def _http(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    if error.status_code == NOT_FOUND and _of_a_carrier(request):
        return PlainTextResponse("Not Found", NOT_FOUND)  # the same words whatever was wrong
    code = OF_STATUS.get(error.status_code)
    if code is None:
        return Response(status_code=error.status_code, headers=error.headers)
    return answer(Problem(code, headers=error.headers), request)


async def _validation(request: Request, error: Exception) -> Response:
    error = cast(RequestValidationError, error)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return answer(Problem("unreadable"), request)
    return answer(
        Problem("invalid", errors=mistakes(error.errors(), language_of(request))), request
    )


async def _integrity(request: Request, error: Exception) -> Response:
    """A rule of the database said no: two people at once, or something still in use."""
    if _of_a_carrier(request):
        return await _database(request, error)
    log.warning("integrity", path=_path(request), error=type(error).__name__)
    code = "in_use" if request.method == "DELETE" else "conflict"
    return answer(Problem(code), request)


async def _data(request: Request, error: Exception) -> Response:
    """A value no column can hold, such as a NUL in a search."""
    if _of_a_carrier(request):
        return await _database(request, error)
    return answer(Problem("invalid"), request)


async def _database(request: Request, error: Exception) -> Response:
    """What cannot be kept is said to be kept later: a carrier, too, tries again."""
    log.error("database", path=_path(request), error=type(error).__name__)
    NOT_STORED.inc()
    return answer(Problem("busy", headers=RETRY_AFTER), request)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("broken", path=_path(request), exc_info=error)
    return answer(Problem("broken"), request)


def _by_hand(request: Request) -> bool:
    """Somebody followed a link, or typed an address: browsers say so, programs do not."""
    wanted = request.headers.get("accept", "")
    return request.method == "GET" and wanted.startswith("text/html") and not _of_a_carrier(request)


def _of_a_carrier(request: Request) -> bool:
    """A carrier is never told that it is wrong: it would try again for ever, or never."""
    return request.url.path.startswith("/hooks/")


def _path(request: Request) -> str:
    """The path as it may be logged: a hook's holds a secret."""
    return "/hooks" if _of_a_carrier(request) else request.url.path


class _TooLarge:
    """The framework cuts off a large body in its own words; this says it in ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cut = False

        async def said(message: Message) -> None:
            nonlocal cut
            if message["type"] == "http.response.start" and message["status"] == TOO_LARGE:
                cut = not _is_problem(message)
                if cut:
                    problem = answer(Problem("too_large"), Request(scope))
                    await problem(scope, receive, send)
            if not cut:
                await send(message)

        await self._app(scope, receive, said)


def _is_problem(start: Message) -> bool:
    return (b"content-type", PROBLEM_JSON.encode()) in start["headers"]


# --- what is wrong with a form --------------------------------------------------------------------


def mistakes(found: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Pydantic's errors as `{"field", "in", "code", "detail"}`; never what was sent."""
    return [_mistake(each, lang) for each in found]


def _mistake(error: Mapping[str, Any], lang: str) -> dict[str, Any]:
    where, *path = [str(part) for part in error["loc"]] or [""]
    field = ".".join(path) or where
    context = error.get("ctx", {})
    text = _FRENCH.get(_type(error)) if lang == "fr" else None
    detail = (
        text.format(**context).replace("' or '", "' ou '")
        if text
        else str(error["msg"]).removeprefix("Value error, ")
    )
    return {"field": field, "in": where, "code": error["type"], "detail": detail}


def _type(error: Mapping[str, Any]) -> str:
    """Pydantic counts the signs of a secret as it counts items."""
    secret = error.get("ctx", {}).get("field_type") == "Value"
    return str(error["type"]).replace("too_", "string_too_") if secret else str(error["type"])


_FRENCH: Mapping[str, str] = MappingProxyType(
    {
        "missing": "Ce champ est obligatoire.",
        "extra_forbidden": "Ce champ n'existe pas.",
        "string_type": "Un texte est attendu.",
        "string_too_short": "Au moins {min_length} caractères.",
        "string_too_long": "Au plus {max_length} caractères.",
        "string_pattern_mismatch": "La forme de ce texte n'est pas la bonne.",
        "int_type": "Un nombre entier est attendu.",
        "int_parsing": "Un nombre entier est attendu.",
        "int_from_float": "Un nombre entier est attendu.",
        "float_type": "Un nombre est attendu.",
        "float_parsing": "Un nombre est attendu.",
        "bool_type": "Vrai ou faux est attendu.",
        "bool_parsing": "Vrai ou faux est attendu.",
        "greater_than": "Doit être plus grand que {gt}.",
        "greater_than_equal": "Doit être au moins {ge}.",
        "less_than": "Doit être plus petit que {lt}.",
        "less_than_equal": "Doit être au plus {le}.",
        "literal_error": "Une de ces valeurs : {expected}.",
        "enum": "Une de ces valeurs : {expected}.",
        "date_type": "Une date AAAA-MM-JJ est attendue.",
        "date_parsing": "Une date AAAA-MM-JJ est attendue.",
        "date_from_datetime_parsing": "Une date AAAA-MM-JJ est attendue.",
        "datetime_parsing": "Une date et une heure sont attendues.",
        "datetime_from_date_parsing": "Une date et une heure sont attendues.",
        "dict_type": "Un objet est attendu.",
        "model_type": "Un objet est attendu.",
        "model_attributes_type": "Un objet JSON est attendu (Content-Type: application/json).",
        "list_type": "Une liste est attendue.",
        "too_long": "Au plus {max_length} éléments.",
        "too_short": "Au moins {min_length} éléments.",
        "phone": "Ce n'est pas un numéro de téléphone.",
        "kilos": "Une masse a des kilos, et rien d'autre n'en a.",
        "french_missing": "Il faut un nom en français.",
        "control_character": "Le texte contient des caractères de commande.",
        "finite_number": "Un nombre fini est attendu.",
        "int_parsing_size": "Ce nombre est trop grand.",
        "datetime_type": "Une date et une heure sont attendues.",
        "date_from_datetime_inexact": "Une date AAAA-MM-JJ est attendue.",
    }
)
"""French for pydantic's error types; a type that is not here keeps pydantic's own sentence."""
