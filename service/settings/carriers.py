"""The settings of each gateway, under its own name."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

from service.settings.written import IdPattern, Pattern, Rate, Url, as_pairs

Tier = Literal["accented", "bare"]
State = Literal["in_transit", "delivered", "failed"]


class Carrier(BaseModel):
    """What the settings of every gateway have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hook_token: SecretStr | None = Field(
        None, description="Secret in this gateway's hook URLs; at least 22 random characters"
    )
    hook_token_old: SecretStr | None = Field(
        None, description="The previous hook token, still accepted while the URLs are changed"
    )
    wire_tier: Tier = Field(
        "accented", description="Letters sent: `accented` keeps é è à ù ò, `bare` sends ASCII only"
    )
    rate: Rate = Field(None, description="Messages per second; empty: what suits this gateway")
    keyword: str = Field(
        "", description="Our word on a shared short code, dropped from the front of messages"
    )


class Account(Carrier):
    """A gateway one logs in to."""

    base_url: Url = Field("", description="Where the gateway's API answers")
    username: str = Field("", description="Account name")
    password: SecretStr = Field(SecretStr(""), description="Account password")
    sender_id: str = Field("", description="Registered sender name or short code")


class AfricasTalking(Carrier):
    username: str = Field("sandbox", description="Application name; `sandbox` uses the sandbox")
    api_key: SecretStr = Field(SecretStr(""), description="API key of the application")
    sender_id: str = Field("", description="Registered sender name or short code")
    base_url: Url = Field("", description="API host; empty: the live host, or the sandbox's")
    enqueue: bool = Field(default=True, description="Ask to queue before the operator answers")
    json_bulk: bool = Field(
        default=False, description="Send by the newer JSON endpoint /messaging/bulk"
    )
    omit_sender: bool = Field(
        default=False, description="Leave the sender out (shared short codes)"
    )
    max_recipients: int = Field(20, ge=1, le=100, description="Phones per request")


class Android(Account):
    signing_key: SecretStr = Field(SecretStr(""), description="Key that signs the app's webhooks")
    cloud: bool = Field(
        default=False, description="Call the cloud or private server, not the phone itself"
    )
    sim: int | None = Field(None, ge=1, le=3, description="SIM slot to send from; empty: default")


class Orange(Account):
    base_url: Url = Field("https://api.orange.com", description="Host of token and SMS API")
    username: str = Field("", description="Client id of the application")
    password: SecretStr = Field(SecretStr(""), description="Client secret of the application")
    sender_address: str = Field("tel:+2230000", description="Address given by Orange for Mali")
    country: str = Field("MLI", description="Country code of the balance request")
    ussd: bool = Field(default=False, description="Answer #303# pages (xHTML) at the ussd hook")


class Kannel(Account):
    smsc: str = Field("", description="Route through this SMSC id")


class Jasmin(Account):
    dlr_level: int = Field(3, ge=1, le=3, description="Delivery reports: 1 SMSC, 2 phone, 3 both")


class Loopback(Carrier):
    """The gateway that sends nowhere: the demo, the simulator and the tests."""


class Http(Account):
    """A gateway described in words: any aggregator with a plain HTTP interface."""

    url: str = Field("", description="Send URL; may hold {to} {to_no_plus} {text} {from} {key}")
    method: Literal["GET", "POST", "PUT"] = Field("POST", description="Send method")
    headers: Annotated[dict[str, str], NoDecode, BeforeValidator(as_pairs)] = Field(
        {}, description="Extra headers, `Name={secret};...` or JSON; {secret} is the password"
    )
    content_type: str = Field(
        "application/x-www-form-urlencoded", description="Type of the body; decides the escaping"
    )
    body: str = Field("", description="Body template, with the same words as the URL and {dlr_url}")
    basic_auth: bool = Field(default=False, description="Send username and password as Basic auth")
    max_recipients: int = Field(1, ge=1, le=100, description="Phones per request")
    separator: str = Field(",", description="Between phones when several go in one {to}")
    success_status: str = Field("200-299", description="HTTP statuses that accept, as 200-202,204")
    success_pattern: Pattern = Field("", description="Regex the accepting answer must also match")
    reject_pattern: Pattern = Field("", description="Regex of an answer that refuses for good")
    id_pattern: IdPattern = Field(
        "", description="Regex with the group `id`; a group `phone` when ids differ by phone"
    )
    statuses: Annotated[dict[str, State], NoDecode, BeforeValidator(as_pairs)] = Field(
        {"delivered": "delivered", "failed": "failed", "sent": "in_transit"},
        description="Their delivery words in ours, `WORD=delivered;...` or JSON, in any case",
    )
    items: str = Field("", description="Dotted path of the list when one call carries several")
    sms_id: str = Field("id", description="Incoming: field of the message id")
    sms_from: str = Field("from", description="Incoming: field of the sender")
    sms_to: str = Field("to", description="Incoming: field of the recipient")
    sms_text: str = Field("text", description="Incoming: field of the text")
    sms_date: str = Field("date", description="Incoming: field of the date")
    dlr_id: str = Field("id", description="Report: field of the message id")
    dlr_key: str = Field("key", description="Report: field of our own key, when echoed")
    dlr_phone: str = Field("to", description="Report: field of the phone")
    dlr_status: str = Field("status", description="Report: field of the status word")
    dlr_reason: str = Field("reason", description="Report: field of the reason")
    ack: str = Field("OK", description="Body that satisfies it; some want it empty")
