"""The governments' part of the monthly run."""

from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth

BILL_GOVERNMENTS: LiteralString = """
    SELECT bill_governments($1, $2)
"""


async def bill_governments(connection: Connection, month: CoverageMonth, *, at: datetime) -> int:
    """Bill and post what governments owe for a month and were not billed yet; count the lines.

    Safe to run twice and at the same time: what is billed is the difference.
    """
    return int(await connection.fetchval(BILL_GOVERNMENTS, month.ordinal, at))
