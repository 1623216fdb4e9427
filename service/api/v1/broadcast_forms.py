"""The letters of a broadcast: what staff write, and what they are shown before it leaves."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from service.api.letters import Answer, Code, Language, Letter, PhoneText

BODY = {"fr": "Foire de Kita {date}: {prices}", "bm": "Kita sugu {date}: {prices}"}
EXAMPLE: Any = {
    "name": "Foire de Kita", "body": BODY, "audience": {"villages": ["*"]},
    "when": {"weekly": ["fri"], "at": "06:45"},
}  # fmt: skip

Title = Annotated[str, Field(min_length=1, max_length=120)]
Words = dict[Language, Annotated[str, Field(max_length=480)]]
Codes = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=200)]
Clock = Annotated[str, Field(pattern=r"^\d\d:\d\d$", examples=["06:45"])]


class People(Letter):
    """Codes per key, `["*"]` for all; every key given must match."""

    villages: Codes | None = None
    communes: Codes | None = None
    cooperatives: Codes | None = None
    markets: Codes | None = None
    products: Codes | None = None
    sex: Codes | None = None
    languages: Codes | None = None
    roles: Codes | None = None


class AudienceForm(People):
    exclude: People | None = None


class Once(Letter):
    once: Annotated[str, Field(max_length=40, examples=["2026-11-27T06:45:00Z"])]


class Weekly(Letter):
    """Days by name, local time: a number would mean another day to somebody else."""

    weekly: Annotated[list[Annotated[str, Field(max_length=10)]], Field(min_length=1, max_length=7)]
    at: Clock


class OnFair(Letter):
    """On every fair day of a market, at a local time."""

    fair: Code
    at: Clock


When = Literal["now"] | Once | Weekly | OnFair


class BroadcastChange(Letter):
    """Only the fields given are changed; a change withdraws an approval."""

    name: Title | None = None
    body: Words | None = None
    audience: AudienceForm | None = None
    when: When | None = None
    freeze: Literal["send", "approval"] | None = None
    needs_fresh: bool | None = None


class BroadcastForm(Letter):
    """`{prices}`, `{price:ARA:KITA}`, `{dorome:ARA:KITA}`, `{date}`, `{day}`, `{market}`,
    `{village}`, `{commune}` and `{code}` are filled in for each reader. `freeze`: prices as
    approved, or as when it is sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Title
    body: Words
    audience: AudienceForm
    when: When
    freeze: Literal["send", "approval"] = "send"
    needs_fresh: bool = True


class Submission(Letter):
    """`confirm`: the same words to the same people within two days are meant."""

    confirm: bool = False


class TestForm(Letter):
    """Where the trial goes: our own phones, never more than ten."""

    phones: Annotated[list[PhoneText], Field(min_length=1, max_length=10)]
    language: Language = "fr"


class Broadcast(Answer):
    id: int
    name: str
    body: dict[str, str]
    audience: dict[str, Any]
    when: str | dict[str, Any]
    freeze: str
    needs_fresh: bool
    state: str
    next_due: datetime | None
    next: list[datetime]
    created_by: str
    created_at: datetime
    submitted_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    version: int


class Stepped(Broadcast):
    """`run_id` when the step sent it at once."""

    run_id: int | None = None


class Offender(Answer):
    """The character that would make the SMS dearer, and what leaves instead."""

    position: int
    character: str
    instead: str


class Remark(Answer):
    code: str
    detail: str


class PageSeen(Answer):
    """What readers of one language get; `own`: written in it, else the French stands in."""

    language: str
    own: bool
    text: str
    texts: int
    septets: int
    segments: int
    encoding: str
    offenders: list[Offender]
    people: int


class Preview(Answer):
    """`cost` in F, null while no tariff is entered; `seconds` to send it all. With `blockers` it
    cannot be submitted; `cautions` are worth a look."""

    pages: list[PageSeen]
    people: int
    segments: int
    cost: float | None
    seconds: float
    left_out: int
    unreachable: dict[str, int]
    next: list[datetime]
    needs_approval: bool
    blockers: list[Remark]
    cautions: list[Remark]


class Tested(Answer):
    deliveries: list[int]
