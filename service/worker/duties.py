"""What the clock does for reporters and farmers: reminders, questions left open, alerts."""

from datetime import datetime, timedelta

from sqlmodel import Session

from service.people.scores import score
from service.sms.broadcasts.editions import Press
from service.sms.intake import unanswered
from service.sms.notices import alerting, monthly, nudges
from service.worker.clockwork import Job

OFTEN = timedelta(seconds=20)
SOMETIMES = timedelta(minutes=5)
HOURLY = timedelta(hours=1)


def duties(press: Press) -> list[Job]:
    return [
        Job("questions", OFTEN, lambda session, now: _questions(session, now, press), press.book),
        Job("alerts", OFTEN, lambda session, now: _alerts(session, now, press), press.book),
        Job("scores", HOURLY, lambda session, now: _scores(session, now, press)),
        Job("cards", HOURLY, lambda session, now: _cards(session, now, press)),
        Job("nudges", SOMETIMES, lambda session, now: _nudges(session, now, press), press.book),
    ]


def _questions(session: Session, now: datetime, press: Press) -> str:
    book = press.book(session)
    done = unanswered.settle_unanswered(session, book, press.limits, now)
    return f"{done} questions closed" if done else ""


def _alerts(session: Session, now: datetime, press: Press) -> str:
    sent = alerting.send_alerts(session, press.book(session), press.limits, now)
    return f"{sent} alerts" if sent else ""


def _nudges(session: Session, now: datetime, press: Press) -> str:
    book = press.book(session)
    reminded = nudges.remind(session, book, press.limits, now)
    asked = nudges.ask_silent(session, book, press.limits, now)
    return f"{reminded} reminded, {asked} asked" if reminded or asked else ""


def _cards(session: Session, now: datetime, press: Press) -> str:
    sent = monthly.send_cards(session, press.limits, now)
    return f"{sent} monthly cards" if sent else ""


def _scores(session: Session, now: datetime, press: Press) -> str:
    changed = score(session, press.limits.today(now))
    return f"{changed} reporters scored" if changed else ""
