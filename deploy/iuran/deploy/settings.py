"""What an installation can choose, read from the environment and checked at start."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from iuran.core.errors import DomainError, InvalidInputError
from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.limits import LimitInvalidError, Limits
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.receipts.lifetime import DEFAULT_DAYS as DEFAULT_RECEIPT_DAYS
from iuran.payments.settlement import INSTRUCTIONS_MAX
from iuran.payments.snap.mounts import DEFAULT_MOUNTS
from iuran.payments.webhooks.networks import read_networks
from iuran.workers.tls import TlsMode

PREFIX = "IURAN_"
Port = Annotated[int, Field(ge=0, le=65_535)]
Words = Annotated[tuple[str, ...], NoDecode]


class Environment(StrEnum):
    """What kind of installation this is."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class WhatsAppProvider(StrEnum):
    """Who delivers over WhatsApp."""

    NONE = "none"
    WEBHOOK = "webhook"
    CLOUD = "cloud"


class SmsProvider(StrEnum):
    """Who delivers SMS."""

    NONE = "none"
    WEBHOOK = "webhook"
    GATEWAY = "gateway"


class LogFormat(StrEnum):
    """How log lines are written."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least important line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SettingsError(DomainError):
    """A setting has a value that cannot be used, or one that is needed is missing."""

    code: ClassVar[str] = "SETTINGS"


class Settings(BaseSettings):
    """Everything that can be set. Each is read from IURAN_<NAME>; see docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    environment: Environment = Field(
        default=Environment.DEVELOPMENT,
        description="`production` demands keys of your own and refuses the test clock.",
    )
    data: Path = Field(
        default=Path("data"),
        description="Folder of `iuran up`: its database, mails, keys. Production needs none.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("IURAN_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL, as `postgresql://user:password@host/database`. "
        "`iuran up` brings its own if it is not set.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("IURAN_REDIS_URL", "REDIS_URL"),
        description="Redis, as `redis://host:6379` or `unix:///path`. "
        "`iuran up` brings its own if it is not set.",
    )
    database_connections_max: int = Field(
        default=10, ge=2, le=500, description="Connections that one process holds at most."
    )
    statement_timeout_milliseconds: int = Field(
        default=30_000, ge=100, le=600_000, description="When PostgreSQL gives up a statement."
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Keys that encrypt banks' secrets, separated by commas; the first encrypts, "
        "all decrypt. Make one with `iuran settings new-key`. Needed in production; in "
        "development one is kept in the data folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address on which `iuran serve` listens.")
    port: Port = Field(default=8000, description="Port on which `iuran serve` listens.")
    concurrency_max: int = Field(
        default=1_000, ge=1, description="Requests at once; more are answered 503."
    )
    backlog: int = Field(
        default=1_024, ge=1, le=65_535, description="Connections that may wait to be accepted."
    )
    keep_alive_seconds: int = Field(
        default=75, ge=1, le=3_600, description="How long an idle connection stays open."
    )
    shutdown_seconds: int = Field(
        default=25, ge=1, le=600, description="How long a stop waits for requests in flight."
    )
    trusted_proxies: Words = Field(
        default=(),
        description="Addresses of proxies whose X-Forwarded-* headers count, separated by commas.",
    )
    snap_mounts: Words = Field(
        default=DEFAULT_MOUNTS,
        description="Paths under which every bank finds SNAP BI, separated by commas; a bank may "
        "have others for itself (`iuran channels set CODE mounts=...`).",
    )
    settlement_lanes: int = Field(
        default=2, ge=1, le=16, description="Commits of payments that one process has under way."
    )
    settlement_together_max: int = Field(
        default=64,
        ge=1,
        le=INSTRUCTIONS_MAX,
        description="Payments that share a commit at most; 1 gives each its own.",
    )
    settlement_waiting_max: int = Field(
        default=1_000, ge=1, description="Payments that wait for it; more are answered 504."
    )
    retail_mount: str = Field(
        default="/retail",
        description="Path under which aggregators find us: <mount>/<channel>/<dialect>.",
    )
    public_url: str = Field(
        default="",
        description="Address under which people reach us, as `https://iuran.example.org`: links to "
        "receipts begin with it. Not set: they are paths.",
    )
    receipt_link_days: int = Field(
        default=DEFAULT_RECEIPT_DAYS,
        ge=1,
        le=3_653,
        description="How long a link to a receipt can be opened; a new one can always be made.",
    )
    message_retention_days: int = Field(
        default=3_653,
        ge=1_827,
        description="How long messages of banks are kept; ASPI demands ten years. "
        "The worker deletes older ones every night, `iuran channels purge` at once.",
    )
    job_retention_days: int = Field(
        default=90,
        ge=62,
        le=3_653,
        description="How long jobs that are done are listed; the worker deletes older ones.",
    )
    reminder_retention_days: int = Field(
        default=1_827,
        ge=400,
        le=36_525,
        description="How long it is kept what a family was told; the worker deletes what is older.",
    )
    jwks_file: Path | None = Field(
        default=None,
        description="JWKS document with the public keys of who issues tokens. Needed in "
        "production; in development `iuran token` issues them.",
    )
    jwks_url: str = Field(
        default="",
        description="Address of that document instead of a file: fetched at start, and again when "
        "keys change. `https`, but on this machine.",
    )
    token_issuer: str = Field(
        default="", description="`iss` that tokens must have, with one of them."
    )
    token_audience: str = Field(
        default="iuran", description="`aud` that tokens must have, with it."
    )
    graphql_limits: Words = Field(
        default=(),
        description="Limits of GraphQL that differ from docs/graphql.md, as `cost=8000,depth=12`.",
    )
    graphql_documents: DocumentsMode = Field(
        default=DocumentsMode.HYBRID,
        description="Persisted documents: `off`, `hybrid` (besides texts) or `strict` (texts from "
        "staff only). `iuran documents load` stores them.",
    )
    graphql_draft_statuses: bool = Field(
        default=False,
        description="HTTP statuses of the newer draft of GraphQL over HTTP: 422 for refused "
        "documents, 294 for answers with errors.",
    )
    graphql_origins: Words = Field(
        default=(),
        description="Origins of pages that may ask GraphQL from a browser (CORS), such as "
        "`https://app.example.org`, by commas. None: only pages of this server's own origin.",
    )
    graphiql: bool | None = Field(
        default=None, description="Serve GraphiQL. Not set: only in development."
    )
    introspection: bool | None = Field(
        default=None,
        description="Let everybody with a token ask for the schema. Not set: only in development; "
        "developers may always.",
    )
    smtp_host: str = Field(default="127.0.0.1", description="SMTP server for reminders.")
    smtp_port: Port = Field(default=1025, description="Its port.")
    smtp_tls: TlsMode = Field(
        default=TlsMode.NONE, description="`none`, `starttls` or `implicit` (port 465)."
    )
    smtp_user: str | None = Field(default=None, description="User at the SMTP server.")
    smtp_password: SecretStr | None = Field(default=None, description="His password.")
    smtp_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="When an attempt to send is given up."
    )
    smtp_lines: int = Field(
        default=4, ge=1, le=50, description="Connections to it that one job of 16 uses at once."
    )
    mail_sender: str = Field(
        default="iuran@example.org", description="Address that reminders come from."
    )
    mail_sender_name: str = Field(default="JKN", description="Name that reminders come from.")
    whatsapp_provider: WhatsAppProvider = Field(
        default=WhatsAppProvider.NONE,
        description="`none`, `webhook` (any, signed) or `cloud` (Meta's Cloud API).",
    )
    whatsapp_url: str = Field(default="", description="Where messages for WhatsApp are posted.")
    whatsapp_secret: SecretStr | None = Field(
        default=None,
        description="`webhook`: `whsec_` and base64, signs both ways. `cloud`: the app's secret, "
        "which signs reports.",
    )
    whatsapp_token: SecretStr | None = Field(default=None, description="`cloud`: access token.")
    whatsapp_verify_token: SecretStr | None = Field(
        default=None, description="`cloud`: what Meta must name to have the address confirmed."
    )
    sms_provider: SmsProvider = Field(
        default=SmsProvider.NONE,
        description="`none`, `webhook` (any, signed) or `gateway` (form and basic authentication).",
    )
    sms_url: str = Field(default="", description="Where messages for SMS are posted.")
    sms_account: str = Field(default="", description="`gateway`: the account.")
    sms_secret: SecretStr | None = Field(
        default=None,
        description="`webhook`: `whsec_` and base64. `gateway`: the account's token, which signs "
        "reports too.",
    )
    sms_sender: str = Field(default="", description="`gateway`: the number or name of the sender.")
    sms_reports_url: str | None = Field(
        default=None,
        description="`gateway`: our `/messages/reports/sms` as the gateway reaches it.",
    )
    messages_timeout_seconds: float = Field(
        default=10.0, gt=0, le=120, description="When a call to a provider is given up."
    )
    messages_at_once: int = Field(
        default=16,
        ge=1,
        le=200,
        description="Calls to a provider that one job of 16 has open.",
    )
    webhook_networks: Words = Field(
        default=(),
        description="Networks inside that webhooks may reach, as `10.20.0.0/16`, separated by "
        "commas; else only public addresses. In development this machine too, also by http.",
    )
    webhook_timeout_seconds: float = Field(
        default=10.0, gt=0, le=30, description="When a call to a subscriber is given up."
    )
    webhooks_at_once: int = Field(
        default=16, ge=1, le=100, description="Calls that one subscriber gets at once."
    )
    jobs_at_once: int = Field(
        default=6,
        ge=3,
        le=100,
        description="Jobs that one worker runs at once; one hand is kept for what is urgent, one "
        "more for what is no bulk.",
    )
    worker_metrics_port: Port | None = Field(
        default=None, description="Port on 127.0.0.1 where `iuran worker` shows metrics."
    )
    test_clock: bool | None = Field(
        default=None,
        description="Follow the test clock of `iuran clock`. Not set: only in development; "
        "refused in production.",
    )
    log_format: LogFormat = Field(
        default=LogFormat.AUTO, description="`json`, `text`, or `auto`: JSON in production."
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="`debug` to `error`.")

    @field_validator(
        "trusted_proxies",
        "snap_mounts",
        "graphql_limits",
        "graphql_origins",
        "webhook_networks",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("snap_mounts")
    @classmethod
    def _check_mounts(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value or any(not path.startswith("/") or path.endswith("/") for path in value):
            raise ValueError(f"{info.field_name} are paths such as /snap/v1.0")
        return value

    @field_validator("retail_mount")
    @classmethod
    def _check_mount(cls, value: str, info: ValidationInfo) -> str:
        if not value.startswith("/") or value.endswith("/"):
            raise ValueError(f"{info.field_name} is a path such as /retail")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        url = urlsplit(value)
        if value and not (url.scheme in {"http", "https"} and url.hostname and not url.query):
            raise ValueError("must be an address such as https://iuran.example.org")
        return value.rstrip("/")

    @field_validator("graphql_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            url = urlsplit(origin)
            if url.scheme not in {"http", "https"} or origin != f"{url.scheme}://{url.netloc}":
                raise ValueError("are origins such as https://app.example.org, without a path")
        return value

    @field_validator("graphql_limits")
    @classmethod
    def _check_limits(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            _limits_of(value)
        except LimitInvalidError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("webhook_networks")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            read_networks(value)
        except InvalidInputError as error:
            raise ValueError(error.message) from error
        return value

    @field_validator("jwks_url")
    @classmethod
    def _check_jwks_url(cls, value: str) -> str:
        url = urlsplit(value)
        is_here = url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1", "::1"}
        if value and not (is_here or (url.scheme == "https" and url.hostname)):
            raise ValueError("must be an https address, since who can change it makes tokens")
        return value

    @model_validator(mode="after")
    def _refuse_test_clock_in_production(self) -> Self:
        if self.is_production and self.test_clock:
            raise ValueError("test_clock must not be on in production: money follows the clock")
        return self

    @property
    def is_production(self) -> bool:
        """Whether real money may be at stake."""
        return self.environment is Environment.PRODUCTION

    @property
    def follows_test_clock(self) -> bool:
        """Whether legal time can be moved."""
        return self._unless_set(self.test_clock)

    @property
    def serves_graphiql(self) -> bool:
        """Whether the GraphiQL page is there."""
        return self._unless_set(self.graphiql)

    @property
    def allows_introspection(self) -> bool:
        """Whether everybody with a token may ask for the schema."""
        return self._unless_set(self.introspection)

    @property
    def limits(self) -> Limits:
        """The limits of GraphQL."""
        return _limits_of(self.graphql_limits)

    @property
    def lane_limits(self) -> LaneLimits:
        """How payments share commits."""
        return LaneLimits(
            lanes=self.settlement_lanes,
            together_max=self.settlement_together_max,
            waiting_max=self.settlement_waiting_max,
        )

    @property
    def writes_json_logs(self) -> bool:
        """Whether log lines are JSON."""
        if self.log_format is LogFormat.AUTO:
            return self.is_production
        return self.log_format is LogFormat.JSON

    def _unless_set(self, choice: bool | None) -> bool:  # noqa: FBT001 - it is the value itself
        return not self.is_production if choice is None else choice


def _limits_of(words: tuple[str, ...]) -> Limits:
    return Limits().changed({name: value for name, _, value in (w.partition("=") for w in words)})


def load_settings(**chosen: object) -> Settings:
    """Read the environment; `chosen` (from the command line) goes first, None counts as unset.

    Raises SettingsError, which names every setting that cannot be used.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError("; ".join(_complaints(error))) from error


def _complaints(error: ValidationError) -> list[str]:
    return [
        f"{_variable(problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "settings"
    return name if name.isupper() else variable_of(name)


def variable_of(name: str) -> str:
    """Return the environment variable of a setting: DATABASE_URL and REDIS_URL need no prefix."""
    return name.upper() if name in {"database_url", "redis_url"} else PREFIX + name.upper()


def demanded(value: SecretStr | None, name: str) -> str:
    """Return a setting that is needed now; raises SettingsError when it is missing."""
    if value is None:
        raise SettingsError(
            f"{variable_of(name)} is not set: set it, or start `iuran up` in this folder"
        )
    return value.get_secret_value()
