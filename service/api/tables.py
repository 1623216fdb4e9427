"""Rows of the doors: answers already given under an idempotency key."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class Replay(SQLModel, table=True):
    """(actor, key) -> the request's hash and the answer it got, sealed since it may name a phone;
    kept seven days."""

    __tablename__ = "replay"

    actor: str = Field(primary_key=True, max_length=80)
    key: str = Field(primary_key=True, max_length=120)
    digest: str = Field(max_length=64)
    status: int
    sealed: bytes
    at: datetime = Field(index=True)
