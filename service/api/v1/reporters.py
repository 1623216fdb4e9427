"""Reporters: the cooperative members whose prices Sugu publishes."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from service.api import imports, records
from service.api.deps import Operator, Viewer, Work
from service.api.imports import FileDep, Loader
from service.api.letters import (
    Answer,
    Code,
    Id,
    Imported,
    Language,
    Letter,
    Name,
    PhoneText,
    PlaceCode,
    Sex,
    plain,
)
from service.api.pages import Page, Paging, like, paged
from service.api.problems import Problem
from service.people import store as people
from service.people.tables import Contact
from service.people.tables import Reporter as ReporterRow
from service.phone import Phone, parse
from service.prices.tables import MarketRow

router = APIRouter(prefix="/reporters", tags=["reporters"])

APART = ("phone", "habits")
"""Fields of the form that are no columns to be set as they stand."""
GIVEN = ("markets",)
"""What stands among the habits and was told by staff, not learnt."""
EXAMPLE: Any = {
    "phone": "+22370000001", "name": "Awa K.", "market": "KITA", "cooperative": "demo",
    "language": "fr",
}  # fmt: skip


class ReporterChange(Letter):
    """Only the fields given are changed. A new `phone` keeps the person's history; `habits` is
    only ever `{}`: what was learnt of usual units, forms and money is forgotten."""

    phone: PhoneText | None = None
    name: Name | None = None
    market: Code | None = None
    cooperative: PlaceCode | None = None
    language: Language | None = None
    sex: Sex | None = None
    active: bool | None = None
    habits: Annotated[dict[str, Any], Field(max_length=0)] | None = None


class ReporterForm(ReporterChange):
    """A cooperative that is not known yet is made with its code for a name."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    phone: PhoneText
    name: Name
    language: Language = "fr"
    active: bool = True


class Reporter(Answer):
    """`trust` (0.5 to 1) weighs this person's prices; `bias` and `noise` (log) are what it follows,
    null before eight shared fairs. `habits` were learnt from answers: usual `units` by product,
    `forms` by value chain, how bare numbers count `money`; a word of the message always wins.
    `stopped`: asked not to be written to."""

    id: int
    phone: str
    name: str
    market: str | None
    cooperative: str | None
    language: str
    sex: str | None
    active: bool
    stopped: bool
    trust: float
    bias: float | None
    noise: float | None
    habits: dict[str, Any]
    created_at: datetime
    demo: bool
    version: int


@router.get("")
def list_reporters(
    work: Viewer,
    ask: Paging,
    q: Annotated[str | None, Query(max_length=60)] = None,
    market: str | None = None,
    cooperative: str | None = None,
    active: bool | None = None,
) -> Page[Reporter]:
    """Reporters, oldest first; `q` searches names and cooperatives, or finds a phone number."""
    query = select(ReporterRow, Contact).join(
        Contact, col(Contact.id) == col(ReporterRow.contact_id)
    )
    if q:
        query = query.where(found(work, q, ReporterRow.name, ReporterRow.cooperative))
    if market:
        query = query.where(ReporterRow.market == market.upper())
    if cooperative:
        query = query.where(ReporterRow.cooperative == cooperative)
    if active is not None:
        query = query.where(ReporterRow.active == active)
    return paged(work.session, query, [ReporterRow.id], ask, lambda r, c: _read(work, r, c))


@router.post("", status_code=201)
def create_reporter(work: Operator, form: ReporterForm) -> Reporter:
    """Enrol a reporter; the very next message from this number is read as prices. One of the
    demo world is brought up to date; a real one who is enrolled already is not (409)."""
    row = _of_the_demo(work, form) or _enrol(work, form)
    work.tag(row.version)
    return _shown(work, row)


@router.get("/{reporter_id}")
def read_reporter(work: Viewer, reporter_id: Id) -> Reporter:
    row = work.one(ReporterRow, reporter_id)
    work.tag(row.version)
    return _shown(work, row)


@router.patch("/{reporter_id}")
def change_reporter(work: Operator, reporter_id: Id, form: ReporterChange) -> Reporter:
    """Change a reporter: a market, a number, a rest (`active: false`)."""
    row = work.one(ReporterRow, reporter_id)
    changes = _facts(work, records.given(form, APART))
    if form.habits is not None:
        changes["habits"] = {name: row.habits[name] for name in GIVEN if name in row.habits}
    if form.phone:
        changes["contact_id"] = _contact(work, form.phone, row.id)
        if changes["contact_id"] != row.contact_id:
            changes["number_since"] = work.now
    row = records.change(work, row, changes)
    _forget(work, row)
    work.tag(row.version)
    return _shown(work, row)


@router.delete("/{reporter_id}", status_code=204)
def remove_reporter(work: Operator, reporter_id: Id) -> None:
    """Remove a reporter who has never reported; one who has is set inactive instead (409)."""
    row = work.one(ReporterRow, reporter_id)
    _forget(work, row)
    records.remove(work, row)


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_reporters(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: phone, name, market, cooperative, language, sex."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def found(work: Work, q: str, *fields: Any) -> Any:
    """What a search means: a phone number when it is one, else a piece of these fields."""
    phone = parse(q)
    if phone:
        return col(Contact.lookup).in_(work.state.vault.lookups(phone))
    pattern = like(q.lower())
    return or_(*(func.lower(func.coalesce(each, "")).like(pattern, escape="|") for each in fields))


def _enrol(work: Work, form: ReporterForm) -> ReporterRow:
    contact_id = _contact(work, form.phone, None)
    facts = _facts(work, form.model_dump(exclude=set(APART)))
    row = ReporterRow(contact_id=contact_id, created_at=work.now, **facts)
    row = records.create(work, row, None)
    _forget(work, row)
    return row


def _of_the_demo(work: Work, form: ReporterForm) -> ReporterRow | None:
    """The reporter of the fictional world with this number, with the facts of the form."""
    contact = people.find(work.session, work.state.vault, Phone(form.phone))
    known = _of_contact(work.session, people.key(contact.id)) if contact else None
    if known is None or not known.demo:
        return None
    row = records.change(work, known, _facts(work, records.given(form, APART)))
    _forget(work, row)
    return row


def _contact(work: Work, phone: str, mine: int | None) -> int:
    """The contact of a number that no other reporter has."""
    contact = people.contact_for(work.session, work.state.vault, Phone(phone), work.now)
    held = _of_contact(work.session, people.key(contact.id))
    if held and held.id != mine:
        raise Problem("already_exists", id=held.id)
    return people.key(contact.id)


def _of_contact(session: Session, contact_id: int) -> ReporterRow | None:
    return session.exec(select(ReporterRow).where(ReporterRow.contact_id == contact_id)).first()


def _facts(work: Work, facts: dict[str, Any]) -> dict[str, Any]:
    if facts.get("market"):
        facts["market"] = facts["market"].upper()
        records.must_exist(work.session, MarketRow, facts["market"], "market")
    if facts.get("cooperative"):
        people.cooperative_for(work.session, facts["cooperative"])
    return facts


def _forget(work: Work, row: ReporterRow) -> None:
    contact = work.session.get_one(Contact, row.contact_id)
    if contact.sealed:
        work.forget(work.state.vault.open(contact.sealed))


def _shown(work: Work, row: ReporterRow) -> Reporter:
    return _read(work, row, work.session.get_one(Contact, row.contact_id))


def _read(work: Work, row: ReporterRow, contact: Contact) -> Reporter:
    return Reporter.model_validate(
        {
            **plain(row),
            "version": row.version,
            "phone": work.phone(contact.sealed),
            "stopped": contact.stopped_at is not None,
        }
    )


def _save(work: Work, form: ReporterForm) -> bool | None:
    contact = people.find(work.session, work.state.vault, Phone(form.phone))
    known = _of_contact(work.session, people.key(contact.id)) if contact else None
    if known is None:
        _enrol(work, form)
        return True
    before = known.version
    records.change(work, known, _facts(work, records.given(form, APART)))
    _forget(work, known)
    return None if known.version == before else False


LOADER = Loader(ReporterForm, _save)
