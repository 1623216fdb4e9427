"""People at the console: a password once, then an opaque session kept here, not in the cookie.

Failed tries cost time, never the account: 2, 4, 8 ... seconds per name and network. Checking a
password takes 64 MB, so that at most two are checked at once, and few per network and minute.
"""

import hashlib
import hmac
import ipaddress
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import Session, col, select

from service.api.security import Identity
from service.people.store import key as row_id
from service.people.tables import LoginFailure, Staff, StaffSession

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
"""A session ends after half an hour without a request, and after a working day in any case."""
SEEN_EVERY = timedelta(minutes=1)
"""How often a session's last use is written down: not at every request."""
LONGEST_DELAY = 900
"""Seconds: nobody is locked out for ever by somebody else's guesses."""
NETWORK_TRIES = 10
NETWORK_WINDOW = timedelta(minutes=1)
"""Wrong passwords from one network in a minute, whatever the name."""
SHORTEST_PASSWORD = 10

_hasher = PasswordHash((Argon2Hasher(),))
_two_at_once = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: `token` goes into the cookie, `csrf` to the page."""

    token: str
    csrf: str
    staff: Staff


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: too many wrong passwords. Seconds."""

    seconds: int


def hashed(password: str) -> str:
    with _two_at_once:
        return _hasher.hash(password)


def delay(session: Session, name: str, address: str, now: datetime) -> Wait | None:
    """Whether this name, from this network, must wait before it may try again."""
    network = network_of(address)
    mine = session.get(LoginFailure, _key(name, network))
    if mine:
        free = mine.last_at + timedelta(seconds=min(2**mine.count, LONGEST_DELAY))
        if free > now:
            return Wait(_seconds(free - now))
    near = session.get(LoginFailure, _key("*", network))
    if near and near.count >= NETWORK_TRIES and now - near.last_at < NETWORK_WINDOW:
        return Wait(_seconds(near.last_at + NETWORK_WINDOW - now))
    return None


def check(session: Session, name: str, password: str) -> Staff | None:
    """The member of staff with this password; as slow for a name nobody has."""
    staff = session.exec(select(Staff).where(Staff.name == name)).first()
    known = staff.password if staff and staff.password and not staff.disabled_at else None
    with _two_at_once:
        right = _hasher.verify(password, known or _nobody())
    return staff if right and known else None


def failed(session: Session, name: str, address: str, now: datetime) -> None:
    """Count a wrong password against the name and against the network."""
    network = network_of(address)
    for who, window in ((name, LONGEST), ("*", NETWORK_WINDOW)):
        row = session.get(LoginFailure, _key(who, network), with_for_update=True)
        if row is None:
            row = LoginFailure(key=_key(who, network), count=0, last_at=now)
        stale = now - row.last_at > window
        row.count, row.last_at = (1 if stale else min(row.count + 1, 30)), now
        session.add(row)
    session.flush()


def open_session(session: Session, staff: Staff, address: str, now: datetime) -> Opened:
    """A session for somebody who gave the right password."""
    if row := session.get(LoginFailure, _key(staff.name, network_of(address))):
        session.delete(row)
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            token=_hash(token),
            staff_id=row_id(staff.id),
            csrf=csrf,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    session.flush()
    return Opened(token, csrf, staff)


def of_cookie(session: Session, token: str, now: datetime) -> tuple[Identity, bool] | None:
    """Whose session this is, and whether its use should be written down; None when it is over."""
    found = session.exec(
        select(StaffSession, Staff).where(
            StaffSession.token == _hash(token), Staff.id == StaffSession.staff_id
        )
    ).first()
    if found is None:
        return None
    row, staff = found
    if row.expires_at <= now or now - row.seen_at > IDLE or staff.disabled_at:
        return None
    who = Identity(staff.name, staff.role, (), staff.id, row.csrf, row.token)
    return who, now - row.seen_at > SEEN_EVERY


def seen(session: Session, token: bytes, now: datetime) -> None:
    if row := session.get(StaffSession, token):
        row.seen_at = now
        session.add(row)


def close(session: Session, token: bytes) -> None:
    if row := session.get(StaffSession, token):
        session.delete(row)


def close_all(session: Session, staff_id: int) -> None:
    """End every session of a person: a new password, or an account that is disabled."""
    for row in session.exec(select(StaffSession).where(col(StaffSession.staff_id) == staff_id)):
        session.delete(row)


def same_token(held: str | None, said: str | None) -> bool:
    return bool(held and said) and hmac.compare_digest(str(held), str(said))


def network_of(address: str) -> str:
    """The /24 (or /48) of an address: one office, or one neighbour of the same carrier."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:40]
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def _key(name: str, network: str) -> str:
    return f"{hashlib.sha256(name.encode()).hexdigest()[:32]}|{network}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _seconds(left: timedelta) -> int:
    return max(1, round(left.total_seconds()))


@lru_cache
def _nobody() -> str:
    """A hash that no password opens, to spend the same time on a name nobody has."""
    return _hasher.hash(secrets.token_urlsafe(16))
