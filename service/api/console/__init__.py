"""The console: pages for staff over the same functions as the API.

Reading works without JavaScript; every change is a form. `desk` is what the pages stand on,
`voice` how they write figures, `charts` what they draw; each other module is a few pages.
"""

import importlib
import importlib.util

from fastapi import APIRouter

router = APIRouter()
for _name in (
    "door", "today", "prices", "moderation", "composer", "runs", "people", "registers",
    "messages", "impact", "bulletins", "screens",
):  # fmt: skip
    if importlib.util.find_spec(f"service.api.console.{_name}"):
        router.include_router(importlib.import_module(f"service.api.console.{_name}").router)

__all__ = ["router"]
