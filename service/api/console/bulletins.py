"""Bulletins: one market on one page, to print, to send on, and to read on the radio."""

from fastapi import Response

from service.api.console.desk import Reader, pages, show
from service.api.problems import Problem
from service.api.v1 import bulletins
from service.i18n import LANGS

router = pages()


@router.get("/card")
def card_page(work: Reader, language: str = "fr") -> Response:
    """The digits of products and markets, to print and hang up."""
    return bulletins.card_page(work, language if language in LANGS else LANGS[0])


@router.get("/bulletins")
def bulletins_page(work: Reader, market: str = "") -> Response:
    places = work.state.book().fairs()
    chosen = market or (places[0].code if places else "")
    if not chosen:
        raise Problem("not_found")
    made = bulletins.read_bulletin(work, chosen)
    return show(work, "bulletins.html", markets=places, made=made)
