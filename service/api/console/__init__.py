"""The console: pages for staff over the same functions as the API.

Reading works without JavaScript; every change is a form. `desk` is what the pages stand on,
`voice` how they write figures, `charts` what they draw; each other module is a few pages.
"""

from fastapi import APIRouter

from service.api.console import (
    bulletins,
    composer,
    door,
    impact,
    messages,
    moderation,
    office,
    people,
    prices,
    reference,
    registers,
    runs,
    screens,
    today,
    wild,
    words,
)

router = APIRouter()
router.include_router(door.front)
for _each in (
    door, today, prices, moderation, composer, runs, people, registers, messages, impact,
    bulletins, screens, words, reference, office, wild,
):  # fmt: skip
    router.include_router(_each.router)

__all__ = ["router"]
