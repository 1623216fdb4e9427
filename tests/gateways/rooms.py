"""The gateways of these tests, each turned to a stand-in."""

from collections.abc import Mapping

from pydantic import SecretStr

from service.settings import Settings
from service.sms.gateway import Gateway, Parcel, Recipient
from service.sms.gateways import build

AWA, BAKARY, COUMBA = "+22370000001", "+22365000002", "+22399000003"
TEXT = "PRIX 20/11 Kita: arachide coque 225 F/kg. Marche de Kita, 3 releves."
TOKEN = "a-token-of-at-least-22-letters"
SECRET = SecretStr("s3cret & more")


def settings(gateway: str, at: str, **changes: object) -> Settings:
    """Settings in which `gateway` lives at the address `at`."""
    account = {"base_url": at, "username": "kita", "sender_id": "KITAPRIX"}
    known: Mapping[str, dict[str, object]] = {
        "africastalking": account | {"api_key": SECRET},
        "http": account | {"password": SECRET} | AGGREGATOR,
        "loopback": {},
    }
    said = known.get(gateway, account | {"password": SECRET})
    model = type(getattr(Settings.model_construct(), gateway))
    its = model(**{**said, "hook_token": SecretStr(TOKEN), **changes})
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        public_url="https://sugu.example",
        **{gateway: its},  # type: ignore[arg-type]
    )


AGGREGATOR: dict[str, object] = {
    "url": "/envoi/v2",
    "headers": {"X-Cle": "{secret}"},
    "content_type": "application/json; charset=utf-8",
    "body": '{"msisdn": "{to_no_plus}", "contenu": "{text}", "de": "{from}", "ref": "{key}"}',
    "separator": ";",
    "max_recipients": 10,
    "success_pattern": "code='0'",
    "reject_pattern": "code='17'",
    "id_pattern": r"<m to='(?P<phone>[^']+)' ref='(?P<id>[^']+)'",
    "statuses": {"LIVRE": "delivered", "ECHEC": "failed", "PARTI": "in_transit"},
    "items": "lot.messages",
    "sms_from": "expediteur.numero",
    "sms_text": "contenu",
    "sms_date": "recu",
    "dlr_status": "etat.mot",
    "dlr_key": "ref",
}
"""An aggregator known by its settings alone."""


def gateway(name: str, at: str, **changes: object) -> Gateway:
    return build(settings(name, at, **changes), [name])[name]


def parcel(*phones: str, text: str = TEXT, sender: str | None = None) -> Parcel:
    """Keys are k1, k2... in the order of the phones."""
    each = (Recipient(f"k{at}", phone) for at, phone in enumerate(phones or (AWA,), 1))
    return Parcel(text, tuple(each), sender)
