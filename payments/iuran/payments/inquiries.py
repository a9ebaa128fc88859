"""Inquiries: what we told a channel, so that its payment finds the same bill or is refused."""

from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.payments.virtual_accounts import Payable, payable_at

INSERT_INQUIRY: LiteralString = """
    INSERT INTO inquiry (channel_id, reference, customer_number, wib_day, version, amount, asked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


async def inquire(
    connection: Connection,
    channel_id: int,
    *,
    reference: str,
    customer_number: str,
    at: datetime,
) -> Payable:
    """Return what an account may pay, and remember it under the channel's inquiryRequestId.

    A payment under the same reference on another WIB day, or for a bill that changed since, is
    refused with BILL_CHANGED [D] (an aggregator may pay only on the day of the inquiry).
    """
    payable = await payable_at(connection, customer_number, at=at)
    if payable.result == "PAYABLE":
        await connection.execute(
            INSERT_INQUIRY,
            channel_id,
            reference,
            customer_number,
            wib_date(at),
            payable.version,
            payable.amount,
            at,
        )
    return payable
