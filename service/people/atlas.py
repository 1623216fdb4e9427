"""The book with its villages: what a dial needs to know of where people live."""

from dataclasses import replace
from datetime import date

from sqlmodel import Session

from service.people.store import villages
from service.people.tables import Village
from service.prices import shelf
from service.prices.book import Book, VillageCard


def read_book(session: Session, today: date, last: Book | None = None) -> Book:
    """The current book of the local day `today`, villages included."""
    book = shelf.read_book(session, today, last)
    if book.villages:
        return book
    return replace(book, villages={row.code: card_of(row) for row in villages(session)})


def card_of(row: Village) -> VillageCard:
    return VillageCard(
        code=row.code,
        name=row.name,
        commune=row.commune,
        market=row.market,
        ussd_key=row.ussd_key,
        demo=row.demo,
    )
