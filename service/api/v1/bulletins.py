"""Bulletins: a market's prices to print, to send on, and to read on the radio."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import jinja2
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from service.api import bulletin
from service.api.deps import Viewer, Work
from service.api.letters import Answer
from service.api.problems import Problem
from service.api.v1.quotes import Quote, answer
from service.i18n import LANGS

router = APIRouter(prefix="/bulletins", tags=["bulletins"])

_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A printed page needs its own style and nothing else."""


class Bulletin(Answer):
    """`text` and `radio` per language; Bambara counts money in dɔrɔmɛ words. `demo`: invented."""

    market: str
    name: str
    on: date
    fair_on: date | None
    prices: list[Quote]
    text: dict[str, str]
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
        Literal["json", "html", "text", "radio"], Query(alias="format", description="What for")
    ] = "json",
    language: Literal["fr", "bm"] = "fr",
) -> Any:
    """Everything at once as JSON; or a page to print, lines to send on, a script to read."""
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
        case "radio":
            return PlainTextResponse(bulletin.radio(made, say, language))
        case _:
            return _letter(work, made)


def _letter(work: Work, made: bulletin.Bulletin) -> Bulletin:
    book = work.state.book()
    return Bulletin(
        market=made.market.code,
        name=made.market.name,
        on=made.on,
        fair_on=made.fair_on,
        prices=[answer(each.quote, book, work.today) for each in made.prices if each.quote],
        text={lang: bulletin.text(made, work.state.voice(lang), lang) for lang in LANGS},
        radio={lang: bulletin.radio(made, work.state.voice(lang), lang) for lang in LANGS},
        demo=made.demo,
    )


def _printed(work: Work, made: bulletin.Bulletin, language: str) -> Response:
    say = work.state.voice(language)
    page = _pages.get_template("bulletin.html").render(
        say=say,
        language=language,
        made=made,
        title=bulletin.heading(made, say, language),
        lines=[bulletin.line(each, made, say, language) for each in made.prices],
        radio={
            lang: bulletin.radio(made, work.state.voice(lang), lang).splitlines() for lang in LANGS
        },
        code=work.state.settings.ussd_code,
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})
