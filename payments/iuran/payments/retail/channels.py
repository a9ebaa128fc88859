"""Aggregators as channels: their dialect, where their own API is, and the secrets we share."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

import asyncpg
import httpx

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.payments.channels import STANDARD, quirks_of
from iuran.payments.credentials import ChannelUnknownError
from iuran.payments.quirks import Quirks
from iuran.payments.secrets import Cipher
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

CLIENT_ID_BYTES = 16
SECRET_LENGTH_MAX = 255
LOOPBACK = ("127.0.0.1", "localhost", "::1")

INSERT_CHANNEL: LiteralString = """
    INSERT INTO channel (code, name, client_id, partner_id, va_prefix, created_at)
    VALUES ($1, $2, $3, $3, $4, $5)
    RETURNING channel_id
"""

INSERT_RETAIL_CHANNEL: LiteralString = """
    INSERT INTO retail_channel (channel_id, dialect, account, base_url, created_at)
    VALUES ($1, $2, $3, $4, $5)
"""

INSERT_RETAIL_SECRET: LiteralString = """
    INSERT INTO retail_secret (channel_id, purpose, ciphertext, valid_from) VALUES ($1, $2, $3, $4)
"""  # noqa: S105 - a statement

END_RETAIL_SECRETS: LiteralString = """
    UPDATE retail_secret SET valid_until = $3
    WHERE channel_id = $1 AND purpose = $2 AND (valid_until IS NULL OR valid_until > $3)
"""

SELECT_RETAIL_CHANNEL: LiteralString = """
    SELECT c.channel_id, c.code, c.name, c.va_prefix, c.quirks, c.enabled, r.dialect, r.account,
           r.base_url
    FROM channel AS c
    JOIN retail_channel AS r ON r.channel_id = c.channel_id
    WHERE c.code = $1
"""

SELECT_RETAIL_SECRETS: LiteralString = """
    SELECT purpose, ciphertext
    FROM retail_secret
    WHERE channel_id = $1 AND (valid_until IS NULL OR valid_until > $2)
    ORDER BY secret_id DESC
    LIMIT 8
"""

SELECT_RETAIL_CHANNELS: LiteralString = """
    SELECT c.channel_id, c.code, c.name, c.va_prefix, c.quirks, c.enabled, r.dialect, r.account,
           r.base_url
    FROM channel AS c
    JOIN retail_channel AS r ON r.channel_id = c.channel_id
    ORDER BY c.code
    LIMIT 1000
"""


class Dialect(StrEnum):
    """In which words an aggregator speaks."""

    XENDIT = "XENDIT"
    MIDTRANS = "MIDTRANS"
    DOKU = "DOKU"


class Purpose(StrEnum):
    """What a secret is for."""

    NOTIFICATION = "NOTIFICATION"
    """Proves the aggregator's messages, where it has a token for that alone: Xendit."""
    API = "API"
    """Opens the aggregator's API; at Midtrans and DOKU it proves messages too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRetailChannel:
    """An aggregator to be registered.

    `account` is what it calls us (DOKU: Client-Id, Xendit: business id or empty), `base_url` where
    its API is, and `notification_secret` is needed for Xendit alone.
    """

    code: str
    name: str
    dialect: Dialect
    base_url: str
    api_secret: str = field(repr=False)
    notification_secret: str = field(default="", repr=False)
    account: str = ""
    va_prefix: str = DEFAULT_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailChannel:
    """An aggregator as a message needs it, with the secrets that are valid now, newest first.

    Of its switches (`iuran channels set`) the allow-list and the quota are its own as a bank's are.
    One whose switches cannot be read is shut, since its limits are among them.
    """

    channel_id: int
    code: str
    name: str
    dialect: Dialect
    account: str
    base_url: str
    va_prefix: str
    quirks: Quirks
    enabled: bool
    api_secrets: tuple[str, ...] = field(repr=False, default=())
    notification_secrets: tuple[str, ...] = field(repr=False, default=())

    @property
    def api_secret(self) -> str:
        """The newest secret of the API; empty if none is valid."""
        return self.api_secrets[0] if self.api_secrets else ""


async def register_retail_channel(
    connection: Connection, cipher: Cipher, channel: NewRetailChannel, *, at: datetime
) -> int:
    """Register an aggregator; return its channel id. `at` is real time.

    Raises InvalidInputError for what has another form, AlreadyRegisteredError for a taken code.
    """
    _check(channel)
    client_id = secrets.token_hex(CLIENT_ID_BYTES)
    try:
        channel_id: int = await connection.fetchval(
            INSERT_CHANNEL, channel.code, channel.name, client_id, channel.va_prefix, at
        )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("code") from error
    except asyncpg.CheckViolationError as error:
        raise InvalidInputError("code", f"it breaks the rule {error.constraint_name}") from error
    await connection.execute(
        INSERT_RETAIL_CHANNEL, channel_id, channel.dialect, channel.account, channel.base_url, at
    )
    await _keep(connection, cipher, channel_id, Purpose.API, channel.api_secret, at)
    if channel.notification_secret:
        notification = channel.notification_secret
        await _keep(connection, cipher, channel_id, Purpose.NOTIFICATION, notification, at)
    return channel_id


async def replace_secret(  # noqa: PLR0913 - whose, which, by what, and when the old one ends
    connection: Connection,
    cipher: Cipher,
    code: str,
    purpose: Purpose,
    secret: str,
    *,
    at: datetime,
    old_valid_until: datetime,
) -> None:
    """Replace a secret; the former ones stay valid until `old_valid_until`, in real time.

    Raises ChannelUnknownError, or InvalidInputError for a secret that nobody could send.
    """
    _check_secret(secret, "secret")
    row = await connection.fetchrow(SELECT_RETAIL_CHANNEL, code)
    if row is None:
        raise ChannelUnknownError(code)
    await connection.execute(END_RETAIL_SECRETS, row["channel_id"], purpose, old_valid_until)
    await _keep(connection, cipher, row["channel_id"], purpose, secret, at)


async def _keep(
    connection: Connection,
    cipher: Cipher,
    channel_id: int,
    purpose: Purpose,
    secret: str,
    at: datetime,
) -> None:
    ciphertext = cipher.encrypt(secret)
    await connection.execute(INSERT_RETAIL_SECRET, channel_id, purpose, ciphertext, at)


async def find_retail_channel(
    connection: Connection, cipher: Cipher, code: str, *, at: datetime
) -> RetailChannel | None:
    """Return an aggregator with the secrets that are valid at `at`, real time; None if unknown.

    Raises SecretUnreadableError if a secret was encrypted under a key that is not configured.
    """
    row = await connection.fetchrow(SELECT_RETAIL_CHANNEL, code)
    if row is None:
        return None
    found = [
        (Purpose(secret["purpose"]), cipher.decrypt(secret["ciphertext"]))
        for secret in await connection.fetch(SELECT_RETAIL_SECRETS, row["channel_id"], at)
    ]
    return replace(
        _channel(row),
        api_secrets=tuple(text for purpose, text in found if purpose is Purpose.API),
        notification_secrets=tuple(
            text for purpose, text in found if purpose is Purpose.NOTIFICATION
        ),
    )


def _channel(row: Record) -> RetailChannel:
    """Read an aggregator, without its secrets."""
    quirks = quirks_of(row["code"], row["quirks"])
    return RetailChannel(
        channel_id=row["channel_id"],
        code=row["code"],
        name=row["name"],
        dialect=Dialect(row["dialect"]),
        account=row["account"],
        base_url=row["base_url"],
        va_prefix=row["va_prefix"],
        quirks=quirks or STANDARD,
        enabled=row["enabled"] and quirks is not None,
    )


async def known_retail_channel(
    connection: Connection, cipher: Cipher, code: str, *, at: datetime
) -> RetailChannel:
    """Return an aggregator; raises ChannelUnknownError if there is none of this code."""
    channel = await find_retail_channel(connection, cipher, code, at=at)
    if channel is None:
        raise ChannelUnknownError(code)
    return channel


async def list_retail_channels(connection: Connection) -> tuple[RetailChannel, ...]:
    """Return every aggregator, without its secrets."""
    return tuple(_channel(row) for row in await connection.fetch(SELECT_RETAIL_CHANNELS))


def _check(channel: NewRetailChannel) -> None:
    if not channel.name.strip():
        raise InvalidInputError("name", "write the aggregator's name")
    _check_url(channel.base_url)
    _check_secret(channel.api_secret, "apiSecret")
    if channel.dialect is Dialect.XENDIT:
        _check_secret(channel.notification_secret, "notificationSecret")
    if channel.dialect is Dialect.DOKU and not channel.account:
        raise InvalidInputError("account", "write the Client-Id that DOKU gave you")


def _check_url(text: str) -> None:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise InvalidInputError("baseUrl", "write a URL such as https://api.xendit.co") from error
    is_local = url.scheme == "http" and url.host in LOOPBACK
    if not url.host or not (url.scheme == "https" or is_local) or url.query or url.userinfo:
        raise InvalidInputError(
            "baseUrl", "write https://host without query: secrets travel there (http on loopback)"
        )


def _check_secret(secret: str, name: str) -> None:
    fits = 1 <= len(secret) <= SECRET_LENGTH_MAX
    if not fits or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise InvalidInputError(name, f"write 1 to {SECRET_LENGTH_MAX} ASCII signs without blanks")
