"""`dial` and `text`: speak to the service from a terminal, through the gateway's own doors."""

import asyncio
import secrets
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import typer
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import col, select

from service import clock
from service.api.state import Sugu
from service.app import create_app
from service.cli import inside
from service.cli.said import Failure, app, command, database, phone, settings
from service.db import reading
from service.logs import configure
from service.people.store import find
from service.phone import Phone
from service.settings import Settings
from service.sms.gateway import Sent
from service.sms.gateways import DEMO_TOKEN
from service.sms.tables import Delivery, MessageText

As = Annotated[str, typer.Option("--as", help="Phone number to speak as")]
BAR = "-" * 24
TOKEN_BYTES = 16
"""128 bits, as every hook token has at least."""
FORM = {"content-type": "application/x-www-form-urlencoded"}


@command(app)
def dial(
    path: Annotated[str, typer.Argument(help="The code or keys: '*384*77#', '1*3'")] = "",
    speaker: As = "+22376000001",
) -> None:
    """A USSD session in the terminal; without keys it asks for them one by one."""
    configure("warning")  # the terminal is for the answer
    said = settings()
    caller = phone(speaker).e164
    asyncio.run(_session(said, caller, _keys(path, said.ussd_code), ask=not path))


@command(app)
def text(
    message: Annotated[str, typer.Argument(help="The SMS, as a reporter or farmer writes it")],
    speaker: As = "+22370000001",
) -> None:
    """Send one SMS to the service and print its reply."""
    configure("warning")
    asyncio.run(_text(settings(), phone(speaker).e164, message))


def _keys(path: str, code: str) -> list[str]:
    """The keys of `*384*77*1*3#`, `1*3` or nothing."""
    bare, own = path.strip().rstrip("#"), code.rstrip("#")
    bare = bare[len(own) :] if bare.startswith(own) else bare
    return [key for key in bare.split("*") if key]


async def _session(said: Settings, caller: str, keys: list[str], *, ask: bool) -> None:
    said = _with_a_door(said)
    application = create_app(said, engine=database(said))
    name = f"cli-{clock.system():%H%M%S%f}"
    form = {"sessionId": name, "serviceCode": said.ussd_code, "phoneNumber": caller}
    door = f"/hooks/loopback/{_token(application.state.sugu)}/ussd"
    async with application.router.lifespan_context(application):
        typed = ""
        screen = await _turn(application, door, form, typed)
        while screen.startswith("CON") and (keys or ask):
            key = keys.pop(0) if keys else typer.prompt("", prompt_suffix="> ")
            typed = f"{typed}*{key}" if typed else key
            screen = await _turn(application, door, form, typed)


async def _turn(application: FastAPI, door: str, form: dict[str, str], typed: str) -> str:
    _, screen = await _post(application, door, {**form, "networkCode": "99999", "text": typed})
    kind, _, words = screen.partition(" ")
    typer.echo(f"{BAR}\n{words}\n{BAR} {kind} {len(screen)}/160")
    return screen


async def _text(said: Settings, caller: str, message: str) -> None:
    said = _with_a_door(said)
    application = create_app(said, engine=database(said))
    state: Sugu = application.state.sugu
    now = clock.system()
    form = {
        "id": f"cli-{now:%Y%m%d%H%M%S%f}",
        "from": caller,
        "to": "36000",
        "text": message,
        "date": f"{now:%Y-%m-%d %H:%M:%S}",
    }
    async with application.router.lifespan_context(application):
        status, words = await _post(application, f"/hooks/loopback/{_token(state)}/sms", form)
        if status != 200:
            raise Failure(f"The service answered {status}: {words}")
        typer.echo(_reply(state, caller, now) or "(no reply)")


def _reply(state: Sugu, caller: str, since: datetime) -> str | None:
    with reading(state.engine) as session:
        contact = find(session, state.vault, phone(caller))
        return session.exec(
            select(MessageText.body)
            .join(Delivery, col(Delivery.text_id) == col(MessageText.id))
            .where(Delivery.contact_id == (contact.id if contact else None))
            .where(Delivery.created_at >= since)
            .order_by(col(Delivery.id).desc())
        ).first()


async def _post(application: FastAPI, path: str, form: dict[str, str]) -> tuple[int, str]:
    answer = await inside.call(application, "POST", path, FORM, urlencode(form).encode())
    return answer.status, answer.body.decode()


async def report(said: Settings, sent: Sent, to: Phone) -> None:
    """The delivery report of a gateway that sends nowhere, by the door of all reports."""
    application = create_app(said, engine=database(said))
    form = {"id": sent.provider_id or "", "status": "Success", "phoneNumber": to.e164}
    door = f"/hooks/loopback/{_token(application.state.sugu)}/delivery"
    status, words = await _post(application, door, form)
    if status != 200:
        raise Failure(f"The service answered its own report {status}: {words}")


def _with_a_door(said: Settings) -> Settings:
    """Settings under which this process alone may knock at the loopback door: where none is set,
    its token is drawn here and known to nobody else."""
    if said.demo or said.loopback.hook_token:
        return said
    drawn = SecretStr(secrets.token_hex(TOKEN_BYTES))
    loopback = said.loopback.model_copy(update={"hook_token": drawn})
    return said.model_copy(update={"loopback": loopback})


def _token(state: Sugu) -> str:
    own = state.settings.loopback.hook_token
    if own:
        return own.get_secret_value()
    if state.settings.demo:
        return DEMO_TOKEN
    raise Failure("The loopback gateway needs the demo world, or SUGU_LOOPBACK__HOOK_TOKEN")
