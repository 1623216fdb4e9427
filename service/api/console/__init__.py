"""The console: pages for staff over the same functions as the API.

Reading works without JavaScript; every change is a form. `desk` is what the pages stand on,
`voice` how they write figures, `charts` what they draw; each other module is a few pages.
"""

from fastapi import APIRouter

from service.api.console import door
from service.api.console.desk import PageRoute

PAGES = (door,)

router = APIRouter(prefix="/console", include_in_schema=False, tags=["console"])
for each in PAGES:
    router.include_router(each.router)

__all__ = ["PageRoute", "router"]
