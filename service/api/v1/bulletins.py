"""Bulletins: a market's prices to print, to send on, and to read on the radio."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import jinja2
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from service.api import bulletin, bulletin_chart
from service.api.deps import Viewer, Work
from service.api.errors import unknown
from service.api.letters import Answer
from service.api.problems import Problem
from service.api.v1.quotes import Quote, answer
from service.i18n import LANGS
from service.ussd.scene import key_of

router = APIRouter(prefix="/bulletins", tags=["bulletins"])

_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A printed page needs its own style and nothing else."""


class Bulletin(Answer):
    """`text`, `sms` (one message to read aloud) and `radio` per language; Bambara counts money in
    dɔrɔmɛ words. `demo`: invented."""

    market: str
    name: str
    on: date
    fair_on: date | None
    prices: list[Quote]
    text: dict[str, str]
    sms: dict[str, str]
    radio: dict[str, str]
    demo: bool


@router.get(
    "/{market}",
    response_model=Bulletin,
    responses={200: {"content": {"text/html": {}, "text/plain": {}}}},
)
def read_bulletin(
    work: Viewer,
    market: str,
    kind: Annotated[
        Literal["json", "html", "text", "sms", "radio"],
        Query(alias="format", description="What for"),
    ] = "json",
    language: Literal["fr", "bm"] = "fr",
    village: Annotated[str, Query(max_length=20, description="Whose relay reads the SMS")] = "",
) -> Any:
    """Everything at once as JSON; or a page to print, lines to send on, one SMS for a relay to
    read aloud, a script for the radio."""
    place = work.state.book().catalog.markets.get(market.upper())
    if place is None:
        raise Problem("not_found")
    made = bulletin.bulletin(work.state.book(), place, work.today)
    say = work.state.voice(language)
    match kind:
        case "html":
            return _printed(work, made, language)
        case "text":
            return PlainTextResponse(bulletin.text(made, say, language))
        case "sms":
            return PlainTextResponse(bulletin.sms(made, say, language, _village(work, village)))
        case "radio":
            return PlainTextResponse(bulletin.radio(made, say, language))
        case _:
            return _letter(work, made, _village(work, village))


def _village(work: Work, code: str) -> str:
    """The name of a known village; empty for none."""
    card = work.state.book().villages.get(code.upper())
    if code and card is None:
        raise unknown("village")
    return card.name if card else ""


def _letter(work: Work, made: bulletin.Bulletin, village: str) -> Bulletin:
    book, voice = work.state.book(), work.state.voice
    return Bulletin(
        market=made.market.code,
        name=made.market.name,
        on=made.on,
        fair_on=made.fair_on,
        prices=[answer(each.quote, book, work.today) for each in made.prices if each.quote],
        text={lang: bulletin.text(made, voice(lang), lang) for lang in LANGS},
        sms={lang: bulletin.sms(made, voice(lang), lang, village) for lang in LANGS},
        radio={lang: bulletin.radio(made, voice(lang), lang) for lang in LANGS},
        demo=made.demo,
    )


def _printed(work: Work, made: bulletin.Bulletin, language: str) -> Response:
    say = work.state.voice(language)
    page = _pages.get_template("bulletin.html").render(
        say=say,
        language=language,
        made=made,
        title=bulletin.heading(made, say, language),
        rows=bulletin.rows(made, say, language),
        drawn=bulletin_chart.chart(made.prices, work.state.book(), language),
        code=work.state.settings.ussd_code,
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


def card_page(work: Work, language: str) -> Response:
    """The card of the digits to dial, on one side of a sheet."""
    book, code = work.state.book(), work.state.settings.ussd_code
    page = _pages.get_template("card.html").render(
        say=work.state.voice(language),
        language=language,
        products=book.sold(),
        markets=book.fairs(),
        key=key_of,
        code=code,
        direct=code.rstrip("#"),
        demo=book.demo,
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
