"""A reporter's message: prices noted, one question asked, an answer taken, a mistake undone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from service.i18n import Say
from service.people.store import Caller, key
from service.people.tables import Reporter
from service.prices import absent, amends, questions
from service.prices.book import Book
from service.prices.catalog import Stage
from service.prices.reception import DEFAULT_UNIT, Heard, Origin, Placeless, Teller, hear
from service.prices.report import COUNTING, Claim, Money, Status
from service.prices.tables import NoPrice, QuestionRow, ReportRow
from service.sms.intake import pending as waiting
from service.sms.intake import replies
from service.sms.reading import NO_CLAIM, About, Doubt, Reports

UNDO_WITHIN = timedelta(days=2)
"""How far back ANNULER reaches: this fair's message, not last week's."""
IDEM_WITHIN = timedelta(days=21)
"""IDEM repeats the last fair, missed ones allowed, never last season's price."""
CHOICES = 3
"""Digits a question offers."""
ELSEWHERE = 2
"""Other markets named in the thanks."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What answering a reporter takes, for one message."""

    session: Session
    book: Book
    caller: Caller
    say: Say
    now: datetime
    today: date
    text: str
    inbox_id: int | None = None

    @property
    def reporter(self) -> Reporter:
        if self.caller.reporter is None:
            raise RuntimeError("only a reporter reports")
        return self.caller.reporter

    @property
    def lang(self) -> str:
        return self.reporter.language

    @property
    def teller(self) -> Teller:
        return teller_of(self.reporter)

    @property
    def origin(self) -> Origin:
        return Origin(self.now, self.today, "sms", self.inbox_id, self.text)


@dataclass(slots=True)
class Tray:
    """What one message led to, gathered claim by claim."""

    noted: list[ReportRow] = field(default_factory=list)
    asked: list[QuestionRow] = field(default_factory=list)
    held: list[ReportRow] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    absent: list[NoPrice] = field(default_factory=list)


def teller_of(reporter: Reporter) -> Teller:
    """The reporter as the ground floor knows one."""
    habits = reporter.habits
    markets = [each for each in (reporter.market, *habits.get("markets", ())) if each]
    return Teller(
        reporter_id=key(reporter.id),
        market=reporter.market,
        markets=tuple(dict.fromkeys(markets)),
        trust=reporter.trust,
        units=habits.get("units", {}),
        forms=habits.get("forms", {}),
        dorome=habits.get("money") == "dorome",
        demo=reporter.demo,
    )


def report(scene: Scene, said: Reports) -> str:
    """Take every claim of a message; the reply."""
    if said.corrects:
        _withdraw_for(scene, said)
    claims = _repeated(scene, said) if said.same_as_last else said
    tray = Tray()
    for index, claim in enumerate(claims.claims):
        take(scene, claims, index, claim, tray)
    _note_absent(scene, said, tray)
    return reply(scene, claims, tray)


def undo(scene: Scene) -> str:
    """ANNULER: cancel the last message, and say what was cancelled."""
    since = scene.now - UNDO_WITHIN
    prices = amends.last_message(scene.session, scene.teller, since)
    none = absent.last_said(scene.session, scene.teller.reporter_id, since)
    times = [row.received_at for row in prices[:1]] + [row.received_at for row in none[:1]]
    newest = max(times, default=None)
    rows = [row for row in prices if row.received_at == newest]
    unsaid = [row for row in none if row.received_at == newest]
    if not (rows or unsaid):
        return replies.nothing_to_undo(scene.say)
    told = replies.undone(rows, unsaid, scene.book.catalog, scene.say, scene.lang)
    cancel(scene, rows)
    absent.unsay(scene.session, unsaid)
    return told


def _note_absent(scene: Scene, said: Reports, tray: Tray) -> None:
    """`MIL ?`: keep that there was no price, where and when the message says for certain."""
    unsure = [each.word for each in said.doubts if each.about in (About.DAY, About.MARKET)]
    elsewhere_said = said.market is None and any(claim.market for claim in said.claims)
    market = None if elsewhere_said else said.market or scene.reporter.market
    ours = [code for code in said.missing if code in scene.book.catalog.products]
    if unsure or market not in scene.book.catalog.markets:
        tray.lost += [*dict.fromkeys(unsure), *ours]
    elif ours:
        tray.absent += absent.note(
            scene.session,
            scene.teller.reporter_id,
            ours,
            market or "",
            said.on or scene.today,
            scene.now,
            scene.inbox_id,
        )


def take(scene: Scene, said: Reports, index: int, claim: Claim, tray: Tray) -> None:
    doubts = [each for each in said.doubts if each.claim in (None, index)]
    formless = index in said.formless
    if doubts:
        _doubt(scene, claim, doubts, tray, formless=formless)
        return
    heard = hear(scene.session, scene.book, scene.teller, claim, scene.origin, formless=formless)
    match heard:
        case Placeless():
            _ask_market(scene, claim, tray, formless=formless)
        case Heard():
            _sort(scene, heard, tray)


def _sort(scene: Scene, heard: Heard, tray: Tray) -> None:
    """Noted, asked about, or held."""
    row = heard.report
    if heard.question:
        tray.asked.append(
            questions.ask(
                scene.session,
                row.reporter_id,
                scene.now,
                kind=heard.question.kind,
                options=questions.options_of(heard.question),
                report_id=row.id,
                inbox_id=scene.inbox_id,
            )
        )
    elif Status(row.status) in COUNTING:
        tray.noted.append(row)
    else:
        tray.held.append(row)


def _doubt(
    scene: Scene, claim: Claim, doubts: Sequence[Doubt], tray: Tray, *, formless: bool
) -> None:
    """Words that are not sure: ask about the first, keep the others for after the answer."""
    first = doubts[0]
    if not first.candidates:
        tray.lost.append(first.word)
        return
    options: list[dict[str, str | None]] = [
        {"about": first.about.value, "candidate": each} for each in first.candidates[: CHOICES - 1]
    ]
    if len(first.candidates) == CHOICES:
        options.append({"about": first.about.value, "candidate": first.candidates[-1]})
    else:
        options.append({"about": first.about.value, "candidate": None})
    tray.asked.append(
        questions.ask(
            scene.session,
            scene.teller.reporter_id,
            scene.now,
            kind=first.about.value,
            options=options,
            pending=waiting.write(claim, doubts, formless=formless),
            inbox_id=scene.inbox_id,
        )
    )


def _ask_market(scene: Scene, claim: Claim, tray: Tray, *, formless: bool) -> None:
    known = scene.teller.markets or tuple(each.code for each in scene.book.fairs())
    if claim.market is not None:
        tray.lost.append(claim.market)
        return
    doubt = Doubt(About.MARKET, "", known[:CHOICES], 0)
    _doubt(scene, claim, [doubt], tray, formless=formless)


def reply(scene: Scene, said: Reports, tray: Tray) -> str:
    """One message: a question first, since it has two hours; else the echo."""
    catalog, say = scene.book.catalog, scene.say
    asking = next((each for each in tray.asked if each.state == "open"), None)
    if asking:
        return replies.question(asking, catalog, say, scene.lang)
    if tray.noted or tray.absent:
        told = _left_open(said, tray, say) or elsewhere(scene, tray.noted)
        return replies.understood(tray.noted, catalog, say, scene.lang, told, tray.absent)
    if tray.held:
        return replies.held(say)
    if tray.asked:  # queued behind another question, which is the one to answer
        reporter = scene.teller.reporter_id
        waiting = questions.open_question(scene.session, reporter, scene.now)
        return replies.question(waiting or tray.asked[0], catalog, say, scene.lang)
    return replies.not_understood(tray.lost or said.unmatched, say)


def _left_open(said: Reports, tray: Tray, say: Say) -> str:
    """What of the message was not taken, so that nobody believes it was."""
    unpriced = [each.word for each in said.doubts if each.claim == NO_CLAIM]
    return replies.unpriced(unpriced, say) or replies.unclear(tray.lost, say)


def elsewhere(scene: Scene, rows: Sequence[ReportRow]) -> str:
    """What other markets pay for the first product noted."""
    if not rows:
        return ""
    first = rows[0]
    offers = [
        (each.market.name, each.quote.value)
        for each in scene.book.prices(first.product, scene.today)
        if each.quote and each.market.code != first.market and each.quote.unit == first.basis
    ]
    return replies.elsewhere(offers[:ELSEWHERE], scene.say)


def _repeated(scene: Scene, said: Reports) -> Reports:
    """IDEM: the reporter's own prices of the last fair at this market, as claims of today's.

    Farm-gate and shop prices are not the fair's, and the reply would not tell them apart.
    """
    market = said.market or scene.reporter.market
    newest = scene.session.exec(
        select(ReportRow)
        .where(
            ReportRow.reporter_id == scene.teller.reporter_id,
            ReportRow.market == market,
            ReportRow.stage == Stage.PRODUCER.value,
            ReportRow.observed_on < (said.on or scene.today),
            ReportRow.observed_on >= scene.today - IDEM_WITHIN,
            col(ReportRow.status).in_([each.value for each in COUNTING]),
        )
        .order_by(col(ReportRow.observed_on).desc(), col(ReportRow.id))
    ).all()
    last = [row for row in newest if row.observed_on == newest[0].observed_on]
    named = {*(claim.product for claim in said.claims), *said.missing}
    repeats = tuple(_claim_of(row, said.on) for row in last if row.product not in named)
    return replace(said, claims=(*said.claims, *repeats), same_as_last=False)


def _claim_of(row: ReportRow, on: date | None) -> Claim:
    return Claim(
        product=row.product,
        amount=row.amount,
        said=row.said,
        money=Money(row.money),
        market=row.market,
        unit=row.unit,
        quantity=row.quantity,
        stage=Stage(row.stage),
        on=on,
    )


def _withdraw_for(scene: Scene, said: Reports) -> None:
    """CORR: what the last message said of these products gives way, also where it was of another
    market, day or unit, or where there was no price at all; the rest is replaced like any second
    word."""
    rows = amends.last_message(scene.session, scene.teller, scene.now - UNDO_WITHIN)
    gone = [row for row in rows if row.product in said.missing]
    for claim in said.claims:
        own = [row for row in rows if row.product == claim.product]
        same_unit = any(row.unit == _unit_of(scene, claim) for row in own)
        gone += [row for row in own if not same_unit or _moved(row, claim)]
    cancel(scene, list({row.id: row for row in gone}.values()))


def _unit_of(scene: Scene, claim: Claim) -> str:
    """The unit a claim is for, said or usual."""
    usual = scene.teller.units.get(claim.product)
    return claim.unit or usual or DEFAULT_UNIT[scene.book.catalog.products[claim.product].quantity]


def _moved(row: ReportRow, claim: Claim) -> bool:
    other_market = claim.market is not None and claim.market != row.market
    return other_market or (claim.on is not None and claim.on != row.observed_on)


def cancel(scene: Scene, rows: Sequence[ReportRow]) -> None:
    ids = [key(row.id) for row in rows]
    questions.withdraw(scene.session, ids, scene.now)
    amends.undo(scene.session, scene.book.catalog, rows, scene.now)
