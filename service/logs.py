"""Logs for machines and for people: structured, and never with a phone number or a token."""

import io
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

PHONE = re.compile(r"\+?(?:00)?223[\s.-]?(?:\d[\s.-]?){4}(\d)[\s.-]?(\d)[\s.-]?(\d)[\s.-]?(\d)")
"""A Malian number wherever it stands in a text, however it is spaced."""
TOKEN = re.compile(r"/hooks/([a-z]+)/[^/\s\"']+")
KEY = re.compile(r"\bsugu_[A-Za-z0-9]+_[A-Za-z0-9]+")


class _Stderr(io.TextIOBase):
    """Whatever standard error is just now: loggers outlive a stream that a caller has replaced."""

    def write(self, said: str) -> int:
        return sys.stderr.write(said)

    def flush(self) -> None:
        sys.stderr.flush()


_STDERR = cast("TextIO", _Stderr())


def configure(level: str) -> None:
    """Set up logging for this process: one JSON object a line, ours and the libraries' alike, with
    the names of the request and the message; everything passes through `redact`."""
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [
        structlog.processors.format_exc_info,
        redact_event,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(
        processors=[*first, *last],
        logger_factory=structlog.PrintLoggerFactory(_STDERR),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_STDERR)
    unwrapped = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *first],
            processors=[unwrapped, *last],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for quiet in ("httpx", "httpcore", "alembic", "apscheduler", "urllib3"):
        logging.getLogger(quiet).setLevel(logging.WARNING)


def redact(text: str) -> str:
    """The text with phones masked, hook tokens and keys taken out."""
    text = PHONE.sub(r"+223****\1\2\3\4", text)
    text = TOKEN.sub(r"/hooks/\1/***", text)
    return KEY.sub("sugu_***", text)


def redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {name: _redacted(value) for name, value in event.items()}


def _redacted(value: Any) -> Any:
    """The same value with every text in it redacted, however deep."""
    match value:
        case str():
            return redact(value)
        case bytes():
            return redact(value.decode("utf-8", "replace"))
        case Mapping():
            return {_redacted(name): _redacted(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(each) for each in value]
        case _:
            return value
