"""Credentials of channels: the bank's RSA public keys, and the secrets that we share with it.

Several may be valid at once while one is being replaced. They live in real time: every instant
here is one of the real clock, not of legal time.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar, LiteralString

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.payments.secrets import Cipher

LIVE_CREDENTIALS_MAX = 4
OVERLAP_MAX = timedelta(days=30)
RSA_BITS_MIN = 2048
RSA_BITS_MAX = 8192
PEM_LENGTH_MAX = 10_000
CLIENT_SECRET_BYTES = 48

INSERT_PUBLIC_KEY: LiteralString = """
    INSERT INTO channel_public_key (channel_id, public_key_pem, valid_from) VALUES ($1, $2, $3)
"""

INSERT_SECRET: LiteralString = """
    INSERT INTO channel_secret (channel_id, ciphertext, valid_from) VALUES ($1, $2, $3)
"""  # noqa: S105 - a statement

LOCK_CHANNEL: LiteralString = """
    SELECT channel_id, client_id, partner_id
    FROM channel
    WHERE code = $1
    FOR NO KEY UPDATE
"""

COUNT_LIVE: LiteralString = """
    SELECT (SELECT count(*) FROM channel_public_key
            WHERE channel_id = $1 AND (valid_until IS NULL OR valid_until > $2)) AS public_keys,
           (SELECT count(*) FROM channel_secret
            WHERE channel_id = $1 AND (valid_until IS NULL OR valid_until > $2)) AS secrets
"""

END_PUBLIC_KEYS: LiteralString = """
    UPDATE channel_public_key SET valid_until = $2
    WHERE channel_id = $1 AND (valid_until IS NULL OR valid_until > $2)
"""

END_SECRETS: LiteralString = """
    UPDATE channel_secret SET valid_until = $2
    WHERE channel_id = $1 AND (valid_until IS NULL OR valid_until > $2)
"""


class ChannelUnknownError(DomainError):
    """No channel has this code."""

    code: ClassVar[str] = "CHANNEL_UNKNOWN"

    def __init__(self, channel_code: str) -> None:
        super().__init__(f"no channel has the code {channel_code!r}; see `iuran channels list`")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCredentials:
    """What the bank is told, once. The secret is None where it was left as it was."""

    channel_id: int
    code: str
    client_id: str
    partner_id: str
    client_secret: str | None = field(repr=False)


@lru_cache(maxsize=4_096)
def parse_public_key(pem: str) -> RSAPublicKey:
    """Read a bank's RSA public key; raises InvalidInputError and says what is wrong with it."""
    if "PRIVATE KEY" in pem:
        raise InvalidInputError(
            "publicKey", "this is a private key: the bank keeps it; register the public one"
        )
    if len(pem) > PEM_LENGTH_MAX:
        raise InvalidInputError("publicKey", "one PEM block is expected")
    try:
        key = load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidInputError(
            "publicKey", "write a PEM block that begins with -----BEGIN PUBLIC KEY-----"
        ) from error
    if not isinstance(key, RSAPublicKey):
        raise InvalidInputError("publicKey", "SNAP BI signs with RSA; this is another kind of key")
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
        raise InvalidInputError(
            "publicKey",
            f"the key has {key.key_size} bits; {RSA_BITS_MIN} to {RSA_BITS_MAX} are accepted",
        )
    return key


async def issue(
    connection: Connection, cipher: Cipher, channel_id: int, *, public_key_pem: str, at: datetime
) -> str:
    """Give a channel its first key and secret; return the secret, which is shown only now."""
    parse_public_key(public_key_pem)
    await connection.execute(INSERT_PUBLIC_KEY, channel_id, public_key_pem.strip(), at)
    return await _issue_secret(connection, cipher, channel_id, at)


async def _issue_secret(
    connection: Connection, cipher: Cipher, channel_id: int, at: datetime
) -> str:
    secret = secrets.token_urlsafe(CLIENT_SECRET_BYTES)
    await connection.execute(INSERT_SECRET, channel_id, cipher.encrypt(secret), at)
    return secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What to replace, and how long the former ones stay valid beside the new."""

    new_secret: bool = True
    public_key_pem: str | None = None
    overlap: timedelta = timedelta(days=1)


async def rotate(
    connection: Connection, cipher: Cipher, channel_code: str, rotation: Rotation, *, at: datetime
) -> ChannelCredentials:
    """Replace a channel's secret, its public key, or both; an overlap of zero revokes at once.

    Access tokens issued under a secret end with it. Running processes follow within seconds.
    Raises ChannelUnknownError, and InvalidInputError for a bad key, for an overlap over 30 days, or
    if four are still valid.
    """
    if not timedelta(0) <= rotation.overlap <= OVERLAP_MAX:
        raise InvalidInputError("overlap", f"write 0 to {OVERLAP_MAX.days} days")
    row = await connection.fetchrow(LOCK_CHANNEL, channel_code)
    if row is None:
        raise ChannelUnknownError(channel_code)
    channel_id = int(row["channel_id"])
    ends_at = at + rotation.overlap
    if rotation.public_key_pem is not None:
        await _replace_public_key(connection, channel_id, rotation.public_key_pem, ends_at, at)
    secret = None
    if rotation.new_secret:
        await connection.execute(END_SECRETS, channel_id, ends_at)
        secret = await _issue_secret(connection, cipher, channel_id, at)
    await _check_count(connection, channel_id, at)
    return ChannelCredentials(
        channel_id=channel_id,
        code=channel_code,
        client_id=row["client_id"],
        partner_id=row["partner_id"],
        client_secret=secret,
    )


async def _replace_public_key(
    connection: Connection, channel_id: int, pem: str, ends_at: datetime, at: datetime
) -> None:
    parse_public_key(pem)
    await connection.execute(END_PUBLIC_KEYS, channel_id, ends_at)
    await connection.execute(INSERT_PUBLIC_KEY, channel_id, pem.strip(), at)


async def _check_count(connection: Connection, channel_id: int, at: datetime) -> None:
    row = await connection.fetchrow(COUNT_LIVE, channel_id, at)
    live = 0 if row is None else max(int(row["public_keys"]), int(row["secrets"]))
    if live > LIVE_CREDENTIALS_MAX:
        raise InvalidInputError(
            "overlap",
            f"{LIVE_CREDENTIALS_MAX} are still valid from earlier rotations; rotate with a shorter "
            "overlap, which ends those as well",
        )
