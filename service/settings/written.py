"""How a setting is written in the environment, and what it is read as."""

import json
import re
from dataclasses import dataclass
from datetime import time
from ipaddress import ip_network
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local hours in which nobody is written to first; `start` may be later than `end`."""

    start: time
    end: time

    def hold(self, at: time) -> bool:
        """Whether the local time `at` is quiet. The end itself no longer is."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def as_quiet(value: object) -> object:
    """`20:00-06:30`; empty is None."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    start, dash, end = value.partition("-")
    if not dash:
        raise ValueError("SUGU_QUIET_HOURS: write 20:00-06:30, or nothing for none")
    return QuietHours(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))


def as_names(value: object) -> object:
    """`a, b` or a JSON list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return tuple(part.strip() for part in value.split(",") if part.strip())


def as_pairs(value: object) -> object:
    """`orange=orange,kannel; 6=africastalking` or a JSON object."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    parts = (part.partition("=") for part in value.split(";") if part.strip())
    return {name.strip(): said.strip() for name, _, said in parts}


def as_routes(value: object) -> object:
    said = as_pairs(value)
    if not isinstance(said, dict):
        return said
    return {name: as_names(gateways) for name, gateways in said.items()}


def as_zone(value: str) -> str:
    ZoneInfo(value)
    return value


def as_proxies(value: str) -> str:
    """Addresses or networks, separated by commas. Believing everybody, anybody could choose the
    address that limits and the audit trail see."""
    for each in filter(None, (part.strip() for part in value.split(","))):
        if ip_network(each, strict=False).prefixlen == 0:
            raise ValueError("name the proxies, not everybody")
    return value


def slashless(value: str) -> str:
    return value.rstrip("/")


def pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as wrong:
        raise ValueError(f"not a regular expression: {wrong}") from None
    return value


def names_an_id(value: str) -> str:
    if value and "id" not in re.compile(value).groupindex:
        raise ValueError("the pattern needs a group named id: (?P<id>...)")
    return value


Url = Annotated[str, AfterValidator(slashless)]
Pattern = Annotated[str, AfterValidator(pattern)]
IdPattern = Annotated[str, AfterValidator(pattern), AfterValidator(names_an_id)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(as_names)]
Rate = Annotated[float | None, Field(gt=0)]
