"""The raw exchanges with carriers, both ways, kept 30 days: what staff look at when one is odd.

Method, path without token, a few headers; query, body and answer sealed, for they hold phones.
Secrets are taken out before anything is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, col, select

from service.phone import Vault
from service.sms.gateway import Kind, RawRequest
from service.sms.overheard import LONGEST, Passed
from service.sms.secrets import Eraser
from service.sms.tables import Exchange, ExchangeDelivery, stored

KEPT_HEADERS = ("content-type", "user-agent", "x-timestamp", "at-ussd-hop-metadata")
"""Headers of a carrier's request worth keeping; none holds a secret."""
LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class Archive:
    """How this installation keeps exchanges."""

    vault: Vault
    eraser: Eraser

    def received(
        self,
        session: Session,
        gateway: str,
        kind: Kind,
        raw: RawRequest,
        answer: str,
        now: datetime,
        *,
        inbox_id: int | None = None,
        deliveries: Iterable[int] = (),
    ) -> None:
        """Keep one request of a carrier. `answer` is what it led to."""
        row = Exchange(
            at=now,
            direction="in",
            gateway=gateway,
            kind=kind.value,
            method=raw.method,
            path=self._path(_without_token(raw.path)),
            headers={name: raw.headers[name] for name in KEPT_HEADERS if name in raw.headers},
            sealed=self._seal(raw.query.encode(), raw.body),
            answer=answer[:60],
            inbox_id=inbox_id,
        )
        session.add(row)
        self._link(session, row, deliveries)

    def sent(
        self,
        session: Session,
        gateway: str,
        passed: Sequence[Passed],
        deliveries: Sequence[int],
        now: datetime,
    ) -> None:
        """Keep what passed while a batch was sent: one row a request, however many it was for."""
        for each in passed:
            row = Exchange(
                at=now,
                direction="out",
                gateway=gateway,
                kind=Kind.SMS.value,
                method=each.method,
                path=self._path(each.path),
                headers=dict(each.headers),
                sealed=self._seal(each.query, each.body),
                answer=each.status[:60],
                sealed_answer=self._seal_one(each.answer) if each.answer else None,
            )
            session.add(row)
            self._link(session, row, deliveries)

    def _path(self, path: str) -> str:
        return self.eraser.clean_path(path)[:LONGEST_PATH]

    def _seal(self, query: bytes, body: bytes) -> bytes:
        return self._seal_one(query + b"\n" + body)

    def _seal_one(self, said: bytes) -> bytes:
        return self.vault.seal_bytes(self.eraser.clean(said)[:LONGEST])

    def _link(self, session: Session, row: Exchange, deliveries: Iterable[int]) -> None:
        ids = sorted(set(deliveries))
        if not ids:
            return
        session.flush()
        made = stored(row.id)
        links = [{"exchange_id": made, "delivery_id": each} for each in ids]
        session.execute(insert(ExchangeDelivery), links)


def of_message(session: Session, direction: str, number: int) -> Sequence[Exchange]:
    """The exchanges behind one message, newest first."""
    found = select(Exchange).order_by(col(Exchange.id).desc())
    if direction == "in":
        return session.exec(found.where(Exchange.inbox_id == number)).all()
    link = col(ExchangeDelivery.exchange_id) == col(Exchange.id)
    mine = found.join(ExchangeDelivery, link).where(ExchangeDelivery.delivery_id == number)
    return session.exec(mine).all()


def _without_token(path: str) -> str:
    """`/hooks/orange/***/sms`."""
    parts = path.split("/")
    return "/".join([*parts[:3], "***", *parts[4:]])
