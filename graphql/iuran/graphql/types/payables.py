"""What can be paid now, as the schema shows it."""

from datetime import date, timedelta
from typing import Self

import strawberry

from iuran.core.database.pool import Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.graphql.types.enums import MembershipState, PayableStatus
from iuran.graphql.types.months import month_of


@strawberry.type(
    description="What can be paid now (jumlah yang harus dibayar). It is all or nothing: a bank "
    "takes exactly `amount`. It grows at midnight on the 1st of each month, Jakarta time."
)
class Payable:
    """What a membership can pay at one moment."""

    status: PayableStatus = strawberry.field(description="Whether it can be paid, or why not.")
    amount: Rupiah = strawberry.field(
        description='The exact sum: all arrears that can be asked for and the running month; `"0"` '
        "if nothing is owed."
    )
    members: int = strawberry.field(description="For how many people.")
    arrears_months: int = strawberry.field(
        description="Months in it that ended unpaid (bulan tunggakan); the running month is no "
        "arrears."
    )
    first_month: CoverageMonth | None = strawberry.field(
        description="The first month in it; null if nothing is owed."
    )
    last_month: CoverageMonth | None = strawberry.field(
        description="The last month in it; null if nothing is owed."
    )
    payable_from: date | None = strawberry.field(
        description="For a first payment: the first day on which it is possible. Else null."
    )
    payable_until: date | None = strawberry.field(
        description="For a first payment: the last day on which it is possible. Else null."
    )

    @classmethod
    def of(cls, row: Record, *, issued_on: date, today: date) -> Self:
        """Read a row; a first payment is possible some days after the number was given out."""
        pending = row["state"] == MembershipState.PENDING
        opens = issued_on + timedelta(days=parameter("first_payment_earliest_days", issued_on))
        closes = issued_on + timedelta(days=parameter("first_payment_latest_days", issued_on))
        return cls(
            status=_status(row, opens=opens, closes=closes, today=today),
            amount=Rupiah(int(row["amount"] or 0)),
            members=row["members"] or 0,
            arrears_months=row["arrears_months"],
            first_month=month_of(row["first_month"]),
            last_month=month_of(row["last_month"]),
            payable_from=opens if pending else None,
            payable_until=closes if pending else None,
        )


def _status(row: Record, *, opens: date, closes: date, today: date) -> PayableStatus:
    """Decide as `payable_at` does for banks."""
    if row["state"] == MembershipState.PENDING and not opens <= today <= closes:
        return PayableStatus.TOO_EARLY if today < opens else PayableStatus.EXPIRED
    if row["amount"] is not None:
        return PayableStatus.PAYABLE
    paid_through = row["paid_through"]
    if paid_through is None or paid_through < CoverageMonth.of(today).ordinal:
        return PayableStatus.NOT_BILLED
    return PayableStatus.ALREADY_PAID
