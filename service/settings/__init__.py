"""Every setting, read once from the environment (`SUGU_`, nested with `__`) and `.env`.

`Settings` is frozen and handed down; nothing else reads the environment. A field's description
is the README's line for it (`listing` makes the table, a test keeps it true). What a gateway
needs is under its own name, so that an adapter is given its own few values and no more.
"""

from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.settings.carriers import (
    Account,
    AfricasTalking,
    Android,
    Carrier,
    Http,
    Jasmin,
    Kannel,
    Loopback,
    Orange,
)
from service.settings.written import (
    Names,
    QuietHours,
    Rate,
    Url,
    as_names,
    as_pairs,
    as_proxies,
    as_quiet,
    as_routes,
    as_zone,
)

__all__ = [
    "CARRIERS",
    "AfricasTalking",
    "Android",
    "Carrier",
    "Http",
    "Jasmin",
    "Kannel",
    "Loopback",
    "Orange",
    "QuietHours",
    "Settings",
    "WeakSecret",
    "listing",
]

SHORTEST_SECRET = 32
"""Characters of the secret key: 128 bits written in hexadecimal."""
FEWEST_SYMBOLS = 5
"""Different characters in a real secret; fewer is a key held down."""
SHORTEST_TOKEN = 22
"""Characters of a hook token: 128 bits in URL-safe base64."""
PLACEHOLDERS = ("changeme", "change-me", "change_me", "replace-me", "your-secret")
"""Words that show a secret was copied from a page instead of drawn at random."""

GatewayName = Literal["africastalking", "android", "orange", "kannel", "jasmin", "http", "loopback"]


class WeakSecret(ValueError):
    """The secret key is missing or can be guessed: nothing may be served or sealed with it."""


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
    database_replica_url: str | None = Field(
        None, description="A copy that follows the database: read for pages and open data"
    )
    secret_key: SecretStr | None = Field(
        None, description="Encrypts phone numbers, signs sessions; 32 random characters or more"
    )
    secret_keys_old: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(as_names)] = Field(
        (), description="Earlier secret keys, which still open what they sealed"
    )
    ussd_code: str = Field("*384*77#", description="The code farmers dial, shown in texts")
    gateway: GatewayName = Field("loopback", description="Which gateway sends and receives")
    routes: Annotated[dict[str, tuple[str, ...]], NoDecode, BeforeValidator(as_routes)] = Field(
        {}, description="Gateways by operator or prefix, in order: `orange=orange,android;6=kannel`"
    )
    prefixes: Names = Field(("+223",), description="The only prefixes ever written to")
    public_url: Url = Field(
        "http://127.0.0.1:8000", description="What gateways reach us by; in delivery-report URLs"
    )
    timezone: Annotated[str, AfterValidator(as_zone)] = Field(
        "Africa/Bamako", description="Local time of fairs, schedules and quiet hours"
    )
    quiet_hours: Annotated[QuietHours | None, NoDecode, BeforeValidator(as_quiet)] = Field(
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
        200,
        ge=0,
        description="Recipients above which somebody else must approve a broadcast; "
        "so they must above 10,000 F",
    )
    cost_per_segment: Annotated[dict[str, Decimal], NoDecode, BeforeValidator(as_pairs)] = Field(
        {}, description="F per SMS segment by gateway or operator, `*` for the rest: `moov=9;*=12`"
    )
    ship_drafts: bool = Field(
        default=True, description="Use Bambara texts not yet approved by a native reader"
    )
    demo: bool = Field(
        default=False, description="The demo world: loopback token and staff keys are known"
    )
    simulator: bool = Field(default=False, description="Show /simulator outside the demo too")
    docs: bool = Field(
        default=False, description="Show /docs to everybody; otherwise staff only (the demo: all)"
    )
    bind_host: str = Field("127.0.0.1", description="Address the server listens on")
    bind_port: int = Field(8000, ge=0, le=65535, description="Port the server listens on")
    forwarded_allow_ips: Annotated[str, AfterValidator(as_proxies)] = Field(
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

    def secrets(self) -> list[str]:
        """Every secret there is in the settings: what must never be stored or shown."""
        own = [self.secret_key, *self.secret_keys_old]
        theirs = [said for name in CARRIERS for _, said in self.carrier(name)]
        found = [each for each in (*own, *theirs) if isinstance(each, SecretStr)]
        return [said for each in found if (said := each.get_secret_value())]

    def logins(self) -> list[tuple[str, str]]:
        """Names and passwords, which HTTP puts together in one word."""
        accounts = [its for name in CARRIERS if isinstance(its := self.carrier(name), Account)]
        return [(its.username, its.password.get_secret_value()) for its in accounts]

    def carrier(self, gateway: str) -> Carrier:
        """The settings of one gateway."""
        found: Carrier = getattr(self, gateway)
        return found

    @property
    def leads_out(self) -> bool:
        """Whether a gateway leads out of this machine."""
        return self.gateway != "loopback" or bool(self.routes)

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
