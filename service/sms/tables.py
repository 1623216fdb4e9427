"""Rows of messages: what came in, what goes out, and what became of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

DELIVERY_STATES = (
    "queued", "sending", "unknown", "accepted", "sent", "failed", "rejected", "delivered",
    "expired", "suppressed", "cancelled",
)  # fmt: skip
IS_DELIVERY_STATE = " OR ".join(f"state = '{state}'" for state in DELIVERY_STATES)
"""Written out and in this order: SQLite checks `IN (...)` three times slower, and a run makes a
row for everybody."""
IS_STUCK = text("state = 'stuck'")
BROADCAST_STATES = "('draft', 'pending', 'scheduled', 'running', 'paused', 'finished', 'cancelled')"
RUN_STATES = "('running', 'paused', 'finished', 'cancelled', 'missed', 'skipped')"


class Inbox(SQLModel, table=True):
    """One incoming SMS, stored before anything is thought about it. Unique for ever by `key`."""

    __tablename__ = "inbox"

    id: int | None = Field(default=None, primary_key=True)
    gateway: str = Field(max_length=20)
    key: str = Field(max_length=120)
    content: bytes
    contact_id: int | None = Field(default=None, foreign_key="contact.id", index=True)
    sender: str = Field(default="", max_length=20)
    to: str = Field(default="", max_length=20)
    text: str = ""
    sent_at: datetime | None = None
    received_at: datetime
    state: str = Field(max_length=10)
    outcome: str = Field(default="", max_length=40)

    __table_args__ = (
        UniqueConstraint("gateway", "key"),
        CheckConstraint(
            "state IN ('handled', 'ignored', 'stuck', 'collision')", name="state_known"
        ),
        Index("ix_inbox_received_at", "received_at"),
        Index("ix_inbox_stuck", "id", sqlite_where=IS_STUCK, postgresql_where=IS_STUCK),
    )


class MessageText(SQLModel, table=True):
    """A body as it goes on the wire, shared by all who receive the same words."""

    __tablename__ = "message_text"

    id: int | None = Field(default=None, primary_key=True)
    body: str
    language: str = Field(default="fr", max_length=5)
    septets: int
    segments: int
    encoding: str = Field(max_length=5)


class Delivery(SQLModel, table=True):
    """One message to one phone: the outbox. `rank` orders `state`; it only climbs.

    Rows of a run are found by (run, state): the claim, the counts and the lists all read that
    one index, and a paused run is never looked at. `inbox_id` is unique: one answer a message.
    """

    __tablename__ = "delivery"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int | None = Field(default=None, foreign_key="run.id")
    contact_id: int = Field(foreign_key="contact.id")
    text_id: int = Field(foreign_key="message_text.id")
    kind: str = Field(max_length=10)
    priority: int = 5
    state: str = Field(default="queued", max_length=10)
    rank: int = 0
    reason: str | None = Field(default=None, max_length=60)
    segments: int = 1
    not_before: datetime
    not_after: datetime
    gateway: str | None = Field(default=None, max_length=20)
    provider_id: str | None = Field(default=None, max_length=80)
    attempts: int = 0
    owner: str | None = Field(default=None, max_length=60)
    lease_until: datetime | None = None
    fence: int = 0
    cost: float | None = None
    currency: str | None = Field(default=None, max_length=3)
    inbox_id: int | None = None
    created_at: datetime
    sending_at: datetime | None = None
    accepted_at: datetime | None = None
    final_at: datetime | None = None

    __table_args__ = (
        CheckConstraint(IS_DELIVERY_STATE, name="state_known"),
        UniqueConstraint("run_id", "contact_id"),
        Index("ix_delivery_run_state", "run_id", "state", "id"),
        Index("ix_delivery_spent", "created_at", "state", "segments", "cost"),
        Index(
            "ix_delivery_single",
            "priority",
            "not_before",
            "id",
            sqlite_where=text("state = 'queued' AND run_id IS NULL"),
            postgresql_where=text("state = 'queued' AND run_id IS NULL"),
        ),
        Index(
            "ix_delivery_leased",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index(
            "ix_delivery_unknown",
            "not_after",
            sqlite_where=text("state = 'unknown' AND final_at IS NULL"),
            postgresql_where=text("state = 'unknown' AND final_at IS NULL"),
        ),
        Index(
            "ux_delivery_provider",
            "gateway",
            "provider_id",
            unique=True,
            sqlite_where=text("provider_id IS NOT NULL"),
            postgresql_where=text("provider_id IS NOT NULL"),
        ),
        Index(
            "ix_delivery_contact",
            "contact_id",
            sqlite_where=text("run_id IS NULL"),
            postgresql_where=text("run_id IS NULL"),
        ),
        Index(
            "ux_delivery_answer",
            "inbox_id",
            unique=True,
            sqlite_where=text("inbox_id IS NOT NULL"),
            postgresql_where=text("inbox_id IS NOT NULL"),
        ),
    )


class DeliveryEvent(SQLModel, table=True):
    """Every report a gateway sent, kept raw. Without a delivery it waits as an orphan."""

    __tablename__ = "delivery_event"

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    gateway: str = Field(max_length=20)
    provider_id: str | None = Field(default=None, max_length=80)
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    state: str = Field(max_length=12)
    word: str = Field(default="", max_length=60)
    reason: str = Field(default="", max_length=80)
    guessed: bool = False
    at: datetime

    __table_args__ = (
        Index(
            "ix_delivery_event_orphan",
            "gateway",
            "provider_id",
            sqlite_where=text("delivery_id IS NULL"),
            postgresql_where=text("delivery_id IS NULL"),
        ),
        Index(
            "ix_delivery_event_waiting",
            "contact_id",
            sqlite_where=text("delivery_id IS NULL"),
            postgresql_where=text("delivery_id IS NULL"),
        ),
    )


class Broadcast(SQLModel, table=True):
    """A plan: words per language, audience, rule. History is never rewritten: runs are."""

    __tablename__ = "broadcast"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=120)
    body: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    audience: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    rule: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    freeze: str = Field(default="send", max_length=10)
    frozen: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    state: str = Field(default="draft", max_length=10)
    needs_fresh: bool = True
    next_due: datetime | None = Field(default=None, index=True)
    created_by: str = Field(max_length=80)
    created_at: datetime
    submitted_by: str | None = Field(default=None, max_length=80)
    approved_by: str | None = Field(default=None, max_length=80)
    approved_at: datetime | None = None
    version: int = 1

    __table_args__ = (
        CheckConstraint(f"state IN {BROADCAST_STATES}", name="state_known"),
        CheckConstraint("\"freeze\" IN ('approval', 'send')", name="freeze_known"),
    )


class Run(SQLModel, table=True):
    """One due slot of a broadcast. The unique slot is what lets any number of clocks tick.

    A retry, a resending and a correction are runs of their own, beside the one they follow
    (`parent_id`): what happened once is never rewritten. `subject` tells two of them apart.

    `audience` is whom it is for, as the broadcast said when it was fired, `scope` what its words
    depend on (`village`, `market` or nothing); `addressed_at` when the last of them got a row.
    """

    __tablename__ = "run"

    id: int | None = Field(default=None, primary_key=True)
    broadcast_id: int = Field(foreign_key="broadcast.id")
    due_at: datetime
    kind: str = Field(default="slot", max_length=10)
    subject: str = Field(default="", max_length=60)
    parent_id: int | None = Field(default=None, foreign_key="run.id", index=True)
    state: str = Field(default="running", max_length=10)
    reason: str = Field(default="", max_length=80)
    total: int = 0
    audience: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    scope: str = Field(default="", max_length=10)
    addressed_at: datetime | None = None
    not_after: datetime | None = None
    created_at: datetime
    finished_at: datetime | None = None
    progressed_at: datetime | None = None

    __table_args__ = (
        UniqueConstraint("broadcast_id", "due_at", "kind", "subject"),
        CheckConstraint(f"state IN {RUN_STATES}", name="state_known"),
        CheckConstraint("kind IN ('slot', 'retry', 'resend', 'correction')", name="kind_known"),
        Index("ix_run_state", "state"),
        Index("ix_run_created_at", "created_at"),
    )


class RunText(SQLModel, table=True):
    """Which words a language (and a `place`, when the words depend on it) got in a run."""

    __tablename__ = "run_text"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    language: str = Field(primary_key=True, max_length=5)
    place: str = Field(default="", primary_key=True, max_length=40)
    text_id: int = Field(foreign_key="message_text.id", index=True)


class RunPrice(SQLModel, table=True):
    """A price that a text carried: what a correction is measured against. An alert, written for
    one person, belongs to no run."""

    __tablename__ = "run_price"

    text_id: int = Field(primary_key=True, foreign_key="message_text.id")
    product: str = Field(primary_key=True, max_length=20)
    market: str = Field(primary_key=True, max_length=20)
    run_id: int | None = Field(default=None, foreign_key="run.id", index=True)
    unit: str = Field(max_length=20)
    fair_on: date
    value: int
    sent_at: datetime = Field(index=True)
    corrected_at: datetime | None = None


class Budget(SQLModel, table=True):
    """Segments reserved and spent in one scope: `day:2026-11-25`, `month:2026-11`, `run:7`."""

    __tablename__ = "budget"

    scope: str = Field(primary_key=True, max_length=40)
    used: int = 0


class PersonDay(SQLModel, table=True):
    """Unasked messages one phone has been sent on one day (replies are counted apart)."""

    __tablename__ = "person_day"

    contact_id: int = Field(primary_key=True, foreign_key="contact.id")
    day: date = Field(primary_key=True)
    pushed: int = 0
    replied: int = 0


class Exchange(SQLModel, table=True):
    """A raw exchange with a gateway, sealed, kept 30 days: what staff look at when it is odd.

    `sealed` is the query, a line's end and the body; `answer` a status or what it came to.
    """

    __tablename__ = "exchange"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    direction: str = Field(max_length=3)
    gateway: str = Field(max_length=20)
    kind: str = Field(max_length=10)
    method: str = Field(default="", max_length=8)
    path: str = Field(default="", max_length=200)
    headers: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    sealed: bytes
    answer: str = Field(default="", max_length=60)
    sealed_answer: bytes | None = None
    inbox_id: int | None = Field(default=None, index=True)


class ExchangeDelivery(SQLModel, table=True):
    """Which messages an exchange was about: a request may carry many, a message be tried twice."""

    __tablename__ = "exchange_delivery"

    exchange_id: int = Field(primary_key=True, foreign_key="exchange.id")
    delivery_id: int = Field(primary_key=True, foreign_key="delivery.id", index=True)


class UnmatchedToken(SQLModel, table=True):
    """Words nobody has taught Sugu yet, so that staff can add aliases."""

    __tablename__ = "unmatched_token"

    token: str = Field(primary_key=True, max_length=40)
    count: int = 0
    last_at: datetime
    inbox_id: int | None = None


class JobRun(SQLModel, table=True):
    """How every timed job last went; `readyz` says when the clock stands still."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True, max_length=40)
    started_at: datetime
    finished_at: datetime | None = None
    result: str = Field(default="", max_length=200)
    error: str = Field(default="", max_length=400)


class Circuit(SQLModel, table=True):
    """A gateway that must not be called for now, shared by every worker."""

    __tablename__ = "circuit"

    gateway: str = Field(primary_key=True, max_length=20)
    kind: str = Field(default="", max_length=12)
    reason: str = Field(max_length=120)
    opened_at: datetime
    retry_at: datetime
    failures: int = 1


class Pace(SQLModel, table=True):
    """When a gateway may be called again: one rate, however many workers share it."""

    __tablename__ = "pace"

    gateway: str = Field(primary_key=True, max_length=20)
    free_at: datetime


class FetchCursor(SQLModel, table=True):
    """The last message fetched from a gateway's own inbox, to go on after an outage."""

    __tablename__ = "fetch_cursor"

    gateway: str = Field(primary_key=True, max_length=20)
    after: str = Field(max_length=80)
    fetched_at: datetime


class BalanceReading(SQLModel, table=True):
    """A gateway's credit on one day, beside what our own ledger says was spent since the last."""

    __tablename__ = "balance_reading"

    gateway: str = Field(primary_key=True, max_length=20)
    day: date = Field(primary_key=True)
    at: datetime
    amount: float
    currency: str = Field(max_length=3)
    ledger: float | None = None
    gap: float | None = None
    alarm: bool = False


def stored(row_id: int | None) -> int:
    """The id of a row that has been written: only before its flush is it None."""
    if row_id is None:
        raise ValueError("the row has not been written yet")
    return row_id
