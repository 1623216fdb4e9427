"""Who is asking: machines by API key, people by a session cookie, and what each role may do.

A key is `sugu_<handle>_<secret>`; the secret is kept as HMAC-SHA256 under the service's own key,
so that a stolen database opens nothing. Keys die when their owner is disabled, when revoked, and
after a year at most.
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlmodel import Session, col, select

from service.people.store import key as row_id
from service.people.tables import ROLES, ApiKey, Staff
from service.settings import Settings

HANDLE = 10
"""Characters that name a key in lists and logs."""
SECRET_BYTES = 32
BASE62 = string.digits + string.ascii_letters
LONGEST_LIFE = timedelta(days=365)
"""A key that nobody renews in a year belongs to nobody any more."""
DEMO_KEYS: Mapping[str, str] = MappingProxyType({f"demo-{role}": role for role in ROLES})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may use the API. `csrf` is set for people in a browser, whose cookie travels
    by itself; `scopes` narrow a key to resources (`reports`, `quotes:read`), none means all."""

    name: str
    role: str
    scopes: tuple[str, ...] = ()
    staff_id: int | None = None
    csrf: str | None = None
    token: bytes | None = None

    def may(self, role: str) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    def reaches(self, scope: str, *, safe: bool) -> bool:
        if not self.scopes:
            return True
        return scope in self.scopes or (safe and f"{scope}:read" in self.scopes)


def issue_key(
    session: Session,
    settings: Settings,
    name: str,
    role: str | None,
    now: datetime,
    *,
    scopes: Sequence[str] = (),
    days: int = LONGEST_LIFE.days,
) -> str:
    """A new key for a member of staff, who is added when the name is new; shown only once.

    Raises ValueError for an unknown role, a life above a year, or a role above its owner's.
    """
    owner = staff_named(session, name, role or "viewer", now)
    wanted = role or owner.role
    if wanted not in ROLES:
        raise ValueError(f"there is no role {wanted!r}: {', '.join(ROLES)}")
    if ROLES.index(wanted) > ROLES.index(owner.role):
        raise ValueError(f"{name} is {owner.role}: a key cannot be {wanted}")
    if not 0 < days <= LONGEST_LIFE.days:
        raise ValueError(f"a key lives 1 to {LONGEST_LIFE.days} days")
    handle = _random(HANDLE)
    secret = base62(secrets.token_bytes(SECRET_BYTES))
    session.add(
        ApiKey(
            handle=handle,
            digest=digests(settings, secret)[0],
            kept_under=mark_of(settings),
            staff_id=row_id(owner.id),
            role=wanted,
            scopes=list(scopes),
            expires_at=now + timedelta(days=days),
            created_at=now,
        )
    )
    session.flush()
    return f"sugu_{handle}_{secret}"


def staff_named(session: Session, name: str, role: str, now: datetime) -> Staff:
    """A member of staff by name, added with this role when unknown."""
    if known := session.exec(select(Staff).where(Staff.name == name)).first():
        return known
    if role not in ROLES:
        raise ValueError(f"there is no role {role!r}: {', '.join(ROLES)}")
    staff = Staff(name=name, role=role, created_at=now)
    session.add(staff)
    session.flush()
    return staff


def of_key(session: Session, settings: Settings, said: str, now: datetime) -> Identity | None:
    """Whose key this is; None when it opens nothing."""
    if settings.demo and said in DEMO_KEYS:
        return Identity(said, DEMO_KEYS[said])
    prefix, _, rest = said.partition("_")
    handle, _, secret = rest.partition("_")
    if prefix != "sugu" or not secret or len(said) > 100:
        return None
    found = session.exec(
        select(ApiKey, Staff).where(ApiKey.handle == handle, Staff.id == ApiKey.staff_id)
    ).first()
    if found is None:
        return None
    row, owner = found
    right = any(hmac.compare_digest(row.digest, each) for each in digests(settings, secret))
    if not right or row.revoked_at or row.expires_at <= now or owner.disabled_at:
        return None
    role = min(row.role, owner.role, key=ROLES.index)
    return Identity(owner.name, role, tuple(row.scopes), owner.id)


def mark_used(session: Session, settings: Settings, said: str, now: datetime) -> bool:
    """Note the day a key was last used, and keep its hash under today's secret key, so that an
    earlier one may be dropped; whether any of it was news."""
    _, handle, secret = said.split("_", 2) if said.count("_") >= 2 else ("", "", "")
    row = session.exec(select(ApiKey).where(ApiKey.handle == handle)).first()
    digest = digests(settings, secret)[0]
    if row is None or (row.last_used_on, row.digest) == (now.date(), digest):
        return False
    row.last_used_on, row.digest, row.kept_under = now.date(), digest, mark_of(settings)
    session.add(row)
    return True


def old_keys(session: Session, settings: Settings, now: datetime) -> list[ApiKey]:
    """Keys that still open and were last kept under an earlier secret key."""
    mark = mark_of(settings)
    living = select(ApiKey).where(ApiKey.expires_at > now, col(ApiKey.revoked_at).is_(None))
    return [row for row in session.exec(living) if row.kept_under != mark]


def mark_of(settings: Settings) -> str:
    """Tells one secret key from another without telling anything of it."""
    return _digest(settings.require_secret(), "which key is this?").hex()[:8]


def digests(settings: Settings, secret: str) -> list[bytes]:
    """The secret's keyed hash, under today's key first and then under earlier ones."""
    old = [each.get_secret_value() for each in settings.secret_keys_old]
    return [_digest(each, secret) for each in (settings.require_secret(), *old)]


def base62(raw: bytes) -> str:
    """Bytes as digits and letters: 32 bytes are at most 43 characters."""
    number, letters = int.from_bytes(raw), ""
    while number:
        number, digit = divmod(number, len(BASE62))
        letters = BASE62[digit] + letters
    return letters or "0"


def _digest(pepper: str, secret: str) -> bytes:
    key = hashlib.sha256(b"sugu/api-key/" + pepper.encode()).digest()
    return hmac.digest(key, secret.encode(), "sha256")


def _random(length: int) -> str:
    return "".join(secrets.choice(BASE62) for _ in range(length))
