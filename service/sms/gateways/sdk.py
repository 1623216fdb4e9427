"""The official SDK of Africa's Talking, for what blocks and need not be exact.

A module of its own, opened when it is used: with what it brings along it takes more room than
all our gateways together.
"""

import json
from collections.abc import Callable
from typing import Any

import requests
from africastalking.Application import ApplicationService
from africastalking.Service import AfricasTalkingException
from africastalking.SMS import SMSService


def application_data(username: str, key: str, url: str) -> object:
    """What the account says of itself, the balance among it."""
    service = ApplicationService(username, key)
    service._baseUrl = url
    return _said(service.fetch_application_data)


def messages(username: str, key: str, url: str, last: int) -> object:
    """A page of the inbox after `last`."""
    service = SMSService(username, key)
    service._baseUrl = url
    return _said(service.fetch_messages, last)


def _said(call: Callable[..., Any], *args: object) -> object:
    """None when it failed; the answer may be a `str` when the content type carries a charset."""
    try:
        answer = call(*args)
        return json.loads(answer) if isinstance(answer, str) else answer
    except (requests.RequestException, AfricasTalkingException, ValueError):
        return None
