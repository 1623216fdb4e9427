"""Messages: everything that came in and went out, and the bytes behind one of them."""

from typing import Annotated

from fastapi import Query, Response

from service.api.console.desk import Reader, pages, show
from service.api.pages import Ask
from service.api.v1 import messages

router = pages()

SHOWN = 50


@router.get("/messages")
def list_page(
    work: Reader,
    direction: str = "",
    state: Annotated[str, Query(max_length=12)] = "",
    q: Annotated[str, Query(max_length=60)] = "",
    cursor: str | None = None,
) -> Response:
    found = messages.list_messages(
        work,
        Ask(cursor, SHOWN),
        direction=next((each for each in ("in", "out") if each == direction), None),
        state=state or None,
        q=q or None,
    )
    return show(
        work,
        "messages.html",
        items=found.items,
        next=found.next,
        direction=direction,
        state=state,
        q=q,
    )


@router.get("/messages/{message_id}")
def read_page(work: Reader, message_id: str) -> Response:
    """One message; its raw exchange for those who may work with it."""
    one = messages.read_message(work, message_id)
    return show(work, "message.html", one=one, raw=one.exchange)
