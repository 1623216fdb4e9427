"""What an SMS says: `read` turns a text into reports, a command, an answer, or a reason why not.

Pure: the lexicon and the day are arguments. Reading never raises, takes time linear in the text,
and never guesses: what is not certain comes back as a doubt to be asked (`service.sms.reading`).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from service.sms.command import recognise
from service.sms.grammar.claims import reports
from service.sms.lexicon import Lexicon
from service.sms.reading import Reading, Reason, Reports, Unreadable
from service.sms.words import gloss
from service.sms.words.nodes import CommandWord, Node

__all__ = ["read"]


def read(
    text: str,
    lexicon: Lexicon,
    today: date,
    sent_on: date | None = None,
    *,
    reporter: bool,
) -> Reading:
    """Understand one message.

    `today` is the day it arrived; `sent_on` the day it was sent, when the gateway says so: days
    like HIER count from there. `reporter` is whether the sender is a registered reporter: anyone
    else who writes `ARA 225` asks a price.
    """
    nodes = gloss(text, lexicon)
    asked = recognise(text, nodes, lexicon, reporter=reporter)
    if asked is not None:
        return asked
    if not reporter:
        return Unreadable(_words(nodes), Reason.UNKNOWN)
    return _report(nodes, lexicon, sent_on or today)


def _report(nodes: Sequence[Node], lexicon: Lexicon, today: date) -> Reading:
    names = {n.name for n in nodes if isinstance(n, CommandWord)}
    first = next((n.name for n in nodes if isinstance(n, CommandWord)), "")
    opened = nodes[0] if nodes else None
    corrects = "correct" in names or (first == "no" and isinstance(opened, CommandWord))
    said = [n for n in nodes if not (isinstance(n, CommandWord) and n.name == "no" and corrects)]
    found = reports(said, lexicon, today)
    if isinstance(found, Reports):
        return replace(found, corrects=corrects, same_as_last="same" in names)
    if "same" in names and not found.unmatched:
        return Reports(same_as_last=True, market=found.market)
    return found


def _words(nodes: Sequence[Node]) -> tuple[str, ...]:
    return tuple(n.word for n in nodes if hasattr(n, "word"))
