"""Sessions: how a person enters the console. The cookie is opaque; the session lives here."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, SecretStr

from service import audit
from service.api import deps, logins
from service.api.deps import State, Viewer, Work, address_of, public, same_site
from service.api.letters import Answer, Letter, Name
from service.api.problems import Problem
from service.api.security import DEMO_KEYS, staff_named
from service.api.state import Sugu
from service.db import reading, writing
from service.people.tables import Staff

router = APIRouter(prefix="/session", tags=["session"])


class LoginForm(Letter):
    name: Annotated[Name, Field(examples=["fatou"])]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class PasswordForm(Letter):
    old: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    new: Annotated[SecretStr, Field(min_length=logins.SHORTEST_PASSWORD, max_length=200)]


class Me(Answer):
    """`csrf` goes into the header X-CSRF-Token of every request that changes something."""

    name: str
    role: str
    language: str
    csrf: str | None


@router.post("", status_code=201, dependencies=[Depends(public)])
def log_in(form: LoginForm, state: State, request: Request, response: Response) -> Me:
    """Open a session: half an hour without a request ends it, twelve hours in any case."""
    same_site(request)
    now, address = state.clock(), address_of(request)
    opened = enter(state, form.name, form.password.get_secret_value(), address, now)
    set_cookie(response, state, opened.token)
    return Me(
        name=opened.staff.name,
        role=opened.staff.role,
        language=opened.staff.language,
        csrf=opened.csrf,
    )


@router.get("")
def read_session(work: Viewer) -> Me:
    """Who am I?"""
    language = "fr"
    if work.who.staff_id:
        language = work.session.get_one(Staff, work.who.staff_id).language
    return Me(name=work.who.name, role=work.who.role, language=language, csrf=work.who.csrf)


@router.put("/password", status_code=204)
def change_password(work: Viewer, form: PasswordForm) -> None:
    """A new password for oneself; every session ends, this one too."""
    staff = _myself(work, form.old.get_secret_value())
    staff.password = logins.hashed(form.new.get_secret_value())
    staff.version += 1
    work.session.add(staff)
    logins.close_all(work.session, work.who.staff_id or 0)
    work.record("staff.password", f"staff:{staff.id}")


@router.delete("", status_code=204)
def log_out(work: Viewer, response: Response) -> None:
    if work.who.token:
        logins.close(work.session, work.who.token)
        work.record("session.close", f"staff:{work.who.staff_id}")
    for name in (deps.COOKIE, deps.SECURE_COOKIE):
        response.delete_cookie(name, path="/", secure=name == deps.SECURE_COOKIE)


def enter(state: Sugu, name: str, password: str, address: str, now: datetime) -> logins.Opened:
    """A session for the right name and password; a problem and a delay for any other.

    The password is checked outside any transaction: it takes a tenth of a second.
    """
    if state.settings.demo and password == name and name in DEMO_KEYS:
        _demo_staff(state, name, now)
    with reading(state.engine) as session:
        if wait := logins.delay(session, name, address, now):
            headers = {"Retry-After": str(wait.seconds)}
            raise Problem("too_many_logins", seconds=wait.seconds, headers=headers)
        staff = logins.check(session, name, password)
    if staff is None:
        with writing(state.engine) as session:
            logins.failed(session, name, address, now)
        raise Problem("wrong_password")
    with writing(state.engine) as session:
        audit.record(session, now, name, "session.open", f"staff:{staff.id}", address=address)
        return logins.open_session(session, staff, address, now)


def _demo_staff(state: Sugu, name: str, now: datetime) -> None:
    """The demo's four members of staff come into being when they first log in: their name is
    their password, as their name is their key."""
    with writing(state.engine) as session:
        staff = staff_named(session, name, DEMO_KEYS[name], now)
        if staff.password is None:
            staff.password = logins.hashed(name)
            session.add(staff)


def set_cookie(response: Response, state: Sugu, token: str) -> None:
    secure = state.settings.public_url.startswith("https://")
    response.set_cookie(
        deps.SECURE_COOKIE if secure else deps.COOKIE,
        token,
        max_age=int(logins.LONGEST.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def _myself(work: Work, password: str) -> Staff:
    staff = work.session.get(Staff, work.who.staff_id) if work.who.staff_id else None
    if staff is None or logins.check(work.session, staff.name, password) is None:
        raise Problem("wrong_password")
    return staff
