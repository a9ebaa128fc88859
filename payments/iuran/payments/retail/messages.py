"""The raw bytes of every authentic message, kept beside those of SNAP BI."""

import hashlib
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.payments.retail.channels import RetailChannel
from iuran.payments.snap.message import SnapMessage

NOTICE_SERVICE = 90
"""Stands where SNAP BI has its service: a message that settled nothing by itself."""

KEPT_HEADERS = (
    "content-type",
    "webhook-id",
    "client-id",
    "request-id",
    "request-timestamp",
    "signature",
)
"""What it takes to verify a message once again; Xendit's token is a secret, and not among them."""

INSERT_MESSAGE: LiteralString = """
    INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference, received_at,
                                 target, headers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
"""


def kept_headers(message: SnapMessage) -> dict[str, str]:
    """Return the headers that are stored with a message."""
    found = {name: message.headers[name] for name in KEPT_HEADERS if name in message.headers}
    return {name: value for name, value in found.items() if value.isprintable()}


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
        hashlib.sha256(message.body).hexdigest(),
        reference,
        at,
        message.target,
        kept_headers(message),
        message.body,
    )
