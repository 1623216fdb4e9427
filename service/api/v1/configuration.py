"""Settings, as the running service has them. Read only; secrets are never shown."""

from typing import Any

from fastapi import APIRouter
from pydantic import SecretStr

from service.api.deps import Admin
from service.api.letters import Answer
from service.api.pages import Page
from service.settings import Carrier, Settings, listing

router = APIRouter(prefix="/settings", tags=["settings"])

HIDDEN = "***"


class Setting(Answer):
    """`value` as one would write it; a secret is only said to be set."""

    name: str
    value: str
    default: str
    meaning: str


class Configuration(Page[Setting]):
    """All of them: no next page."""


@router.get("")
def read_settings(work: Admin) -> Configuration:
    values = dict(_values(work.state.settings, "SUGU_"))
    return Configuration(
        items=[
            Setting(name=name, value=values[name], default=default, meaning=meaning)
            for name, default, meaning in listing()
        ]
    )


def _values(of: Settings | Carrier, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field in type(of).model_fields:
        name, value = f"{prefix}{field.upper()}", getattr(of, field)
        if isinstance(value, Carrier):
            found += _values(value, f"{name}__")
        else:
            found.append((name, _shown(field, value)))
    return found


def _shown(field: str, value: Any) -> str:
    """A setting as text. A database URL and extra headers may hold a password."""
    match value:
        case None | () | {}:
            return ""
        case SecretStr():
            return HIDDEN if value.get_secret_value() else ""
        case tuple() if any(isinstance(each, SecretStr) for each in value):
            return HIDDEN
        case str() if field.startswith("database_"):
            return _without_password(value)
        case dict() if field == "headers":
            return HIDDEN
        case dict():
            return ";".join(f"{name}={said}" for name, said in value.items())
        case tuple():
            return ",".join(str(each) for each in value)
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{mark}{login.partition(':')[0]}:{HIDDEN}@{place}"
