"""What can be paid now, as the schema shows it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Self, cast

import strawberry

from iuran.core.database.pool import Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.graphql.compiler.declarations import Attribute, Made, Source, of_family
from iuran.graphql.reads.payables import PAYABLES_OF
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.enums import MembershipState, PayableStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PayableRow:
    """What is known of a membership that owes something, or nothing; see `PAYABLES_OF`."""

    state: str
    paid_through: int | None
    is_moved: bool
    first_unpaid: int
    open_amount: Decimal | None
    months_ahead: int
    credit: Decimal
    members: int | None
    plan_amount: Decimal | None
    has_plan: bool
    price_ahead: int
    first_month: int | None
    last_month: int | None
    arrears_months: int
    is_billed: bool

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(**{name: row[name] for name in cls.__slots__})


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
    def of(cls, row: PayableRow, *, issued_on: date, today: date) -> Self:
        """Read a row; a first payment is possible some days after the number was given out."""
        opens, closes = _first_payment(row, issued_on)
        amount = _amount(row)
        first, last = row.first_month, row.last_month
        if amount is not None and first is None:  # only months ahead
            first = CoverageMonth.of(today).ordinal + 1
            last = first + row.months_ahead - 1
        return cls(
            status=_status(row, amount, opens=opens, closes=closes, today=today),
            amount=Rupiah(amount or 0),
            members=row.members or 0,
            arrears_months=row.arrears_months,
            first_month=CoverageMonth.if_any(first),
            last_month=CoverageMonth.if_any(last),
            payable_from=opens,
            payable_until=closes,
        )


def _first_payment(row: PayableRow, issued_on: date) -> tuple[date | None, date | None]:
    """Return the first and last day of a first payment; after a move there is no last one."""
    if row.state != MembershipState.PENDING:
        return None, None
    if row.is_moved:
        return CoverageMonth.of_ordinal(row.first_unpaid).first_day, None
    return (
        issued_on + timedelta(days=parameter("first_payment_earliest_days", issued_on)),
        issued_on + timedelta(days=parameter("first_payment_latest_days", issued_on)),
    )


def _amount(row: PayableRow) -> int | None:
    """Return the step of a plan, or open bills and months ahead less the credit; None for none."""
    if row.has_plan:
        return None if row.plan_amount is None else int(row.plan_amount)
    due = int((row.open_amount or 0) - row.credit + row.price_ahead)
    return due if due > 0 else None


def _status(
    row: PayableRow, amount: int | None, *, opens: date | None, closes: date | None, today: date
) -> PayableStatus:
    """Decide as `payable_at` does for banks."""
    if opens is not None and today < opens:
        return PayableStatus.TOO_EARLY
    if closes is not None and today > closes:
        return PayableStatus.EXPIRED
    pending = row.state == MembershipState.PENDING
    if pending and row.open_amount is None:
        return PayableStatus.NOT_BILLED
    if amount is not None:
        return PayableStatus.PAYABLE
    is_paid = pending or row.is_billed or row.has_plan
    if is_paid or (row.paid_through or 0) >= CoverageMonth.of(today).ordinal:
        return PayableStatus.ALREADY_PAID
    return PayableStatus.NOT_BILLED


def _payable(question: Question, issued_on: date, *columns: object) -> Payable:
    # It is only looked up by name, as a record is.
    row = PayableRow.of(cast("Record", dict(zip(PayableRow.__slots__, columns, strict=True))))
    return Payable.of(row, issued_on=issued_on, today=question.today)


PAYABLE = Source(
    type_name="Payable",
    table="LATERAL ("
    + PAYABLES_OF.replace("{keys}", "(VALUES ({row}k.family_id, {row}k.membership_id))").replace(
        "{seen}", "true"
    )
    + ") AS {row}",
    access=of_family("{row}.family_id"),
    made=Made(
        of=_payable,
        needs=(
            "{row}k.issued_on",
            "{row}.state",
            "{row}.paid_through::integer",
            "{row}.is_moved",
            "{row}.first_unpaid::integer",
            "{row}.open_amount",
            "{row}.months_ahead",
            "{row}.credit",
            "{row}.members",
            "{row}.plan_amount",
            "{row}.has_plan",
            "{row}.price_ahead",
            "{row}.first_month::integer",
            "{row}.last_month::integer",
            "{row}.arrears_months",
            "{row}.is_billed",
        ),
    ),
    fields={
        "status": Attribute("status"),
        "amount": Attribute("amount"),
        "members": Attribute("members"),
        "arrearsMonths": Attribute("arrears_months"),
        "firstMonth": Attribute("first_month"),
        "lastMonth": Attribute("last_month"),
        "payableFrom": Attribute("payable_from"),
        "payableUntil": Attribute("payable_until"),
    },
)
"""Its relations say in `{row}k` which membership, and when the number was given out."""
