"""The API of a channel's bank: where we ask it, as whom, and with which secrets."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

import httpx

from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.payments.credentials import ChannelUnknownError
from iuran.payments.secrets import Cipher
from iuran.payments.simulation.bank import parse_private_key
from iuran.payments.snap_client.client import BankApi
from iuran.payments.snap_client.peculiarities import NAMES, Peculiarities, read_peculiarities

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
CLIENT_ID_LENGTH_MAX = 128
PARTNER_ID_LENGTH_MAX = 36

UPSERT_API: LiteralString = """
    INSERT INTO channel_api (channel_id, base_url, client_id, partner_id, secret_ciphertext,
                             private_key_ciphertext, peculiarities, connected_at)
    SELECT channel_id, $2, $3, $4, $5, $6, $7, $8 FROM channel WHERE code = $1
    ON CONFLICT (channel_id) DO UPDATE
    SET base_url = excluded.base_url, client_id = excluded.client_id,
        partner_id = excluded.partner_id, secret_ciphertext = excluded.secret_ciphertext,
        private_key_ciphertext = excluded.private_key_ciphertext,
        peculiarities = excluded.peculiarities, connected_at = excluded.connected_at
    RETURNING channel_id
"""

ARM_SEARCH: LiteralString = """
    INSERT INTO lost_search (channel_id, next_at) VALUES ($1, $2)
    ON CONFLICT (channel_id) DO UPDATE
    SET next_at = excluded.next_at, reported_until = NULL, reading_from = NULL, last_error = NULL
"""

STOP_SEARCH: LiteralString = """
    UPDATE lost_search SET next_at = 'infinity'
    WHERE channel_id = (SELECT channel_id FROM channel WHERE code = $1)
"""

SELECT_CONNECTION: LiteralString = """
    SELECT c.channel_id, c.code, c.va_prefix, a.base_url, a.client_id, a.partner_id,
           a.secret_ciphertext, a.private_key_ciphertext, a.peculiarities, a.connected_at
    FROM channel AS c
    JOIN channel_api AS a USING (channel_id)
    WHERE c.code = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConnection:
    """A bank's API to be asked; `base_url` holds the path before `/transfer-va/...`."""

    code: str
    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    private_key_pem: str = field(repr=False)
    partner_id: str = ""
    peculiarities: Peculiarities = field(default_factory=Peculiarities)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankConnection:
    """A channel with the API of its bank."""

    channel_id: int
    code: str
    va_prefix: str
    connected_at: datetime
    api: BankApi


async def connect(
    connection: Connection, cipher: Cipher, new: NewConnection, *, at: datetime
) -> None:
    """Keep how a channel's bank is asked, and search it from now on; `at` is real time.

    Raises InvalidInputError, ChannelUnknownError.
    """
    _check(new)
    channel_id: int | None = await connection.fetchval(
        UPSERT_API,
        new.code,
        new.base_url.rstrip("/"),
        new.client_id,
        new.partner_id or new.client_id[:PARTNER_ID_LENGTH_MAX],
        cipher.encrypt(new.client_secret),
        cipher.encrypt(new.private_key_pem),
        new.peculiarities.to_document(),
        at,
    )
    if channel_id is None:
        raise ChannelUnknownError(new.code)
    await connection.execute(ARM_SEARCH, channel_id, at)


async def stop_search(connection: Connection, code: str) -> None:
    """Search a channel no more until it is connected again."""
    await connection.execute(STOP_SEARCH, code)


async def find_connection(
    connection: Connection, cipher: Cipher, code: str
) -> BankConnection | None:
    """Return how a channel's bank is asked; None if it is not. Raises SecretUnreadableError."""
    row = await connection.fetchrow(SELECT_CONNECTION, code)
    if row is None:
        return None
    known = {name: value for name, value in row["peculiarities"].items() if name in NAMES}
    return BankConnection(
        channel_id=row["channel_id"],
        code=row["code"],
        va_prefix=row["va_prefix"],
        connected_at=row["connected_at"],
        api=BankApi(
            base_url=row["base_url"],
            client_id=row["client_id"],
            partner_id=row["partner_id"],
            client_secret=cipher.decrypt(row["secret_ciphertext"]),
            private_key=parse_private_key(cipher.decrypt(row["private_key_ciphertext"])),
            peculiarities=read_peculiarities(known),
        ),
    )


def _check(new: NewConnection) -> None:
    parse_private_key(new.private_key_pem)
    for name, text, length_max in (
        ("clientId", new.client_id, CLIENT_ID_LENGTH_MAX),
        ("partnerId", new.partner_id or "-", PARTNER_ID_LENGTH_MAX),
    ):
        if not 1 <= len(text) <= length_max or not text.isascii() or not text.isprintable():
            raise InvalidInputError(name, f"write 1 to {length_max} ASCII signs")
    try:
        url = httpx.URL(new.base_url)
    except httpx.InvalidURL as error:
        raise InvalidInputError("url", "write a URL such as https://api.bank.example") from error
    is_local = url.scheme == "http" and url.host in LOOPBACK
    if not url.host or not (url.scheme == "https" or is_local) or url.query or url.userinfo:
        raise InvalidInputError("url", "write https://host/path without query (http on loopback)")
