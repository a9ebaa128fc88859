"""Payment channels: the banks and shops that may tell us of money. What differs is data."""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

import asyncpg
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from structlog.typing import FilteringBoundLogger

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.payments import credentials
from iuran.payments.credentials import ChannelCredentials, parse_public_key
from iuran.payments.quirks import NAMES as QUIRK_NAMES
from iuran.payments.quirks import Quirks, read_quirks
from iuran.payments.secrets import Cipher, SecretUnreadableError
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

PARTNER_ID_LENGTH_MAX = 36
NAME_LENGTH_MAX = 100
CLIENT_ID_BYTES = 16
STANDARD = Quirks()

_log: FilteringBoundLogger = structlog.get_logger()

INSERT_CHANNEL: LiteralString = """
    INSERT INTO channel (code, name, client_id, partner_id, va_prefix, quirks, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING channel_id
"""

SELECT_CHANNELS: LiteralString = """
    SELECT channel_id, code, name, client_id, partner_id, va_prefix, quirks, enabled
    FROM channel
    ORDER BY channel_id
    LIMIT 1000
"""

SELECT_LIVE_PUBLIC_KEYS: LiteralString = """
    SELECT channel_id, key_id, public_key_pem, valid_until
    FROM channel_public_key
    WHERE valid_until IS NULL OR valid_until > $1
    ORDER BY channel_id, key_id DESC
    LIMIT 4000
"""

SELECT_LIVE_SECRETS: LiteralString = """
    SELECT channel_id, secret_id, ciphertext, valid_until
    FROM channel_secret
    WHERE valid_until IS NULL OR valid_until > $1
    ORDER BY channel_id, secret_id DESC
    LIMIT 4000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChannel:
    """A channel to be registered. `partner_id` is its X-PARTNER-ID, if it is not the client id."""

    code: str
    name: str
    public_key_pem: str
    va_prefix: str = DEFAULT_PREFIX
    partner_id: str | None = None
    quirks: Quirks = STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPublicKey:
    """A key with which the bank signs."""

    key_id: int
    public_key: RSAPublicKey
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSecret:
    """A secret that we share with the bank."""

    secret_id: int
    text: str = field(repr=False)
    valid_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel with its quirks and what may still be valid of its credentials, newest first."""

    channel_id: int
    code: str
    name: str
    client_id: str
    partner_id: str
    va_prefix: str
    quirks: Quirks
    enabled: bool
    public_keys: tuple[ChannelPublicKey, ...]
    secrets: tuple[ChannelSecret, ...]

    def is_partner(self, partner_id: str) -> bool:
        """Whether an X-PARTNER-ID means this channel."""
        return partner_id in {self.partner_id, self.client_id}

    def live_public_keys(self, at: datetime) -> tuple[RSAPublicKey, ...]:
        """Return the keys that are valid at an instant of real time."""
        return tuple(k.public_key for k in self.public_keys if _is_live(k.valid_until, at))

    def live_secrets(self, at: datetime) -> tuple[ChannelSecret, ...]:
        """Return the secrets that are valid at an instant of real time."""
        return tuple(s for s in self.secrets if _is_live(s.valid_until, at))


def _is_live(valid_until: datetime | None, at: datetime) -> bool:
    return valid_until is None or at < valid_until


async def register_channel(
    connection: Connection, cipher: Cipher, channel: NewChannel, *, at: datetime
) -> ChannelCredentials:
    """Register a channel and issue its client id and secret; nobody can read the secret later.

    `at` is real time, as credentials live in it. Raises InvalidInputError for values of the wrong
    form, AlreadyRegisteredError for a code that is taken.
    """
    _check(channel)
    client_id = secrets.token_hex(CLIENT_ID_BYTES)
    partner_id = channel.partner_id or client_id
    channel_id = await _insert(connection, channel, client_id, partner_id, at)
    secret = await credentials.issue(
        connection, cipher, channel_id, public_key_pem=channel.public_key_pem, at=at
    )
    return ChannelCredentials(
        channel_id=channel_id,
        code=channel.code,
        client_id=client_id,
        partner_id=partner_id,
        client_secret=secret,
    )


def _check(channel: NewChannel) -> None:
    if not 1 <= len(channel.name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInputError("name", f"write a name of 1 to {NAME_LENGTH_MAX} letters")
    if channel.partner_id is not None and not _is_header_word(channel.partner_id):
        raise InvalidInputError(
            "partnerId",
            f"write the bank's X-PARTNER-ID: 1 to {PARTNER_ID_LENGTH_MAX} signs without blanks",
        )
    parse_public_key(channel.public_key_pem)


def _is_header_word(text: str) -> bool:
    length_fits = 1 <= len(text) <= PARTNER_ID_LENGTH_MAX
    return length_fits and text.isascii() and text.isprintable() and " " not in text


async def _insert(
    connection: Connection, channel: NewChannel, client_id: str, partner_id: str, at: datetime
) -> int:
    try:
        channel_id: int = await connection.fetchval(
            INSERT_CHANNEL,
            channel.code,
            channel.name.strip(),
            client_id,
            partner_id,
            channel.va_prefix,
            channel.quirks.to_document(),
            at,
        )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("code") from error
    except asyncpg.CheckViolationError as error:
        raise _form_error(error.constraint_name or "") from error
    return channel_id


_FORMS: Mapping[str, tuple[str, str]] = {
    "channel_code": ("code", "write 2 to 20 of A-Z, 0-9 and _, beginning with a letter"),
    "channel_va_prefix": ("vaPrefix", "write the 1 to 8 digits of the company code"),
}


def _form_error(constraint: str) -> InvalidInputError:
    name, message = _FORMS.get(constraint, ("channel", f"it breaks the rule {constraint}"))
    return InvalidInputError(name, message)


async def list_channels(
    connection: Connection, cipher: Cipher, *, at: datetime
) -> tuple[Channel, ...]:
    """Return every channel with the credentials that are or will be valid from `at`, real time.

    A secret or key that cannot be read is left out and logged: it must not stop the other banks. A
    channel whose switches cannot be read is shut, since its limits are among them.
    """
    public_keys = _by_channel(await connection.fetch(SELECT_LIVE_PUBLIC_KEYS, at))
    secret_rows = _by_channel(await connection.fetch(SELECT_LIVE_SECRETS, at))
    return tuple(
        _channel(
            row,
            tuple(_public_keys(row["code"], public_keys[row["channel_id"]])),
            tuple(_secrets(row["code"], secret_rows[row["channel_id"]], cipher)),
        )
        for row in await connection.fetch(SELECT_CHANNELS)
    )


def _by_channel(rows: Sequence[Record]) -> defaultdict[int, list[Record]]:
    grouped: defaultdict[int, list[Record]] = defaultdict(list)
    for row in rows:
        grouped[row["channel_id"]].append(row)
    return grouped


def _public_keys(code: str, rows: Sequence[Record]) -> list[ChannelPublicKey]:
    keys: list[ChannelPublicKey] = []
    for row in rows:
        try:
            key = parse_public_key(row["public_key_pem"])
        except InvalidInputError as error:
            _log.error("channel.public_key_unreadable", channel=code, error=str(error))
            continue
        keys.append(
            ChannelPublicKey(key_id=row["key_id"], public_key=key, valid_until=row["valid_until"])
        )
    return keys


def _secrets(code: str, rows: Sequence[Record], cipher: Cipher) -> list[ChannelSecret]:
    found: list[ChannelSecret] = []
    for row in rows:
        try:
            text = cipher.decrypt(row["ciphertext"])
        except SecretUnreadableError as error:
            _log.error("channel.secret_unreadable", channel=code, error=str(error))
            continue
        found.append(
            ChannelSecret(secret_id=row["secret_id"], text=text, valid_until=row["valid_until"])
        )
    return found


def quirks_of(code: str, document: Mapping[str, object]) -> Quirks | None:
    """Read a channel's switches; those that a newer version added are left alone.

    None, and a line in the log, if they cannot be read.
    """
    try:
        return read_quirks({n: value for n, value in document.items() if n in QUIRK_NAMES})
    except InvalidInputError as error:
        _log.error("channel.quirks_unreadable", channel=code, error=str(error))
        return None


def _channel(
    row: Record,
    public_keys: tuple[ChannelPublicKey, ...],
    channel_secrets: tuple[ChannelSecret, ...],
) -> Channel:
    quirks = quirks_of(row["code"], row["quirks"])
    return Channel(
        channel_id=row["channel_id"],
        code=row["code"],
        name=row["name"],
        client_id=row["client_id"],
        partner_id=row["partner_id"],
        va_prefix=row["va_prefix"],
        quirks=quirks or STANDARD,
        enabled=row["enabled"] and quirks is not None,
        public_keys=public_keys,
        secrets=channel_secrets,
    )
