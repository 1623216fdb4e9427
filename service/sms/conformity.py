"""How a real exchange differs from a gateway's contract: what `sugu doctor --gateway` prints.

Pure: the answer to a send and the reports that came, in; sentences for a technician, out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.sms.gateway import Halt, Outcome, ReportForm, Sent

PROMPT = 60.0
"""Seconds after which a report to a phone that is on is late."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One report. `word` is the carrier's own; `ours` whether we know it; `matched` whether it
    named the message (or only its phone, or nothing); `after` seconds from the send."""

    word: str
    state: str
    ours: bool
    matched: bool
    provider_id: str | None
    reason: str
    after: float
    final: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """`fatal`: messages or their reports would be lost. The others are good to know."""

    said: str
    fatal: bool = True


def of_answer(answer: Sent | Halt, parts: int, *, own_id: bool) -> list[Difference]:
    """What is odd in the answer to the send itself. `parts` is our own count of segments."""
    match answer:
        case Halt(reason, kind):
            return [Difference(f"refused ({kind}): {reason}")]
        case Sent(outcome=Outcome.ACCEPTED):
            return list(_of_acceptance(answer, parts, own_id=own_id))
        case Sent(outcome=Outcome.UNKNOWN):
            return [Difference(f"no clear answer ({answer.code or answer.reason}): may have left")]
        case Sent():
            told = answer.reason or answer.code or "no reason given"
            return [Difference(f"{answer.outcome.replace('_', ' ')}: {told}")]


def _of_acceptance(answer: Sent, parts: int, *, own_id: bool) -> Iterator[Difference]:
    if answer.provider_id is None and not own_id:
        yield Difference("accepted without a message id: reports can be matched by phone only")
    if answer.parts is not None and answer.parts != parts:
        yield Difference(f"billed as {answer.parts} SMS where we count {parts}", fatal=False)


def of_reports(reports: Sequence[Heard], patience: float) -> list[Difference]:
    """What is odd in the reports, or that there were none within `patience` seconds."""
    if not reports:
        return [Difference(f"no delivery report within {patience:g} s")]
    found = [each for report in reports for each in _of_report(report)]
    if not any(report.final for report in reports):
        found.append(Difference(f"reported as on its way, and no end within {patience:g} s"))
    return found


def _of_report(report: Heard) -> Iterator[Difference]:
    if not report.ours:
        yield Difference(f"unknown status word “{report.word}”")
    if not report.matched:
        given = report.provider_id or "none"
        yield Difference(f"a report's id ({given}) is not the one given at sending")
    if report.state == "failed":
        yield Difference(f"reported as failed: {report.reason or report.word}")
    if report.final and report.after > PROMPT:
        yield Difference(f"the report came late, after {report.after:.0f} s", fatal=False)


def of_fields(form: ReportForm, seen: frozenset[str]) -> list[Difference]:
    """Fields that one report lacks or adds."""
    lacks, adds = form.needed - seen, seen - form.needed - form.known
    found = []
    if lacks:
        found.append(Difference(f"a report lacks {', '.join(sorted(lacks))}"))
    if adds:
        found.append(Difference(f"a report also holds {', '.join(sorted(adds))}", fatal=False))
    return found
