"""Employers as the schema shows them, with their credit."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_employer
from iuran.graphql.compiler.declarations import (
    Fragment,
    Key,
    Paged,
    Source,
)
from iuran.graphql.types.employer_bills import (
    EMPLOYER_BILL_ORDER,
    EMPLOYER_PAYMENT_ORDER,
    EmployerBill,
    EmployerPayment,
)
from iuran.graphql.types.employments import EMPLOYMENT_ORDER, Employment
from iuran.graphql.types.enums import publish
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.payer_refunds import PAYER_REFUND_ORDER, REFUNDS_OF_EMPLOYER, PayerRefund

EMPLOYER_ORDER = order_by(
    "Employer", REGISTERED_AT="When it registered.", NAME="Its name, whatever its case."
)
EMPLOYER_CREDIT_ORDER = order_by("EmployerCreditEntry", BOOKED_AT="When it was booked.")


class EmployerGroup(StrEnum):
    """Which rates an employer pays."""

    PRIVATE = "PRIVATE"
    STATE_CENTRAL = "STATE_CENTRAL"
    STATE_REGIONAL = "STATE_REGIONAL"


publish(
    EmployerGroup,
    "Which rates an employer pays (kelompok pemberi kerja).",
    {
        EmployerGroup.PRIVATE: "An enterprise (badan usaha).",
        EmployerGroup.STATE_CENTRAL: "The central government as an employer.",
        EmployerGroup.STATE_REGIONAL: "A regional government as an employer.",
    },
)


class EmployerCreditCause(StrEnum):
    """Why an employer's credit moved."""

    SURPLUS = "SURPLUS"
    USED = "USED"


publish(
    EmployerCreditCause,
    "Why an employer's credit moved.",
    {
        EmployerCreditCause.SURPLUS: "More was paid than was billed.",
        EmployerCreditCause.USED: "A bill was settled from it.",
    },
)


@strawberry.type(description="A movement of an employer's credit.")
class EmployerCreditEntry:
    """A credit entry."""

    amount: Rupiah = strawberry.field(
        description="What came in; negative for what a bill used of it."
    )
    cause: EmployerCreditCause = strawberry.field(description="Why it moved.")
    coverage_month: CoverageMonth | None = strawberry.field(
        description="The month of the bill that used it; null if none did."
    )
    booked_at: datetime = strawberry.field(description="When it was booked.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")


@strawberry.type(description="An employer (badan usaha, pemberi kerja) who pays for his workers.")
class Employer(Node):
    """An employer."""

    name: str = strawberry.field(description="Its name.")
    group: EmployerGroup = strawberry.field(description="Which rates it pays.")
    region: str = strawberry.field(
        description="The 4 digits of its regency or city, whose minimum wage counts."
    )
    credit: Rupiah = strawberry.field(
        description="What it paid beyond its bills; later bills use it."
    )
    customer_number: str | None = strawberry.field(
        description="The 11 digits behind a bank's prefix in its virtual account number."
    )
    registered_at: datetime = strawberry.field(description="When it registered.")
    bills: Connection[EmployerBill] = in_pages(
        description="Its bills, the newest month first.",
        order_by=EMPLOYER_BILL_ORDER,
    )
    payments: Connection[EmployerPayment] = in_pages(
        description="What it paid, the newest first.",
        order_by=EMPLOYER_PAYMENT_ORDER,
    )
    credit_entries: Connection[EmployerCreditEntry] = in_pages(
        description="What came into its credit and went out of it, the newest first.",
        order_by=EMPLOYER_CREDIT_ORDER,
    )
    refunds: Connection[PayerRefund] = in_pages(
        description="Credit that went back to it or is to, the newest first; for itself and those "
        "who follow money, empty for others.",
        order_by=PAYER_REFUND_ORDER,
    )
    workers: Connection[Employment] = in_pages(
        description="Its workers, in the order of their families' registration.",
        order_by=EMPLOYMENT_ORDER,
    )


_OF_EMPLOYER: Final = of_employer("{row}.employer_id")
_OF_PARENT: Final[Fragment] = "{row}.employer_id = {parent}.employer_id"
_MONTH = Key(sql="{row}.coverage_month")

EMPLOYER_CREDIT_ENTRY = Source(
    type_name="EmployerCreditEntry",
    table="employer_credit_entry AS {row}",
    access=_OF_EMPLOYER,
    fields={
        "amount": "{row}.amount",
        "cause": "{row}.cause",
        "coverageMonth": "{row}.coverage_month",
        "bookedAt": "{row}.booked_at",
        "valueDate": "{row}.value_date",
    },
)
EMPLOYER = Source(
    type_name="Employer",
    table="employer AS {row}",
    access=_OF_EMPLOYER,
    key=("employer_id",),
    fields={
        "name": "{row}.name",
        "group": "{row}.ppu_group",
        "region": "{row}.region",
        "credit": "{row}.credit",
        "customerNumber": "(SELECT n.customer_number FROM employer_account_number AS n "
        "WHERE n.employer_id = {row}.employer_id ORDER BY n.customer_number LIMIT 1)",
        "registeredAt": "{row}.registered_at",
        "bills": Paged(
            target="EmployerBill",
            where=_OF_PARENT,
            order="COVERAGE_MONTH",
            keys=(_MONTH, Key(sql="{row}.part")),
            list_name="EmployerBillCursor",
        ),
        "payments": Paged(
            target="EmployerPayment",
            where=_OF_PARENT,
            order="PAID_AT",
            keys=(Key(sql="{row}.payment_id"),),
            list_name="EmployerPaymentCursor",
        ),
        "creditEntries": Paged(
            target="EmployerCreditEntry",
            where=_OF_PARENT,
            order="BOOKED_AT",
            keys=(Key(sql="{row}.entry_id"),),
            list_name="EmployerCreditEntryCursor",
        ),
        "refunds": REFUNDS_OF_EMPLOYER,
        "workers": Paged(
            target="Employment",
            where=_OF_PARENT,
            order="REGISTERED_AT",
            keys=(Key(sql="{row}.family_id"), Key(sql="{row}.membership_id")),
            list_name="EmploymentCursor",
            descending=False,
        ),
    },
)
EMPLOYERS = Paged(
    target="Employer",
    where="true",
    order="REGISTERED_AT",
    keys=(Key(sql="{row}.employer_id"),),
    list_name="EmployerCursor",
    descending=False,
    orders={
        "NAME": (
            Key(
                sql="lower({row}.name)",
                written="{row}.employer_id",
                found="(SELECT lower(e.name) FROM employer AS e WHERE e.employer_id = {number})",
            ),
            Key(sql="{row}.employer_id"),
        )
    },
)
