"""The carriers, one file each. Deleting a file and its line here removes the carrier."""

from collections.abc import Iterable

from service.settings import CARRIERS, Settings
from service.sms.gateway import Gateway
from service.sms.gateways.africastalking import AfricasTalkingGateway
from service.sms.gateways.android import AndroidGateway
from service.sms.gateways.http import HttpGateway
from service.sms.gateways.jasmin import JasminGateway
from service.sms.gateways.kannel import KannelGateway
from service.sms.gateways.loopback import LoopbackGateway, Sink
from service.sms.gateways.orange import OrangeGateway
from service.sms.gateways.quiet import tokens

DEMO_TOKEN = "demo"  # noqa: S105 (known to everyone, in the demo only)


def build(
    settings: Settings, names: Iterable[str] = CARRIERS, sink: Sink | None = None
) -> dict[str, Gateway]:
    """The gateways by name, ready but not connected. Those without a hook token send only."""
    return {name: _one(settings, name, sink) for name in names}


def _one(settings: Settings, name: str, sink: Sink | None) -> Gateway:
    said, url, rate = settings, settings.public_url, settings.send_rate
    match name:
        case "africastalking":
            its = said.africastalking
            return AfricasTalkingGateway(its, tokens(its), rate)
        case "android":
            return AndroidGateway(said.android, tokens(said.android), rate)
        case "orange":
            return OrangeGateway(said.orange, tokens(said.orange), rate)
        case "kannel":
            return KannelGateway(said.kannel, tokens(said.kannel), url, rate)
        case "jasmin":
            return JasminGateway(said.jasmin, tokens(said.jasmin), url, rate)
        case "http":
            return HttpGateway(said.http, tokens(said.http), url, rate)
        case "loopback":
            known = tokens(said.loopback, DEMO_TOKEN if said.demo else None)
            return LoopbackGateway(said.loopback, known, rate, sink)
        case _:
            raise KeyError(f"no gateway is called {name}")
