"""Every setting, read once from the environment (`SUGU_`, nested with `__`) and `.env`.

`Settings` is frozen and handed down; nothing else reads the environment. A field's description
is the README's line for it (`listing` makes the table, a test keeps it true). What a gateway
needs is under its own name, so that an adapter is given its own few values and no more.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_SECRET = 32
"""Characters of the secret key: 128 bits written in hexadecimal."""
FEWEST_SYMBOLS = 5
"""Different characters in a real secret; fewer is a key held down."""
SHORTEST_TOKEN = 22
"""Characters of a hook token: 128 bits in URL-safe base64."""
PLACEHOLDERS = ("changeme", "change-me", "change_me", "replace-me", "your-secret")
"""Words that show a secret was copied from a page instead of drawn at random."""

GatewayName = Literal["africastalking", "android", "orange", "kannel", "jasmin", "http", "loopback"]
Tier = Literal["accented", "bare"]
State = Literal["in_transit", "delivered", "failed"]


class WeakSecret(ValueError):
    """The secret key is missing or can be guessed: nothing may be served or sealed with it."""


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


def _quiet(value: object) -> object:
    """`20:00-06:30`; empty is None."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    start, dash, end = value.partition("-")
    if not dash:
        raise ValueError("SUGU_QUIET_HOURS: write 20:00-06:30, or nothing for none")
    return QuietHours(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))


def _names(value: object) -> object:
    """`a, b` or a JSON list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _pairs(value: object) -> object:
    """`orange=orange,kannel; 6=africastalking` or a JSON object."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    parts = (part.partition("=") for part in value.split(";") if part.strip())
    return {name.strip(): said.strip() for name, _, said in parts}


def _routes(value: object) -> object:
    pairs = _pairs(value)
    if not isinstance(pairs, dict):
        return pairs
    return {name: _names(said) for name, said in pairs.items()}


def _zone(value: str) -> str:
    ZoneInfo(value)
    return value


def _slashless(value: str) -> str:
    return value.rstrip("/")


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as wrong:
        raise ValueError(f"not a regular expression: {wrong}") from None
    return value


def _names_an_id(value: str) -> str:
    if value and "id" not in re.compile(value).groupindex:
        raise ValueError("the pattern needs a group named id: (?P<id>...)")
    return value


Url = Annotated[str, AfterValidator(_slashless)]
Pattern = Annotated[str, AfterValidator(_pattern)]
IdPattern = Annotated[str, AfterValidator(_pattern), AfterValidator(_names_an_id)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Rate = Annotated[float | None, Field(gt=0)]


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
    headers: Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)] = Field(
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
    statuses: Annotated[dict[str, State], NoDecode, BeforeValidator(_pairs)] = Field(
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


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="SUGU_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
    )

    database_url: str = Field(
        "sqlite:///var/sugu.db", description="`sqlite:///...` or `postgresql+psycopg://...`"
    )
    secret_key: SecretStr | None = Field(
        None, description="Encrypts phone numbers, signs sessions; 32 random characters or more"
    )
    secret_keys_old: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_names)] = Field(
        (), description="Earlier secret keys, which still open what they sealed"
    )
    ussd_code: str = Field("*384*77#", description="The code farmers dial, shown in texts")
    gateway: GatewayName = Field("loopback", description="Which gateway sends and receives")
    routes: Annotated[dict[str, tuple[str, ...]], NoDecode, BeforeValidator(_routes)] = Field(
        {}, description="Gateways by operator or prefix, in order: `orange=orange,android;6=kannel`"
    )
    prefixes: Names = Field(("+223",), description="The only prefixes ever written to")
    public_url: Url = Field(
        "http://127.0.0.1:8000", description="What gateways reach us by; in delivery-report URLs"
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Africa/Bamako", description="Local time of fairs, schedules and quiet hours"
    )
    quiet_hours: Annotated[QuietHours | None, NoDecode, BeforeValidator(_quiet)] = Field(
        QuietHours(time(20), time(6, 30)),
        description="Local hours when nobody is written to first; empty means none",
    )
    send_rate: Rate = Field(
        None, description="Messages per second where the gateway sets none; empty: what suits it"
    )
    send_in_flight: int = Field(5, ge=1, le=50, description="Requests to a gateway at one time")
    cap_segments_run: int = Field(6_000, ge=0, description="Most SMS segments one run may spend")
    cap_segments_day: int = Field(10_000, ge=0, description="Most SMS segments in one day")
    cap_segments_month: int = Field(100_000, ge=0, description="Most SMS segments in one month")
    cap_person_day: int = Field(3, ge=0, description="Most broadcast messages to a person in a day")
    approval_above: int = Field(
        200, ge=0, description="Recipients above which somebody else must approve a broadcast"
    )
    cost_per_segment: Annotated[dict[str, Decimal], NoDecode, BeforeValidator(_pairs)] = Field(
        {}, description="F per SMS segment by gateway or operator, `*` for the rest: `moov=9;*=12`"
    )
    ship_drafts: bool = Field(
        default=True, description="Use Bambara texts not yet approved by a native reader"
    )
    demo: bool = Field(
        default=False, description="The demo world: loopback token and staff keys are known"
    )
    simulator: bool = Field(default=False, description="Show /simulator outside the demo too")
    docs: bool = Field(default=True, description="Show the API documentation at /docs")
    bind_host: str = Field("127.0.0.1", description="Address the server listens on")
    bind_port: int = Field(8000, ge=0, le=65535, description="Port the server listens on")
    forwarded_allow_ips: str = Field(
        "127.0.0.1", description="Proxies whose X-Forwarded-For is believed; never `*`"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged; phones and tokens never are"
    )

    africastalking: AfricasTalking = AfricasTalking()
    android: Android = Android()
    orange: Orange = Orange()
    kannel: Kannel = Kannel()
    jasmin: Jasmin = Jasmin()
    http: Http = Http()
    loopback: Loopback = Loopback()

    def require_secret(self) -> str:
        """The secret key; `WeakSecret` when there is none worth the name."""
        secret = self.secret_key.get_secret_value() if self.secret_key else ""
        if not secret:
            raise WeakSecret("SUGU_SECRET_KEY is not set: draw one with `openssl rand -hex 32`")
        if len(secret) < SHORTEST_SECRET:
            raise WeakSecret(f"SUGU_SECRET_KEY is shorter than {SHORTEST_SECRET} characters")
        copied = any(word in secret.lower() for word in PLACEHOLDERS)
        if copied or len(set(secret)) < FEWEST_SYMBOLS:
            raise WeakSecret("SUGU_SECRET_KEY is no secret: draw one with `openssl rand -hex 32`")
        return secret

    def carrier(self, gateway: str) -> Carrier:
        """The settings of one gateway."""
        found: Carrier = getattr(self, gateway)
        return found

    def weak_tokens(self) -> list[str]:
        """Gateways whose hook token is too short to be a secret; none are in the demo."""
        return [] if self.demo else [name for name in CARRIERS if _short(self.carrier(name))]


CARRIERS: tuple[GatewayName, ...] = (
    "africastalking", "android", "orange", "kannel", "jasmin", "http", "loopback",
)  # fmt: skip


def _short(carrier: Carrier) -> bool:
    tokens = (carrier.hook_token, carrier.hook_token_old)
    return any(token and len(token.get_secret_value()) < SHORTEST_TOKEN for token in tokens)


def listing() -> list[tuple[str, str, str]]:
    """Name, default and meaning of every setting, in order: the README's table."""
    return list(_rows(Settings, "SUGU_"))


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        title = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Carrier):
            yield from _rows(field.annotation, f"{title}__")
        else:
            yield title, _shown(field.default), field.description or ""


def _shown(default: object) -> str:
    """A default as one would write it in `.env`."""
    match default:
        case None | SecretStr():
            return ""
        case QuietHours(start, end):
            return f"{start:%H:%M}-{end:%H:%M}"
        case bool():
            return str(default).lower()
        case tuple():
            return ",".join(default)
        case dict():
            return ";".join(f"{name}={said}" for name, said in default.items())
        case _:
            return str(default)
