"""The identity of questions: an X-EXTERNAL-ID is used once for a channel, service and WIB day."""

from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.payments.snap.authentication import Sender
from iuran.payments.snap.message import Exchange

SKIP_DURABILITY: LiteralString = """
    SET LOCAL synchronous_commit = off
"""

RESERVE_MESSAGE: LiteralString = """
    INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference, received_at,
                                 target, headers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (channel_id, service, wib_day, external_id) DO NOTHING
    RETURNING external_id
"""

SELECT_RESERVED_REFERENCE: LiteralString = """
    SELECT reference FROM channel_message
    WHERE channel_id = $1 AND service = $2 AND wib_day = $3 AND external_id = $4
"""


async def reserve(
    connection: Connection, sender: Sender, exchange: Exchange, at: datetime
) -> bool | None:
    """Reserve a question's X-EXTERNAL-ID and keep its bytes; the signature has been verified.

    True if it is new, False if the same question was stored before, None if another one was.
    Nothing of money depends on this commit, so it does not wait for the disk.
    """
    await connection.execute(SKIP_DURABILITY)
    identity = (
        sender.channel.channel_id,
        exchange.service.value,
        wib_date(at),
        sender.external_id,
    )
    reserved = await connection.fetchval(
        RESERVE_MESSAGE,
        *identity,
        exchange.reference,
        at,
        exchange.message.target,
        dict(exchange.headers),
        exchange.message.body,
    )
    if reserved is not None:
        return True
    stored = await connection.fetchval(SELECT_RESERVED_REFERENCE, *identity)
    return False if stored == exchange.reference else None
