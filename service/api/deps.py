"""What a route asks for: who is asking, one transaction, the time, and the parts of the house.

A route names its role in its signature (`work: Operator`); `policies.undeclared` finds the
routes that name none.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlmodel import Session, SQLModel

from service import audit
from service.api import logins, security
from service.api.errors import Answered
from service.api.problems import Problem, language_of
from service.api.security import SAFE, Identity
from service.api.state import Sugu
from service.api.tables import Replay
from service.db import reading, writing
from service.phone import Phone, Vault

COOKIE = "sugu_session"
SECURE_COOKIE = "__Host-sugu_session"
"""The prefix makes browsers refuse the cookie without HTTPS, from a subdomain or with a path."""
LONGEST_KEY = 120
"""Characters of an Idempotency-Key: the width of its column."""

Row = TypeVar("Row", bound=SQLModel)
Letter = TypeVar("Letter", bound=BaseModel)


def state_of(request: Request) -> Sugu:
    state: Sugu = request.app.state.sugu
    return state


State = Annotated[Sugu, Depends(state_of)]


def session_of(request: Request, state: State) -> Iterator[Session]:
    """One transaction for the whole request; what changes is committed before the answer leaves,
    and this process answers from the new book at once."""
    if request.method in SAFE:
        with state.replica.reading(request.url.path) as session:
            yield session
        return
    with writing(state.engine) as session:
        yield session
    state.replica.wrote()
    state.refresh()
    dial: Any = getattr(request.app.state, "dial", None)
    for phone in session.info.get("forget", ()) if dial else ():
        dial.forget(phone)


SessionDep = Annotated[Session, Depends(session_of, scope="function")]


# --- who is asking --------------------------------------------------------------------------------


class Require:
    """The policy of a route: the least role, and for a key with scopes the route's resource."""

    def __init__(self, role: str) -> None:
        self.role = role

    def __call__(self, request: Request, state: State) -> Identity:
        who = identify(request, state)
        if not who.may(self.role):
            raise Problem("role_too_low", role=self.role)
        scope = resource_of(request)
        if not who.reaches(scope, safe=request.method in SAFE):
            raise Problem("out_of_scope", scope=scope)
        return who


def public() -> None:
    """The policy of a route that anybody may ask."""


def identify(request: Request, state: Sugu) -> Identity:
    """The key or the session of a request; a browser's must also prove it meant to ask."""
    now = state.clock()
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        who = _by_key(state, said.strip(), now)
    else:
        who = _by_cookie(state, cookie_of(request), now)
    if who is None:
        raise Problem("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
    if who.csrf and request.method not in SAFE:
        same_site(request)
        if not logins.same_token(who.csrf, request.headers.get("x-csrf-token")):
            raise Problem("csrf")
    return who


def same_site(request: Request) -> None:
    """A browser says where a request comes from; another site's is refused."""
    origin = request.headers.get("origin")
    if origin and origin.partition("://")[2] != request.headers.get("host"):
        raise Problem("foreign_origin")


def cookie_of(request: Request) -> str:
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE, "")


def resource_of(request: Request) -> str:
    """The first tag of the route: what a key's scopes name."""
    tags = getattr(request.scope.get("route"), "tags", None)
    return str(tags[0]) if tags else ""


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _by_key(state: Sugu, said: str, now: datetime) -> Identity | None:
    with reading(state.engine) as session:
        who = security.of_key(session, state.settings, said, now)
        used = who is not None and who.staff_id is not None
        if not used or not security.mark_used(session, state.settings, said, now):
            return who
    with writing(state.engine) as session:  # once a day and key
        security.mark_used(session, state.settings, said, now)
    return who


def _by_cookie(state: Sugu, token: str, now: datetime) -> Identity | None:
    if not token:
        return None
    with reading(state.engine) as session:
        found = logins.of_cookie(session, token, now)
    if found is None:
        return None
    who, stale = found
    if stale and who.token:
        with writing(state.engine) as session:
            logins.seen(session, who.token, now)
    return who


# --- one request's work ---------------------------------------------------------------------------


@dataclass
class Work:
    """One request by one person: the transaction it works in, and what it leaves behind."""

    who: Identity
    session: Session
    state: Sugu
    now: datetime
    request: Request
    response: Response

    @property
    def lang(self) -> str:
        """The language its problems and remarks are told in: `fr` or `en`."""
        return language_of(self.request)

    @property
    def today(self) -> date:
        """The local day."""
        return self.state.limits.today(self.now)

    def span(self, first: date, last: date) -> tuple[datetime, datetime]:
        """Local days, both included, as instants: from the first up to the end of the last."""
        zone = self.state.limits.zone
        start = datetime.combine(first, time(0), zone)
        return start, datetime.combine(last, time(0), zone) + timedelta(days=1)

    def one(self, table: type[Row], key: Any) -> Row:
        """A row by its key, or the problem `not_found`."""
        row = self.session.get(table, key)
        if row is None:
            raise Problem("not_found")
        return row

    def record(
        self,
        action: str,
        subject: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """One line of the audit trail, in the transaction of the change itself."""
        audit.record(
            self.session,
            self.now,
            self.who.name,
            action,
            subject,
            before=before,
            after=after,
            address=address_of(self.request),
        )

    def phone(self, sealed: bytes) -> str:
        """A stored number: whole for those who work with people, masked for those who look.
        Nothing for one that was erased."""
        if not sealed:
            return ""
        phone = self.state.vault.open(sealed)
        return phone.e164 if self.who.may("operator") else str(phone)

    def forget(self, phone: Phone) -> None:
        """After the commit, read this caller again at the next dial."""
        self.session.info.setdefault("forget", []).append(phone)

    def tag(self, version: int) -> None:
        """Name the version of the one resource being answered; 304 when it is already known."""
        etag = f'"{version}"'
        self.response.headers["ETag"] = etag
        if self.request.method in SAFE and etag in _etags(self.request, "if-none-match"):
            raise Answered(Response(status_code=304, headers={"ETag": etag}))

    def expect(self, version: int) -> None:
        """Two people at one form: the second is told, when it says which version it read."""
        wanted = _etags(self.request, "if-match")
        if wanted and "*" not in wanted and f'"{version}"' not in wanted:
            raise Problem("version_moved", headers={"ETag": f'"{version}"'})


def _etags(request: Request, header: str) -> list[str]:
    said = request.headers.get(header, "")
    return [each.strip().removeprefix("W/") for each in said.split(",") if each.strip()]


def _work(role: str) -> Any:
    guard = Require(role)

    def work(
        who: Annotated[Identity, Depends(guard)],
        session: SessionDep,
        state: State,
        request: Request,
        response: Response,
    ) -> Work:
        return Work(who, session, state, state.clock(), request, response)

    return Depends(work, scope="function")


Viewer = Annotated[Work, _work("viewer")]
Operator = Annotated[Work, _work("operator")]
Approver = Annotated[Work, _work("approver")]
Admin = Annotated[Work, _work("admin")]


def require(role: str) -> Any:
    """The policy alone, for a route that opens its own sessions (streams)."""
    return Depends(Require(role))


# --- once -----------------------------------------------------------------------------------------


class Once:
    """A request that must not happen twice: its answer is kept with its effect."""

    def __init__(
        self, session: Session, vault: Vault, actor: str, key: str, digest: str, now: datetime
    ) -> None:
        self._session, self._vault, self._actor, self._key = session, vault, actor, key
        self._digest, self._now = digest, now

    def keep(self, letter: Letter, status: int = 200) -> Letter:
        """Remember the answer under the key, if one was given."""
        if self._key:
            self._session.add(
                Replay(
                    actor=self._actor,
                    key=self._key,
                    digest=self._digest,
                    status=status,
                    sealed=self._vault.seal_bytes(letter.model_dump_json(by_alias=True).encode()),
                    at=self._now,
                )
            )
            self._session.flush()
        return letter


async def _digest_of(request: Request) -> str:
    body = await request.body()
    return hashlib.sha256(b"\n".join((request.url.path.encode(), body))).hexdigest()


def once_of(
    request: Request,
    state: State,
    session: SessionDep,
    digest: Annotated[str, Depends(_digest_of)],
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            max_length=LONGEST_KEY,
            description="A word of your own: the same request again gets the same answer.",
        ),
    ] = "",
) -> Once:
    """Answer a repeated request as the first time; the same key for another is refused."""
    actor = identify(request, state).name if key else ""
    if kept := session.get(Replay, (actor, key)) if key else None:
        if kept.digest != digest:
            raise Problem("other_body")
        headers = {"Idempotency-Replayed": "true"}
        body = state.vault.open_bytes(kept.sealed)
        raise Answered(Response(body, kept.status, headers, media_type="application/json"))
    return Once(session, state.vault, actor, key, digest, state.clock())


OnceDep = Annotated[Once, Depends(once_of, scope="function")]
