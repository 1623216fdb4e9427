"""`doctor`: what would fail on the day; with `--gateway`, one real SMS and its report."""

import asyncio
from typing import Annotated

import typer

from service import clock
from service.cli import checks
from service.cli.checks import Finding
from service.cli.said import Failure, app, command, database, phone, settings, vault
from service.cli.trial import Bench, Verdict, try_gateway
from service.cli.trying import report
from service.phone import Phone
from service.settings import CARRIERS, Settings
from service.sms.archive import Archive
from service.sms.gateway import Health
from service.sms.gateways import build
from service.sms.outbox.limits import limits
from service.sms.secrets import Eraser

USUAL_WAIT, LONGEST_WAIT = 120.0, 3600.0
"""Seconds: a phone that is on reports within one minute; one that is off, never."""
DEMO_FARMER = "+22376000001"
"""Receives the test of the gateway that sends nowhere."""


@command(app)
def doctor(
    gateway: Annotated[
        str | None,
        typer.Option(help="Send one real SMS through this gateway, await its report"),
    ] = None,
    to: Annotated[str | None, typer.Option(help="Phone that receives the test SMS")] = None,
    wait: Annotated[
        float, typer.Option(min=0, max=LONGEST_WAIT, help="Seconds to wait for the report")
    ] = USUAL_WAIT,
) -> None:
    """What would fail on the day: settings, database, clock, disk, gateway."""
    said = settings()
    findings = checks.examine(said, clock.system())
    _show(findings)
    if gateway:
        findings += _show(_tried(said, gateway, to, wait))
    failed = [each for each in findings if not each.ok]
    if failed:
        first = f"{failed[0].name}: {failed[0].detail}"
        raise Failure(f"{len(failed)} of {len(findings)} checks failed, the first: {first}")


def _show(findings: list[Finding]) -> list[Finding]:
    for each in findings:
        typer.echo(f"{'ok  ' if each.ok else 'FAIL'} {each.name}: {each.detail}")
    return findings


def _tried(said: Settings, name: str, to: str | None, wait: float) -> list[Finding]:
    """One finding for what was seen, one for each difference from the contract."""
    if name not in CARRIERS:
        raise Failure(f"There is no gateway {name}: {', '.join(CARRIERS)}")
    if not to and name != "loopback":
        raise Failure("Say which phone receives the test SMS: --to +22370000000")
    receiver = phone(to or DEMO_FARMER)
    if not limits(said).reaches(receiver.e164):
        raise Failure(f"{receiver} is not written to: see SUGU_PREFIXES")
    verdict, health = asyncio.run(_try(said, name, receiver, wait))
    seen = f"{'; '.join(verdict.seen)} ({health.detail})"
    told = [Finding(f"gateway {name}", True, seen)]
    told += [Finding("contract", not each.fatal, each.said) for each in verdict.differences]
    if not verdict.ok and not said.carrier(name).hook_token and name != "loopback":
        told.append(Finding("hook token", False, "none is set, so no report can come in"))
    return told


async def _try(said: Settings, name: str, to: Phone, wait: float) -> tuple[Verdict, Health]:
    sender = build(said, [name])[name]
    the_vault = vault(said)
    bench = Bench(
        engine=database(said),
        vault=the_vault,
        limits=limits(said),
        archive=Archive(the_vault, Eraser(said.secrets(), said.logins())),
        now=clock.system,
        pause=asyncio.sleep,
        tell=lambda words: typer.echo(words, err=True),
        echo=lambda sent: report(said, sent, to),
    )
    try:
        return await try_gateway(bench, sender, to, wait), await sender.health()
    finally:
        await sender.close()
