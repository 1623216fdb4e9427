"""Rows of the people served and of the staff. Phone numbers live in `contact` and nowhere else."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

ROLES = ("viewer", "operator", "approver", "admin")
"""From least to most; each may do all that those before it may."""


class Contact(SQLModel, table=True):
    """A phone number: sealed, findable by keyed hash, with its opt-out and first operator."""

    __tablename__ = "contact"

    id: int | None = Field(default=None, primary_key=True)
    lookup: bytes = Field(unique=True)
    sealed: bytes
    prefix: str = Field(default="", max_length=4)
    stopped_at: datetime | None = None
    created_at: datetime


class Village(SQLModel, table=True):
    __tablename__ = "village"

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=80)
    commune: str = Field(max_length=80)
    cercle: str = Field(default="", max_length=80)
    region: str = Field(default="", max_length=80)
    market: str | None = Field(default=None, max_length=20)
    households: int | None = None
    ussd_key: int | None = Field(default=None, unique=True)
    demo: bool = False
    source: str = ""
    version: int = 1


class Cooperative(SQLModel, table=True):
    __tablename__ = "cooperative"

    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=80)
    village: str | None = Field(default=None, foreign_key="village.code", max_length=40)
    demo: bool = False
    version: int = 1


class Reporter(SQLModel, table=True):
    """A cooperative member who texts prices. `habits` keeps usual form, unit and money count,
    `number_since` when the phone was changed."""

    __tablename__ = "reporter"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", unique=True)
    name: str = Field(max_length=80)
    cooperative: str | None = Field(default=None, foreign_key="cooperative.code", max_length=40)
    market: str | None = Field(default=None, max_length=20, index=True)
    language: str = Field(default="fr", max_length=5)
    sex: str | None = Field(default=None, max_length=1)
    active: bool = True
    number_since: datetime | None = None
    trust: float = 1.0
    bias: float | None = None
    noise: float | None = None
    habits: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime
    demo: bool = False
    version: int = 1

    __table_args__ = (
        CheckConstraint("trust >= 0.5 AND trust <= 1", name="trust_range"),
        CheckConstraint("sex IN ('f', 'm')", name="sex_known"),
    )


class Subscriber(SQLModel, table=True):
    """A farmer's phone. `consented` mirrors the newest line of the consent ledger."""

    __tablename__ = "subscriber"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", unique=True)
    name: str | None = Field(default=None, max_length=80)
    language: str | None = Field(default=None, max_length=5)
    village: str | None = Field(default=None, foreign_key="village.code", max_length=40, index=True)
    cooperative: str | None = Field(default=None, foreign_key="cooperative.code", max_length=40)
    sex: str | None = Field(default=None, max_length=1)
    role: str = Field(default="farmer", max_length=10)
    consented: bool = False
    product: str | None = Field(default=None, max_length=20)
    market: str | None = Field(default=None, max_length=20)
    kilos: int | None = None
    created_at: datetime
    demo: bool = False
    version: int = 1

    __table_args__ = (
        CheckConstraint("sex IN ('f', 'm')", name="sex_known"),
        CheckConstraint("role IN ('farmer', 'relay', 'staff')", name="role_known"),
        CheckConstraint("kilos > 0", name="kilos_positive"),
    )


class Consent(SQLModel, table=True):
    """The ledger: who agreed or withdrew, how, on what proof. Never updated."""

    __tablename__ = "consent"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    given: bool
    how: str = Field(max_length=20)
    ref: str = Field(default="", max_length=80)
    actor: str = Field(default="", max_length=80)
    wording: str = Field(default="", max_length=20)
    at: datetime


class Alert(SQLModel, table=True):
    """What a farmer asked to be told: each fair of a market, or a price reaching `at_least`."""

    __tablename__ = "alert"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id")
    product: str = Field(max_length=20)
    market: str = Field(max_length=20)
    at_least: int | None = None
    expires_on: date | None = None
    last_sent_on: date | None = None
    created_at: datetime

    __table_args__ = (
        UniqueConstraint("contact_id", "product", "market"),
        CheckConstraint("at_least > 0", name="at_least_positive"),
    )


class Staff(SQLModel, table=True):
    __tablename__ = "staff"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, max_length=80)
    role: str = Field(max_length=10)
    password: str | None = None
    language: str = Field(default="fr", max_length=5)
    disabled_at: datetime | None = None
    created_at: datetime
    version: int = 1

    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'operator', 'approver', 'admin')", name="role_known"),
    )


class ApiKey(SQLModel, table=True):
    """A machine's key: `sugu_<handle>_<secret>`; only a keyed hash of the secret is kept,
    `kept_under` tells under which secret key."""

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    handle: str = Field(unique=True, max_length=20)
    digest: bytes
    kept_under: str = Field(default="", max_length=8)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    role: str = Field(max_length=10)
    scopes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    expires_at: datetime
    last_used_on: date | None = None
    revoked_at: datetime | None = None
    created_at: datetime

    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'operator', 'approver', 'admin')", name="role_known"),
    )


class StaffSession(SQLModel, table=True):
    """A person's console session; the cookie holds the token, the row only its hash."""

    __tablename__ = "staff_session"

    token: bytes = Field(primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    csrf: str = Field(max_length=64)
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class LoginFailure(SQLModel, table=True):
    """Failed logins by account and network, for a growing delay without lock-out."""

    __tablename__ = "login_failure"

    key: str = Field(primary_key=True, max_length=120)
    count: int = 0
    last_at: datetime


class Seeded(SQLModel, table=True):
    """A fact that a seed has planted once: what staff remove or change since is theirs."""

    __tablename__ = "seeded"

    kind: str = Field(primary_key=True, max_length=20)
    key: str = Field(primary_key=True, max_length=120)


class CallBack(SQLModel, table=True):
    """A report checked by asking again, by phone or by a second reporter: `value` is what the
    check found, F for what `report.basis` counts."""

    __tablename__ = "call_back"

    report_id: int = Field(primary_key=True, foreign_key="report.id")
    value: float
    note: str = Field(default="", max_length=200)
    actor: str = Field(default="", max_length=80)
    at: datetime

    __table_args__ = (CheckConstraint("value > 0", name="value_positive"),)
