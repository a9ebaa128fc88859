"""Inquiries: what we told a channel, so that its payment finds the same bill or is refused."""

from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.payments.virtual_accounts import Payable

INQUIRE: LiteralString = """
    SELECT family_id, membership_id, result, name, members, amount, arrears_months, first_month,
           last_month, payable_from, payable_until, credit, months_ahead, version
    FROM inquire($1, $2, $3, $4)
"""


async def inquire(
    connection: Connection,
    channel_id: int,
    *,
    reference: str,
    customer_number: str,
    at: datetime,
) -> Payable:
    """Return what a number may pay, and remember it under the channel's inquiryRequestId.

    A payment under the same reference on another WIB day, or for a bill that changed since, is
    refused with BILL_CHANGED [D] (an aggregator may pay only on the day of the inquiry).
    """
    row = await connection.fetchrow(INQUIRE, channel_id, reference, customer_number, at)
    assert row is not None  # noqa: S101 - the function always returns one row
    return Payable.of(row)
