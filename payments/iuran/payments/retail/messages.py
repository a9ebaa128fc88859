"""The raw bytes of authentic messages that settled nothing, kept beside those of SNAP BI."""

import hashlib
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.payments.retail.channels import RetailChannel
from iuran.payments.snap.message import SnapMessage

NOTICE_SERVICE = 90
"""Stands where SNAP BI has its service: a message of an aggregator."""

INQUIRY_SERVICE = 92
"""A question of DOKU's Direct Inquiry."""

KEPT_HEADERS = (
    "content-type",
    "webhook-id",
    "client-id",
    "request-id",
    "request-timestamp",
    "signature",
)
"""What it takes to verify a message once again; Xendit's token is a secret, and not among them."""

TOKEN_HEADER = "x-callback-token"  # noqa: S105 - its name
"""Xendit's proof; the vault keeps it sealed."""

INSERT_MESSAGE: LiteralString = """
    INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference, received_at,
                                 target, headers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
"""


def kept_headers(message: SnapMessage) -> dict[str, str]:
    """Return the headers that are stored with a message."""
    return message.kept_headers(KEPT_HEADERS)


def external_id_of_body(body: bytes) -> str:
    """Return the identity of a message that has none of its own: the digest of its bytes."""
    return hashlib.sha256(body).hexdigest()


async def keep_message(
    connection: Connection,
    channel: RetailChannel,
    message: SnapMessage,
    *,
    reference: str,
    at: datetime,
) -> None:
    """Keep a message; the same bytes once for each WIB day."""
    await connection.execute(
        INSERT_MESSAGE,
        channel.channel_id,
        NOTICE_SERVICE,
        wib_date(at),
        external_id_of_body(message.body),
        reference,
        at,
        message.target,
        kept_headers(message),
        message.body,
    )
