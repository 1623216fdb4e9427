"""Rows of what is sold, reported, quoted and known from elsewhere. Reference rows go by code."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

STAGES = "('farmgate', 'producer', 'wholesale', 'retail')"
STATUSES = (
    "('accepted', 'asked', 'confirmed', 'corroborated', 'held',"
    " 'rejected', 'superseded', 'cancelled')"
)


class ProductRow(SQLModel, table=True):
    """A value chain in one form. Holding costs are unset until staff know them."""

    __tablename__ = "product"

    code: str = Field(primary_key=True, max_length=20)
    chain: str = Field(max_length=40)
    form: str = Field(default="", max_length=40)
    family: str = Field(max_length=10)
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    quantity: str = Field(default="kg", max_length=5)
    ussd_key: int = Field(unique=True)
    band_low: int | None = None
    band_high: int | None = None
    loss_per_month: float | None = None
    money_per_month: float | None = None
    store_per_month: float | None = None
    active: bool = True
    demo: bool = False
    source: str = ""
    version: int = 1

    __table_args__ = (
        CheckConstraint("quantity IN ('kg', 'head', 'piece')", name="quantity_known"),
        CheckConstraint(
            "family IN ('grain', 'pulse', 'oilseed', 'shea', 'cotton', 'garden', 'livestock')",
            name="family_known",
        ),
        CheckConstraint("band_low > 0 AND band_low < band_high", name="band_ordered"),
        CheckConstraint("ussd_key > 0", name="ussd_key_positive"),
    )


class MarketRow(SQLModel, table=True):
    """A fair or town market. `fair_days` are three-letter names; empty means daily or unknown."""

    __tablename__ = "market"

    code: str = Field(primary_key=True, max_length=20)
    name: str = Field(max_length=60)
    commune: str = Field(default="", max_length=80)
    cercle: str = Field(default="", max_length=80)
    region: str = Field(default="", max_length=80)
    latitude: float | None = None
    longitude: float | None = None
    fair_days: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    daily: bool = False
    kind: str = Field(default="rural", max_length=10)
    road_closed: bool = False
    insecure: bool = False
    ussd_key: int = Field(unique=True)
    active: bool = True
    demo: bool = False
    source: str = ""
    version: int = 1

    __table_args__ = (CheckConstraint("kind IN ('rural', 'urban')", name="kind_known"),)


class FairCancelled(SQLModel, table=True):
    __tablename__ = "fair_cancelled"

    market: str = Field(primary_key=True, foreign_key="market.code", max_length=20)
    on: date = Field(primary_key=True)


class UnitRow(SQLModel, table=True):
    __tablename__ = "unit"

    code: str = Field(primary_key=True, max_length=20)
    names: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    measure: str = Field(max_length=10)
    kilos: float | None = None
    demo: bool = False
    source: str = ""
    version: int = 1

    __table_args__ = (
        CheckConstraint("measure IN ('mass', 'vessel', 'count')", name="measure_known"),
        CheckConstraint("(measure = 'mass') = (kilos IS NOT NULL)", name="mass_has_kilos"),
    )


class AliasRow(SQLModel, table=True):
    """A way people write a product, market or unit; edited by staff, `form` folded."""

    __tablename__ = "alias"

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(max_length=10)
    target: str = Field(max_length=20)
    form: str = Field(max_length=60)
    lang: str = Field(default="", max_length=5)

    __table_args__ = (
        UniqueConstraint("kind", "target", "form"),
        CheckConstraint("kind IN ('product', 'market', 'unit')", name="kind_known"),
    )


class WeighingRow(SQLModel, table=True):
    """One weighing of one unit of one product; `market` `*` holds wherever it is sold."""

    __tablename__ = "weighing"

    id: int | None = Field(default=None, primary_key=True)
    unit: str = Field(foreign_key="unit.code", max_length=20)
    product: str = Field(foreign_key="product.code", max_length=20)
    market: str = Field(default="*", max_length=20)
    kilos: float
    weighed_on: date
    actor: str = Field(default="", max_length=80)
    source: str = ""
    demo: bool = False

    __table_args__ = (
        CheckConstraint("kilos > 0", name="kilos_positive"),
        Index(None, "unit", "product", "market"),
    )


class ShellingRow(SQLModel, table=True):
    """Measured yield of one product made into another (pods to kernels), with its cost per kg."""

    __tablename__ = "shelling"

    id: int | None = Field(default=None, primary_key=True)
    raw: str = Field(foreign_key="product.code", max_length=20)
    made: str = Field(foreign_key="product.code", max_length=20)
    share: float
    cost_per_kg: int = 0
    measured_on: date
    source: str = ""

    __table_args__ = (CheckConstraint("share > 0 AND share <= 1", name="share_range"),)


class ReportRow(SQLModel, table=True):
    """What one reporter says. `value` is F per quoted quantity; null until the unit is weighed.

    `basis` names what `unit_value` counts: the product's own quantity, or the unweighed unit.
    """

    __tablename__ = "report"

    id: int | None = Field(default=None, primary_key=True)
    received_at: datetime
    observed_on: date
    product: str = Field(foreign_key="product.code", max_length=20)
    market: str = Field(foreign_key="market.code", max_length=20)
    stage: str = Field(default="producer", max_length=10)
    unit: str = Field(foreign_key="unit.code", max_length=20)
    quantity: int = 1
    amount: int
    said: int
    money: str = Field(default="bare", max_length=10)
    value: float | None = None
    basis: str = Field(max_length=20)
    basis_value: float
    cv: float = 0.0
    weighed_on: date | None = None
    status: str = Field(max_length=12)
    verified: bool = True
    trust: float = 1.0
    reason: str = Field(default="", max_length=40)
    reporter_id: int = Field(foreign_key="reporter.id")
    inbox_id: int | None = Field(default=None, index=True)
    channel: str = Field(default="sms", max_length=10)
    text: str = ""
    parse_version: str = Field(default="", max_length=20)
    supersedes: int | None = Field(default=None, foreign_key="report.id")
    demo: bool = False
    version: int = 1

    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status_known"),
        CheckConstraint(f"stage IN {STAGES}", name="stage_known"),
        CheckConstraint("amount > 0 AND amount <= 100000000", name="amount_range"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("basis_value > 0", name="basis_value_positive"),
        Index(
            "ix_report_window",
            "product",
            "market",
            "stage",
            "basis",
            "observed_on",
            "status",
            "reporter_id",
            "basis_value",
        ),
        Index("ix_report_reporter_day", "reporter_id", "observed_on"),
        Index("ix_report_reporter", "reporter_id", "id"),
        Index("ix_report_status", "status", "id"),
        Index("ix_report_observed_on", "observed_on"),
    )


class NoPrice(SQLModel, table=True):
    """A reporter saw no price of a product at a fair: no report, so that nothing counts it."""

    __tablename__ = "no_price"

    reporter_id: int = Field(primary_key=True, foreign_key="reporter.id")
    product: str = Field(primary_key=True, foreign_key="product.code", max_length=20)
    market: str = Field(primary_key=True, foreign_key="market.code", max_length=20)
    observed_on: date = Field(primary_key=True)
    received_at: datetime
    inbox_id: int | None = None

    __table_args__ = (Index("ix_no_price_market_day", "market", "observed_on"),)


class QuestionRow(SQLModel, table=True):
    """An ask-back: one open per reporter, later ones queued, valid two hours once asked."""

    __tablename__ = "question"

    id: int | None = Field(default=None, primary_key=True)
    reporter_id: int = Field(foreign_key="reporter.id", index=True)
    report_id: int | None = Field(default=None, foreign_key="report.id")
    kind: str = Field(max_length=10)
    options: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    pending: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    inbox_id: int | None = None
    state: str = Field(max_length=10)
    created_at: datetime
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    digit: int | None = None

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'open', 'answered', 'expired')", name="state_known"),
        Index(
            "ux_question_open",
            "reporter_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )


class QuoteRow(SQLModel, table=True):
    """The published price of one fair day; replaced whole when a report arrives late. `book` is
    the version of the book that first showed it as it is."""

    __tablename__ = "quote"

    id: int | None = Field(default=None, primary_key=True)
    product: str = Field(foreign_key="product.code", max_length=20)
    market: str = Field(foreign_key="market.code", max_length=20)
    stage: str = Field(max_length=10)
    unit: str = Field(max_length=20)
    fair_on: date
    value: int
    low: int
    high: int
    reporters: int
    grade: str = Field(max_length=1)
    n_eff: float
    se_ln: float
    spread: float = 0.0
    stale_unit: bool = False
    reports: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    method: str = Field(max_length=20)
    computed_at: datetime
    version: int = 1
    book: int = 0

    __table_args__ = (
        UniqueConstraint("product", "market", "stage", "unit", "fair_on"),
        CheckConstraint("low <= value AND value <= high AND low > 0", name="range_ordered"),
        CheckConstraint("grade IN ('A', 'B', 'C', 'D')", name="grade_known"),
        CheckConstraint("reporters > 0", name="reporters_positive"),
        Index("ix_quote_fair_on", "fair_on"),
        Index("ix_quote_book", "book"),
    )


class RouteRow(SQLModel, table=True):
    """Cost of going from a village to a market, dated and sourced. F per kg and F per trip."""

    __tablename__ = "route"

    id: int | None = Field(default=None, primary_key=True)
    village: str = Field(foreign_key="village.code", max_length=40)
    market: str = Field(foreign_key="market.code", max_length=20)
    mode: str = Field(default="", max_length=20)
    season: str = Field(default="any", max_length=5)
    per_kg: int = 0
    per_trip: int = 0
    fee_per_kg: int = 0
    load_kg: int | None = None
    loss: float = 0.0
    as_of: date
    source: str = ""
    demo: bool = False
    version: int = 1

    __table_args__ = (
        UniqueConstraint("village", "market", "mode", "season"),
        CheckConstraint("season IN ('any', 'dry', 'rain')", name="season_known"),
        CheckConstraint("per_kg >= 0 AND per_trip >= 0 AND fee_per_kg >= 0", name="costs_positive"),
        CheckConstraint("loss >= 0 AND loss < 1", name="loss_share"),
    )


class ReferencePrice(SQLModel, table=True):
    """A price from another survey, kept apart from reports and labelled with its source."""

    __tablename__ = "reference_price"

    id: int | None = Field(default=None, primary_key=True)
    month: date
    market: str = Field(max_length=60)
    product: str = Field(max_length=20)
    commodity: str = Field(default="", max_length=80)
    unit: str = Field(default="KG", max_length=20)
    pricetype: str = Field(default="", max_length=20)
    price: float
    source: str = Field(max_length=200)

    __table_args__ = (
        UniqueConstraint("product", "market", "pricetype", "unit", "month", "source"),
        CheckConstraint("price > 0", name="price_positive"),
    )


class BookVersion(SQLModel, table=True):
    """One row: bumped by every transaction that changes what farmers are answered.

    `catalog` counts the changes of reference facts; `withdrawn` is the last version that took a
    quote away, which no row of `quote` can tell.
    """

    __tablename__ = "book_version"

    id: int = Field(default=1, primary_key=True)
    version: int = 1
    catalog: int = 1
    withdrawn: int = 0


class Dispute(SQLModel, table=True):
    """A farmer says a price is wrong (key 9). Three distinct phones open a check."""

    __tablename__ = "dispute"

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id")
    product: str = Field(max_length=20)
    market: str = Field(max_length=20)
    fair_on: date
    check_id: int | None = Field(default=None, foreign_key="price_check.id")
    at: datetime

    __table_args__ = (UniqueConstraint("contact_id", "product", "market", "fair_on"),)


class PriceCheck(SQLModel, table=True):
    __tablename__ = "price_check"

    id: int | None = Field(default=None, primary_key=True)
    product: str = Field(max_length=20)
    market: str = Field(max_length=20)
    fair_on: date
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str = Field(default="", max_length=20)
    actor: str = Field(default="", max_length=80)

    __table_args__ = (UniqueConstraint("product", "market", "fair_on"),)


class Gap(SQLModel, table=True):
    """What was asked and not answered, by village, product and ISO week: the map of demand."""

    __tablename__ = "gap"

    week: str = Field(primary_key=True, max_length=8)
    village: str = Field(primary_key=True, max_length=40)
    product: str = Field(primary_key=True, max_length=20)
    market: str = Field(primary_key=True, max_length=20)
    asked: int = 0


class Usage(SQLModel, table=True):
    """Questions answered per day, counted without any phone: channel x screen x who asked."""

    __tablename__ = "usage"

    day: date = Field(primary_key=True)
    channel: str = Field(primary_key=True, max_length=5)
    screen: str = Field(primary_key=True, max_length=20)
    product: str = Field(primary_key=True, max_length=20)
    market: str = Field(primary_key=True, max_length=20)
    village: str = Field(primary_key=True, max_length=40)
    language: str = Field(primary_key=True, max_length=5)
    sex: str = Field(primary_key=True, max_length=1)
    count: int = 0
