"""A reporter's claim becomes a report: valued, judged, stored, and its quote recomputed.

Nothing is rejected here and nothing is published in silence: what is not believed is asked about
(`questions`), and what is answered is taken at its word within reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlmodel import Session, col, select

from service.prices import absent, questions
from service.prices.book import Book, Pair
from service.prices.catalog import Catalog, Product, Quantity
from service.prices.judge import (
    Accept,
    Ask,
    Evidence,
    Fit,
    Hold,
    Question,
    Verdict,
    as_said,
    fit,
    in_dorome,
    judge,
    read_as,
)
from service.prices.known import prior, rivals, told_in_a_day
from service.prices.neighbours import Estimate
from service.prices.report import COUNTING, Claim, Money, Status
from service.prices.slips import readings
from service.prices.store import Moved, Window, publish, window_of
from service.prices.tables import ReportRow
from service.prices.units import Valued, basis, value_of

PARSE_VERSION = "grammar-1"
"""Version of the reading; kept with each report so that old readings can be told apart."""
DEFAULT_UNIT: Mapping[Quantity, str] = {
    Quantity.KG: "KG",
    Quantity.HEAD: "HEAD",
    Quantity.PIECE: "PIECE",
}
"""The unit of a price that names none: the one the product is quoted for."""
PRICES_A_DAY = 20
"""Different prices of one reporter that count in a day: every product of a fair, and some of the
next (`reliability.md` 4.1). What is above waits for staff; nothing is lost."""
OPEN = (Status.ASKED.value, Status.HELD.value)
REPLACED = "replaced"
"""Reason of a superseded report that counted."""
UNSETTLED = "unsettled"
"""Reason of a superseded report that never counted: a doubt, not a price."""


@dataclass(frozen=True, slots=True)
class Teller:
    """The reporter as the ground floor needs to know one.

    `units` are usual units by product, `forms` the usual product by value chain, both learnt;
    `dorome` whether bare numbers of this reporter are known to be dorome.
    """

    reporter_id: int
    market: str | None = None
    markets: tuple[str, ...] = ()
    trust: float = 1.0
    units: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    dorome: bool = False
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a claim came from: the words as they were, the door, and when (UTC and local day)."""

    received_at: datetime
    today: date
    channel: str = "sms"
    inbox_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one claim. `question` is to be asked before it counts."""

    report: ReportRow
    verdict: Verdict
    moved: tuple[Moved, ...] = ()

    @property
    def question(self) -> Question | None:
        return self.verdict.question if isinstance(self.verdict, Ask) else None


@dataclass(frozen=True, slots=True)
class Placeless:
    """A claim whose market nobody knows: to be asked."""

    claim: Claim


def hear(
    session: Session,
    book: Book,
    teller: Teller,
    claim: Claim,
    origin: Origin,
    *,
    formless: bool = False,
    answered: bool = False,
) -> Heard | Placeless:
    """Judge and store one claim. `formless`: shell or kernel was not said; `answered`: the
    reporter chose this very reading, so it is not asked about again."""
    catalog = book.catalog
    filled = complete(claim, teller, origin, catalog, formless=formless)
    if filled.market is None or filled.market not in catalog.markets:
        return Placeless(claim)
    case, window = weigh(session, catalog, filled, origin.today, book.estimates, claim.unit)
    asked_form = formless and claim.product == filled.product and not answered
    verdict = _verdict(session, catalog, case, window, teller, formless=asked_form)
    status = _status(verdict, answered=answered)
    if status in COUNTING and _too_many(session, teller, window, origin):
        status, verdict = Status.HELD, Hold("too_many")
    report = _row(case, filled, window, teller, origin, status, verdict)
    moved = store(session, catalog, report, origin.received_at)
    return Heard(report, Accept(None, "near_prior") if answered else verdict, tuple(moved))


def complete(
    claim: Claim, teller: Teller, origin: Origin, catalog: Catalog, *, formless: bool
) -> Claim:
    """The claim with what the reporter's habits leave unsaid: form, market, unit, day, money."""
    product = claim.product
    if formless:
        form = teller.forms.get(catalog.products[product].chain, product)
        product = form if form in catalog.products else product
    goods = catalog.products[product]
    usual = teller.units.get(product) if claim.unit is None else claim.unit
    dorome = teller.dorome and claim.money is Money.BARE
    return replace(
        claim,
        product=product,
        market=claim.market or teller.market,
        unit=usual if usual in catalog.units else DEFAULT_UNIT[goods.quantity],
        on=claim.on or origin.today,
        amount=in_dorome(claim.said) if dorome else claim.amount,
        money=Money.DOROME if dorome else claim.money,
    )


def weigh(
    session: Session,
    catalog: Catalog,
    claim: Claim,
    today: date,
    estimates: Mapping[Pair, Estimate],
    unit_said: str | None,
) -> tuple[Evidence, Window]:
    """A complete claim with all that is known when it is judged."""
    product, unit = catalog.products[claim.product], catalog.units[claim.unit or "KG"]
    market = claim.market or ""
    valued = value_of(claim.amount, claim.quantity, unit, product, market, catalog)
    counts = basis(valued, unit, product)
    window = Window(product.code, market, claim.stage, counts, claim.on or today)
    case = Evidence(
        product=product,
        market=market,
        unit=unit,
        amount=claim.amount,
        said=claim.said,
        valued=valued,
        quantity=claim.quantity,
        money=claim.money,
        unit_said=unit_said is not None,
        prior=prior(session, window, estimates),
    )
    return case, window


def store(session: Session, catalog: Catalog, report: ReportRow, now: datetime) -> list[Moved]:
    """Add a report, let it take the place of this reporter's earlier word, publish the change."""
    counts = Status(report.status) in COUNTING
    replaced = earlier(session, report, counts=counts)
    if report.supersedes is None and replaced:
        report.supersedes = replaced[-1].id
    windows = {window_of(row) for row in replaced if Status(row.status) in COUNTING}
    doubted = [row.id for row in replaced if row.id and row.status == Status.ASKED.value]
    questions.withdraw(session, doubted, now)
    give_way(replaced)
    absent.priced_after_all(session, report)
    session.add(report)
    session.flush()
    return publish(session, catalog, windows | ({window_of(report)} if counts else set()), now)


def give_way(rows: Iterable[ReportRow]) -> None:
    """These reports are superseded; those that counted may get their place back (`amends.undo`)."""
    for row in rows:
        row.reason = REPLACED if Status(row.status) in COUNTING else UNSETTLED
        row.status, row.version = Status.SUPERSEDED.value, row.version + 1


def _verdict(
    session: Session,
    catalog: Catalog,
    case: Evidence,
    window: Window,
    teller: Teller,
    *,
    formless: bool,
) -> Verdict:
    beside = rivals(session, catalog, window, teller.markets)
    if formless and (question := _form_question(case, catalog, beside.forms)):
        return Ask(question)
    return judge(case, readings(case, catalog, beside))


def _too_many(session: Session, teller: Teller, window: Window, origin: Origin) -> bool:
    """Whether this would be one price more than anybody can have asked for in a day."""
    told = told_in_a_day(session, teller.reporter_id, origin.received_at)
    here = (window.product, window.market, window.stage.value, window.day)
    return here not in told and len(told) >= PRICES_A_DAY


def _form_question(
    case: Evidence, catalog: Catalog, forms: Mapping[str, object]
) -> Question | None:
    """Shell or kernel was not said and the price fits the other form as well: ask."""
    others = [each for each in catalog.products.values() if _same_chain(each, case.product)]
    for other in others:
        known = forms.get(other.code)
        twin = replace(case, product=other, prior=known)  # type: ignore[arg-type]
        if case.band and fit(twin, case.value) is Fit.INSIDE:
            if fit(case, case.value) is Fit.INSIDE and case.prior and known:
                continue
            return Question("form", (as_said(case), read_as(case, "form", product=other.code)))
    return None


def _same_chain(one: Product, other: Product) -> bool:
    return one.chain == other.chain and one.code != other.code


def _status(verdict: Verdict, *, answered: bool) -> Status:
    if answered:
        return Status.CONFIRMED
    match verdict:
        case Accept():
            return Status.ACCEPTED
        case Ask():
            return Status.ASKED
        case Hold():
            return Status.HELD


def _row(
    case: Evidence,
    claim: Claim,
    window: Window,
    teller: Teller,
    origin: Origin,
    status: Status,
    verdict: Verdict,
) -> ReportRow:
    proper = isinstance(case.valued, Valued)
    return ReportRow(
        received_at=origin.received_at,
        observed_on=window.day,
        product=window.product,
        market=window.market,
        stage=window.stage.value,
        unit=case.unit.code,
        quantity=claim.quantity,
        amount=claim.amount,
        said=claim.said,
        money=claim.money.value,
        value=case.value if proper else None,
        basis=window.unit,
        basis_value=case.value,
        cv=case.valued.cv,
        weighed_on=case.valued.weighed_on if isinstance(case.valued, Valued) else None,
        status=status.value,
        verified=verdict.verified if isinstance(verdict, Accept) else True,
        trust=teller.trust,
        reason=_reason(verdict),
        reporter_id=teller.reporter_id,
        inbox_id=origin.inbox_id,
        channel=origin.channel,
        text=origin.text,
        parse_version=PARSE_VERSION,
        demo=teller.demo,
    )


def _reason(verdict: Verdict) -> str:
    match verdict:
        case Ask(question):
            return question.kind
        case Accept(_, reason) | Hold(reason):
            return reason


def earlier(session: Session, report: ReportRow, *, counts: bool) -> Sequence[ReportRow]:
    """This reporter's other word of the same market day; an unanswered claim takes the place of
    open ones only, so that a good price stays until a better one is sure. A price of a basket
    nobody weighed leaves the price of the kilo alone: they are two quotes."""
    same = col(ReportRow.status).in_([each.value for each in COUNTING]) & (
        col(ReportRow.basis) == report.basis
    )
    still_open = col(ReportRow.status).in_(OPEN)
    return session.exec(
        select(ReportRow)
        .where(
            ReportRow.reporter_id == report.reporter_id,
            ReportRow.product == report.product,
            ReportRow.market == report.market,
            ReportRow.stage == report.stage,
            ReportRow.observed_on == report.observed_on,
            still_open | same if counts else still_open,
        )
        .order_by(col(ReportRow.id))
    ).all()
