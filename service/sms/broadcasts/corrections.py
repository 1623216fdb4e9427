"""Admitting an error: one message to those who were told a price that turned out wrong.

A run keeps the prices its texts carried, an alert its own. When late or corrected reports move
one of them by more than 5 % (`method.md` 2.4, 6), those who received it are told once, and so on
from there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import sqlalchemy
from sqlalchemy import literal
from sqlmodel import Session, col, select

from service.i18n import LANGS, Say, short_date
from service.money import priced
from service.people.tables import Subscriber
from service.prices.book import Book
from service.prices.catalog import Quantity, Stage
from service.prices.quote import Quote
from service.prices.tables import QuoteRow
from service.sms import outbox
from service.sms.broadcasts.editions import Press, language_of
from service.sms.outbox.states import State
from service.sms.tables import Delivery, MessageText, Run, RunPrice, RunText, stored
from service.sms.upsert import insert_rows, instant

MOVED = 0.05
"""Share of a price below which a difference is not worth a message."""
LOOK_BACK = timedelta(days=7)
"""A price told longer ago has been followed by the next fair's."""
SETTLED = timedelta(minutes=10)
"""A quote must have stood this long: reports of one fair come together."""
WORTH = timedelta(hours=12)
TOLD = (State.ACCEPTED, State.SENT, State.DELIVERED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A price as it was told, in F; `new` is None when nothing stands in its place."""

    product: str
    market: str
    unit: str
    fair_on: date
    old: int
    new: int | None


def correct_moved(session: Session, now: datetime, press: Press) -> list[Run]:
    """Look at every price told lately, and correct those that have moved."""
    told = (
        select(RunPrice)
        .where(RunPrice.sent_at > now - LOOK_BACK, col(RunPrice.corrected_at).is_(None))
        .order_by(*(col(each) for each in _KEYS))
        .with_for_update(skip_locked=True)
    )
    made: list[Run] = []
    for key, same in groupby(session.exec(told).all(), key=_key):
        wrong = _compare(session, *key, now)
        if wrong is None:
            continue
        told_alike = list(same)
        in_runs = [price for price in told_alike if price.run_id is not None]
        run = correct(session, wrong, in_runs, now, press) if in_runs else None
        made += [run] if run else []
        alone = [price for price in told_alike if price.run_id is None]
        _correct_alerts(session, wrong, alone, run, now, press)
    return made


def note_alert(session: Session, sent: Delivery, quote: Quote, now: datetime) -> None:
    """Remember what price an alert told, in case it turns out wrong."""
    session.add(
        RunPrice(
            text_id=sent.text_id,
            product=quote.product,
            market=quote.market,
            unit=quote.unit,
            fair_on=quote.fair_on,
            value=quote.value,
            sent_at=now,
        )
    )


def moved(old: int, new: int) -> bool:
    return abs(new - old) > MOVED * old


def correct(
    session: Session, wrong: Wrong, told: Sequence[RunPrice], now: datetime, press: Press
) -> Run | None:
    """Queue one correction for each person a text with the wrong price went to."""
    latest = session.get_one(Run, max(price.run_id for price in told if price.run_id))
    run = Run(
        broadcast_id=latest.broadcast_id,
        due_at=now,
        kind="correction",
        subject=f"{wrong.product}:{wrong.market}:{wrong.fair_on}:{wrong.old}",
        parent_id=latest.parent_id or latest.id,
        addressed_at=now,
        not_after=press.limits.wakes(now) + WORTH,
        created_at=now,
    )
    session.add(run)
    session.flush()
    _words(session, run, wrong, press, now)
    for price in told:
        price.corrected_at = now
        session.add(price)
    run.total = _address(session, run, [price.text_id for price in told], now, press)
    if not run.total:
        run.state, run.reason, run.finished_at = "skipped", "nobody", now
    session.add(run)
    session.flush()
    return run if run.total else None


_KEYS = (
    RunPrice.product, RunPrice.market, RunPrice.unit, RunPrice.fair_on, RunPrice.value,
    RunPrice.text_id,
)  # fmt: skip


def _key(price: RunPrice) -> tuple[str, str, str, date, int]:
    return price.product, price.market, price.unit, price.fair_on, price.value


def _compare(
    session: Session,
    product: str,
    market: str,
    unit: str,
    fair_on: date,
    old: int,
    now: datetime,
) -> Wrong | None:
    quote = session.exec(
        select(QuoteRow).where(
            QuoteRow.product == product,
            QuoteRow.market == market,
            QuoteRow.stage == Stage.PRODUCER,
            QuoteRow.unit == unit,
            QuoteRow.fair_on == fair_on,
        )
    ).first()
    if quote is None:
        return Wrong(product, market, unit, fair_on, old, None)
    if quote.computed_at > now - SETTLED or not moved(old, quote.value):
        return None
    return Wrong(product, market, unit, fair_on, old, quote.value)


def _correct_alerts(
    session: Session,
    wrong: Wrong,
    told: Sequence[RunPrice],
    run: Run | None,
    now: datetime,
    press: Press,
) -> None:
    """An alert was written for one person, and so is its correction; who is told by a run already
    is not told twice. One that has not left yet is looked at again."""
    done = set(_of_run(session, run))
    for price in told:
        alert = session.exec(
            select(Delivery).where(Delivery.text_id == price.text_id, col(Delivery.state).in_(TOLD))
        ).first()
        if alert is None:
            continue
        price.corrected_at = now
        session.add(price)
        if alert.contact_id not in done:
            done.add(alert.contact_id)
            _correct_alert(session, wrong, alert, now, press)


def _of_run(session: Session, run: Run | None) -> Sequence[int]:
    if run is None:
        return ()
    return session.exec(select(Delivery.contact_id).where(Delivery.run_id == run.id)).all()


def _correct_alert(
    session: Session, wrong: Wrong, alert: Delivery, now: datetime, press: Press
) -> None:
    language = session.get_one(MessageText, alert.text_id).language
    sent = outbox.enqueue(
        session,
        contact_id=alert.contact_id,
        body=words(wrong, press.limits.voice(language), language, press.book(session)),
        language=language,
        kind="correction",
        now=now,
        limits=press.limits,
    )
    if isinstance(sent, Delivery) and wrong.new is not None:
        session.add(
            RunPrice(
                text_id=sent.text_id,
                product=wrong.product,
                market=wrong.market,
                unit=wrong.unit,
                fair_on=wrong.fair_on,
                value=wrong.new,
                sent_at=now,
            )
        )


def _words(session: Session, run: Run, wrong: Wrong, press: Press, now: datetime) -> None:
    book = press.book(session)
    for lang in LANGS:
        text = outbox.write(session, words(wrong, press.limits.voice(lang), lang, book), lang)
        session.add(RunText(run_id=stored(run.id), language=lang, text_id=stored(text.id)))
        if wrong.new is not None:
            session.add(
                RunPrice(
                    text_id=stored(text.id),
                    product=wrong.product,
                    market=wrong.market,
                    run_id=stored(run.id),
                    unit=wrong.unit,
                    fair_on=wrong.fair_on,
                    value=wrong.new,
                    sent_at=now,
                )
            )
    session.flush()


def words(wrong: Wrong, say: Say, lang: str, book: Book) -> str:
    """What is said, in one SMS, with the way out that the corrected message had."""
    way_out = say("foot.stop", "STOP=arrêt")
    return f"{_mended(wrong, say, lang, book)} {way_out}"


def _mended(wrong: Wrong, say: Say, lang: str, book: Book) -> str:
    product = book.catalog.products.get(wrong.product)
    market = book.catalog.markets.get(wrong.market)
    per = "/kg" if product and product.quantity is Quantity.KG else ""
    values = {
        "product": product.name(lang) if product else wrong.product,
        "market": market.name if market else wrong.market,
        "date": short_date(wrong.fair_on),
        "old": priced(wrong.old, lang, per),
    }
    if wrong.new is None:
        return say(
            "correction.withdrawn",
            "CORRECTION {market} {date} : le prix {product} {old} est annulé.",
            **values,
        )
    return say(
        "correction.price",
        "CORRECTION {market} {date} : {product} {new}, et non {old}.",
        new=priced(wrong.new, lang, per),
        **values,
    )


def _address(session: Session, run: Run, texts: Iterable[int], now: datetime, press: Press) -> int:
    """A delivery for each person that any of the texts went to."""
    told = (
        sqlalchemy.select(col(Delivery.contact_id).label("contact_id"))
        .where(col(Delivery.text_id).in_(list(texts)), col(Delivery.state).in_(TOLD))
        .where(col(Delivery.run_id).in_(_family(run)))
        .distinct()
        .subquery()
    )
    speaks = sqlalchemy.select(col(Subscriber.contact_id), language_of().label("speaks")).subquery()
    spoken = sqlalchemy.func.coalesce(speaks.c.speaks, LANGS[0])
    values = {
        "run_id": literal(run.id),
        "contact_id": told.c.contact_id,
        "text_id": col(RunText.text_id),
        "kind": literal("correction"),
        "priority": literal(outbox.PRIORITY["correction"]),
        "state": literal(State.QUEUED.value),
        "rank": literal(0),
        "segments": col(MessageText.segments),
        "not_before": instant(press.limits.wakes(now)),
        "not_after": instant(run.not_after),
        "attempts": literal(0),
        "fence": literal(0),
        "created_at": instant(now),
    }
    rows = (
        sqlalchemy.select(*values.values())
        .select_from(told)
        .outerjoin(speaks, speaks.c.contact_id == told.c.contact_id)
        .join(RunText, (col(RunText.run_id) == run.id) & (col(RunText.language) == spoken))
        .join(MessageText, col(MessageText.id) == col(RunText.text_id))
    )
    return insert_rows(session, Delivery, values, rows)


def _family(run: Run) -> sqlalchemy.Select[int | None]:
    """Every run that may hold such a text: those of the look-back, retries included."""
    since = run.created_at - LOOK_BACK - timedelta(days=1)
    return sqlalchemy.select(col(Run.id)).where(col(Run.created_at) > since)
