"""The limits: what the server can do when it does nothing, bare and behind FastAPI's `Form()`.

`constant` reads the request and answers a constant screen. `form` reads the five fields of the
carrier by FastAPI's own means and answers the same constant.
"""

from typing import Annotated

from fastapi import FastAPI, Form
from fastapi.responses import PlainTextResponse

SCREEN = (
    b"CON Arachide, Foire 01\n225 F/kg (210-240)\nven 20/11, 3 releves\n1 Autre prix\n"
    b"2 Ou vendre\n3 Vendre ou attendre\n4 Alertes\n9 Plus"
)
HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", str(len(SCREEN)).encode()),
]


async def constant(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only http is answered")
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": SCREEN})


form = FastAPI(openapi_url=None)


@form.post("/ussd", response_class=PlainTextResponse)
async def ussd(
    sessionId: Annotated[str, Form()],  # noqa: N803 (the carrier's own names)
    phoneNumber: Annotated[str, Form()],  # noqa: N803
    serviceCode: Annotated[str, Form()],  # noqa: N803
    networkCode: Annotated[str, Form()],  # noqa: N803
    text: Annotated[str, Form()] = "",
):
    return PlainTextResponse(SCREEN)
