"""Payment in advance: whole months besides the bill, asked for on the day of the payment."""

from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.regulation.rates import parameter

INSERT_REQUEST: LiteralString = """
    INSERT INTO prepayment_request (family_id, membership_id, wib_day, months, requested_at)
    VALUES ($1, $2, $3, $4, $5)
"""


class MonthsAheadError(DomainError):
    """More months ahead than can be paid, or fewer than none."""

    code: ClassVar[str] = "MONTHS_AHEAD_OUT_OF_RANGE"

    def __init__(self, months: int, *, months_max: int) -> None:
        super().__init__(f"pay 1 to {months_max} whole months ahead, or 0 for none, not {months}")
        self.months = months
        self.months_max = months_max


async def ask_to_pay_ahead(
    connection: Connection, family_id: int, membership_id: int, *, months: int, at: datetime
) -> None:
    """Let today's payable amount hold `months` coming months; 0 takes the wish back.

    [D] 1 to 12 whole months, for this WIB day only; the newest wish counts. Months that credit
    covers already are not asked for again. Raises MonthsAheadError.
    """
    today = wib_date(at)
    months_max = parameter("prepayment_months_max", today)
    if not 0 <= months <= months_max:
        raise MonthsAheadError(months, months_max=months_max)
    await connection.execute(INSERT_REQUEST, family_id, membership_id, today, months, at)
