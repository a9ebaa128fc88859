"""Secrets that sign webhooks: encrypted at rest, and two at once while one is replaced."""

import secrets
from base64 import b64encode
from datetime import datetime, timedelta
from typing import ClassVar, LiteralString

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.payments.secrets import Cipher

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with
SECRET_BYTES = 32
LIVE_SECRETS_MAX = 2
OVERLAP_MAX = timedelta(days=30)

INSERT_SECRET: LiteralString = """
    INSERT INTO webhook_secret (endpoint_id, ciphertext, valid_from) VALUES ($1, $2, $3)
"""  # noqa: S105 - a statement

END_SECRETS: LiteralString = """
    UPDATE webhook_secret SET valid_until = $2
    WHERE endpoint_id = $1 AND (valid_until IS NULL OR valid_until > $2)
"""

SELECT_LIVE: LiteralString = """
    SELECT ciphertext
    FROM webhook_secret
    WHERE endpoint_id = $1 AND (valid_until IS NULL OR valid_until > $2)
    ORDER BY secret_id DESC
    LIMIT $3
"""


class TooManySecretsError(DomainError):
    """A secret is being replaced already; a third would be one too many to sign with."""

    code: ClassVar[str] = "WEBHOOK_SECRETS_TOO_MANY"

    def __init__(self) -> None:
        super().__init__(
            "the former secret still signs; rotate with --overlap-hours 0 to end both at once"
        )


async def new_secret(
    connection: Connection, cipher: Cipher, endpoint_id: int, *, at: datetime
) -> str:
    """Store a new secret and return it: `whsec_` and 32 bytes in base64."""
    secret = SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    await connection.execute(INSERT_SECRET, endpoint_id, cipher.encrypt(secret), at)
    return secret


async def replace_secret(
    connection: Connection, cipher: Cipher, endpoint_id: int, *, overlap: timedelta, at: datetime
) -> str:
    """Store a new secret beside the former, which signs too for `overlap`; return the new one.

    Raises InvalidInputError, and TooManySecretsError while a former overlap lasts. The caller
    holds the endpoint.
    """
    if not timedelta(0) <= overlap <= OVERLAP_MAX:
        raise InvalidInputError("overlap", f"choose 0 to {OVERLAP_MAX.days} days")
    live = await connection.fetch(SELECT_LIVE, endpoint_id, at, LIVE_SECRETS_MAX)
    if overlap and len(live) >= LIVE_SECRETS_MAX:
        raise TooManySecretsError
    await connection.execute(END_SECRETS, endpoint_id, at + overlap)
    return await new_secret(connection, cipher, endpoint_id, at=at)


async def live_secrets(
    connection: Connection, cipher: Cipher, endpoint_id: int, *, at: datetime
) -> tuple[str, ...]:
    """Return the secrets that sign now, the newest first; raises SecretUnreadableError."""
    rows = await connection.fetch(SELECT_LIVE, endpoint_id, at, LIVE_SECRETS_MAX)
    return tuple(cipher.decrypt(row["ciphertext"]) for row in rows)
