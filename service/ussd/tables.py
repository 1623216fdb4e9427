"""Rows that let a USSD turn be replayed and an effect happen once."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class UssdSession(SQLModel, table=True):
    """The last text and answer of a session, for retransmission and for resuming after a drop.

    `opening` is the caller as they were when it began: with the keys pressed since, it decides
    every screen, whatever an effect has changed meanwhile.
    """

    __tablename__ = "ussd_session"

    gateway: str = Field(primary_key=True, max_length=20)
    session: str = Field(primary_key=True, max_length=80)
    contact_id: int = Field(foreign_key="contact.id", index=True)
    text: str = Field(default="", max_length=400)
    answer: str = Field(default="", max_length=400)
    ended: bool = False
    opening: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    started_at: datetime
    seen_at: datetime = Field(index=True)


class UssdEffect(SQLModel, table=True):
    """What a session has already done; a lost or repeated turn never does it again."""

    __tablename__ = "ussd_effect"

    session: str = Field(primary_key=True, max_length=100)
    action: str = Field(primary_key=True, max_length=120)
    at: datetime
