"""Subscribers: farmers' phones, their language and village, and the proof of their consent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
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
from service.api.pages import Page, Paging, paged
from service.api.problems import Problem
from service.api.v1.reporters import found
from service.people import store as people
from service.people.tables import Alert, Consent, Contact, Village
from service.people.tables import Subscriber as SubscriberRow
from service.phone import Phone
from service.prices.tables import MarketRow, ProductRow
from service.sms import outbox

router = APIRouter(prefix="/subscribers", tags=["subscribers"])

EXAMPLE: Any = {
    "phone": "+22376000001", "language": "bm", "village": "KITA-DEMO", "sex": "f",
    "consent": {"how": "paper", "ref": "F-12"},
}  # fmt: skip


class ConsentForm(Letter):
    """How somebody agreed, and where the proof is: the law puts the burden on the sender."""

    how: Annotated[str, Field(min_length=1, max_length=20, examples=["paper"])]
    ref: Annotated[str, Field(max_length=80)] = ""
    wording: Annotated[str, Field(max_length=20)] = ""


class SubscriberChange(Letter):
    """Only the fields given are changed. A `consent` is a new line of the ledger."""

    name: Name | None = None
    language: Language | None = None
    village: PlaceCode | None = None
    cooperative: PlaceCode | None = None
    sex: Sex | None = None
    role: Literal["farmer", "relay", "staff"] | None = None
    product: Code | None = None
    market: Code | None = None
    kilos: Annotated[int, Field(gt=0, le=1_000_000)] | None = None
    consent: ConsentForm | None = None


class SubscriberForm(SubscriberChange):
    """Without consent the phone is known but never written to first."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    phone: PhoneText
    role: Literal["farmer", "relay", "staff"] = "farmer"


class ConsentLine(Answer):
    given: bool
    how: str
    ref: str
    actor: str
    at: datetime


class AlertLine(Answer):
    product: str
    market: str
    at_least: int | None


class Subscriber(Answer):
    """`consented` mirrors the newest line of the ledger; `stopped` is a STOP, which goes first."""

    id: int
    phone: str
    name: str | None
    language: str | None
    village: str | None
    cooperative: str | None
    sex: str | None
    role: str
    consented: bool
    stopped: bool
    product: str | None
    market: str | None
    kilos: int | None
    created_at: datetime
    demo: bool
    version: int


class SubscriberPage(Subscriber):
    """One subscriber with the whole consent ledger and the alerts asked for."""

    ledger: list[ConsentLine]
    alerts: list[AlertLine]


@router.get("")
def list_subscribers(
    work: Viewer,
    ask: Paging,
    q: Annotated[str | None, Query(max_length=60)] = None,
    village: str | None = None,
    cooperative: str | None = None,
    language: Language | None = None,
    sex: Sex | None = None,
    consented: bool | None = None,
) -> Page[Subscriber]:
    """Subscribers, oldest first; `q` searches names and villages, or finds a phone number."""
    query = select(SubscriberRow, Contact).join(
        Contact, col(Contact.id) == col(SubscriberRow.contact_id)
    )
    if q:
        query = query.where(found(work, q, SubscriberRow.name, SubscriberRow.village))
    for column, value in (
        (SubscriberRow.village, village.upper() if village else None),
        (SubscriberRow.cooperative, cooperative),
        (SubscriberRow.language, language),
        (SubscriberRow.sex, sex),
        (SubscriberRow.consented, consented),
    ):
        if value is not None:
            query = query.where(column == value)
    return paged(work.session, query, [SubscriberRow.id], ask, lambda s, c: _read(work, s, c))


@router.post("", status_code=201)
def create_subscriber(work: Operator, form: SubscriberForm) -> SubscriberPage:
    """Enrol a farmer's phone. One that has only ever dialled, or is of the demo world, is brought
    up to date; one that is enrolled already is not (409)."""
    contact = people.contact_for(work.session, work.state.vault, Phone(form.phone), work.now)
    known = _of_contact(work.session, people.key(contact.id))
    if known and not known.demo and _enrolled(work.session, known):
        raise Problem("already_exists", id=known.id)
    row = _enrol(work, form, people.key(contact.id))
    work.tag(row.version)
    return _page(work, row)


@router.get("/{subscriber_id}")
def read_subscriber(work: Viewer, subscriber_id: Id) -> SubscriberPage:
    row = work.one(SubscriberRow, subscriber_id)
    work.tag(row.version)
    return _page(work, row)


@router.patch("/{subscriber_id}")
def change_subscriber(work: Operator, subscriber_id: Id, form: SubscriberChange) -> SubscriberPage:
    row = work.one(SubscriberRow, subscriber_id)
    row = records.change(work, row, _facts(work, records.given(form, ("consent",))))
    _agree(work, row, form.consent)
    _forget(work, row)
    work.tag(row.version)
    return _page(work, row)


@router.delete("/{subscriber_id}", status_code=204)
def remove_subscriber(work: Operator, subscriber_id: Id) -> None:
    """End a subscription: consent is withdrawn, what is queued is dropped, the profile goes.
    The ledger stays, as proof."""
    row = work.one(SubscriberRow, subscriber_id)
    people.stop(work.session, row.contact_id, work.now, how="staff", actor=work.who.name)
    outbox.suppress(work.session, row.contact_id, work.now)
    _forget(work, row)
    records.remove(work, row)


@router.post("/{subscriber_id}/stop")
def stop_subscriber(work: Operator, subscriber_id: Id) -> SubscriberPage:
    """What STOP does, for somebody who said it aloud: effective at once, on queued messages too."""
    row = work.one(SubscriberRow, subscriber_id)
    people.stop(work.session, row.contact_id, work.now, how="staff", actor=work.who.name)
    dropped = outbox.suppress(work.session, row.contact_id, work.now)
    work.record("subscriber.stop", records.subject(row), after={"dropped": dropped})
    _forget(work, row)
    return _page(work, row)


@router.post("/import", openapi_extra=imports.BODY, max_body_size=imports.LARGEST_FILE)
def import_subscribers(work: Operator, file: FileDep, dry_run: bool = False) -> Imported:
    """Take in a CSV or XLSX file: phone, name, language, village, sex, consent_how, consent_ref."""
    return imports.run(work, file, LOADER, dry_run=dry_run)


def _of_contact(session: Session, contact_id: int) -> SubscriberRow | None:
    return session.exec(select(SubscriberRow).where(SubscriberRow.contact_id == contact_id)).first()


def _enrolled(session: Session, row: SubscriberRow) -> bool:
    """Staff or the person put something in the ledger: more than a phone that has dialled."""
    lines = select(Consent.id).where(Consent.contact_id == row.contact_id).limit(1)
    return row.consented or row.demo or session.exec(lines).first() is not None


def _enrol(work: Work, form: SubscriberForm, contact_id: int) -> SubscriberRow:
    facts = _facts(work, records.given(form, ("phone", "consent")))
    row = people.subscriber_for(work.session, contact_id, work.now)
    for name, value in facts.items():
        setattr(row, name, value)
    work.session.flush()
    work.record("subscriber.create", records.subject(row), after=plain(row))
    _agree(work, row, form.consent)
    _forget(work, row)
    return row


def _agree(work: Work, row: SubscriberRow, consent: ConsentForm | None) -> None:
    if consent is None:
        return
    people.agree(
        work.session,
        row.contact_id,
        work.now,
        how=consent.how,
        ref=consent.ref,
        actor=work.who.name,
        wording=consent.wording,
    )
    work.session.flush()
    work.record("consent.give", records.subject(row), after=consent.model_dump())


def _facts(work: Work, facts: dict[str, Any]) -> dict[str, Any]:
    """Codes in capitals, and each the name of something."""
    for field, table in (("product", ProductRow), ("market", MarketRow), ("village", Village)):
        if facts.get(field):
            facts[field] = facts[field].upper()
            records.must_exist(work.session, table, facts[field], field)
    if facts.get("cooperative"):
        people.cooperative_for(work.session, facts["cooperative"])
    return facts


def _forget(work: Work, row: SubscriberRow) -> None:
    contact = work.session.get_one(Contact, row.contact_id)
    work.forget(work.state.vault.open(contact.sealed))


def _read(work: Work, row: SubscriberRow, contact: Contact) -> Subscriber:
    return Subscriber.model_validate(_facts_of(work, row, contact))


def _facts_of(work: Work, row: SubscriberRow, contact: Contact) -> dict[str, Any]:
    return {
        **row.model_dump(),
        "phone": work.phone(contact.sealed),
        "stopped": contact.stopped_at is not None,
    }


def _page(work: Work, row: SubscriberRow) -> SubscriberPage:
    contact = work.session.get_one(Contact, row.contact_id)
    ledger = select(Consent).where(Consent.contact_id == row.contact_id)
    alerts = select(Alert).where(Alert.contact_id == row.contact_id)
    return SubscriberPage.model_validate(
        {
            **_facts_of(work, row, contact),
            "ledger": work.session.exec(ledger.order_by(col(Consent.id).desc())).all(),
            "alerts": work.session.exec(alerts.order_by(col(Alert.id))).all(),
        }
    )


def _save(work: Work, form: SubscriberForm) -> bool | None:
    contact = people.contact_for(work.session, work.state.vault, Phone(form.phone), work.now)
    known = _of_contact(work.session, people.key(contact.id))
    if known is None or not _enrolled(work.session, known):
        _enrol(work, form, people.key(contact.id))
        return True
    before = known.version
    records.change(work, known, _facts(work, records.given(form, ("phone", "consent"))))
    if form.consent and not known.consented:
        _agree(work, known, form.consent)
        return False
    return None if known.version == before else False


def _shape(cells: Any) -> dict[str, Any]:
    return imports.grouped(cells, "consent", {"consent_how": "how", "consent_ref": "ref"})


LOADER = Loader(SubscriberForm, _save, _shape)
