"""The raw exchange with a carrier, sealed and kept 30 days: what staff look at when it is odd."""

from datetime import datetime

from sqlmodel import Session

from service.phone import Vault
from service.sms.gateway import RawRequest
from service.sms.intake import Received
from service.sms.tables import Exchange


def keep(
    session: Session,
    vault: Vault,
    gateway: str,
    raw: RawRequest,
    received: Received,
    now: datetime,
) -> None:
    """Keep one request, as it may be kept: the token is already out of its path."""
    session.add(
        Exchange(
            at=now,
            direction="in",
            gateway=gateway,
            kind="sms",
            method=raw.method,
            path=raw.path[:200],
            headers=dict(raw.headers),
            sealed=vault.seal_bytes(raw.query.encode() + b"\n" + raw.body),
            answer=received.outcome,
            inbox_id=received.inbox_id,
        )
    )
