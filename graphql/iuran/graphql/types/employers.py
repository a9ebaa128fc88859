"""Employers as the schema shows them: their bills, payments and workers."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_employer, of_family_or_employer
from iuran.graphql.compiler.declarations import (
    Column,
    Computed,
    Fragment,
    Key,
    Many,
    Paged,
    Source,
)
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.employer_bill_explanations import EXPLANATION_OF_EMPLOYER_BILL
from iuran.graphql.types.enums import BillState, publish
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.scalars import CardNumber
from iuran.graphql.types.weights import counted_as, weighing
from iuran.payments.receipts.keys import EmployerReceiptKey

EMPLOYER_ORDER = order_by(
    "Employer", REGISTERED_AT="When it registered.", NAME="Its name, whatever its case."
)
EMPLOYER_BILL_ORDER = order_by(
    "EmployerBill", COVERAGE_MONTH="The month that it insures, and its parts."
)
EMPLOYER_PAYMENT_ORDER = order_by("EmployerPayment", PAID_AT="When the money took effect here.")
EMPLOYER_CREDIT_ORDER = order_by("EmployerCreditEntry", BOOKED_AT="When it was booked.")
EMPLOYMENT_ORDER = order_by("Employment", REGISTERED_AT="When the family of the worker registered.")


EXPLAINED_WEIGHT = 100
"""It reads and adds up hundreds of workers' lines."""


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


@strawberry.type(description="A wage as it was reported (upah): contributions are a share of it.")
class Wage:
    """A wage."""

    amount: Rupiah = strawberry.field(description="The monthly wage.")
    first_month: CoverageMonth = strawberry.field(description="The first month for which it holds.")
    reported_by: str = strawberry.field(description="Who reported it.")
    reported_at: datetime = strawberry.field(description="When.")


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


@strawberry.type(
    description="A worker as his employer reported him (pekerja). His family is insured with him."
)
class Employment(Node):
    """An employment."""

    worker_name: str = strawberry.field(description="The worker's name.")
    card_number: CardNumber = strawberry.field(
        description="The worker's card number; masked for roles that may not see it whole."
    )
    first_month: CoverageMonth = strawberry.field(
        description="The first month for which he is paid."
    )
    last_month: CoverageMonth | None = strawberry.field(
        description="The last one; null while he is employed."
    )
    billed_through: CoverageMonth = strawberry.field(
        description="The last month that was billed for him."
    )
    wage: Rupiah | None = strawberry.field(
        description="The monthly wage that was last reported; null if none was."
    )
    wages: list[Wage] = declared(
        description="All wages that were reported, the newest first; at most 50.",
        directives=counted_as(5),
    )


@strawberry.type(
    description="An employer's bill of a month (tagihan badan usaha). Workers reported after the "
    "month was billed make another part of it."
)
class EmployerBill(Node):
    """A bill."""

    coverage_month: CoverageMonth = strawberry.field(description="The month.")
    part: int = strawberry.field(description="Which part of the month's bill, from 1.")
    workers: int = strawberry.field(description="For how many workers.")
    amount: Rupiah = strawberry.field(description="All of it.")
    employer_share: Rupiah = strawberry.field(description="What the employer bears of it.")
    worker_share: Rupiah = strawberry.field(
        description="What is deducted from the wages, additional family members included."
    )
    due_date: date = strawberry.field(
        description="The last day to pay it in time: the 10th, or the next working day."
    )
    issued_at: datetime = strawberry.field(description="When it was issued.")
    state: BillState = strawberry.field(description="What became of it.")
    is_overdue: bool = strawberry.field(description="Open, and the due date has passed.")
    settled_at: datetime | None = strawberry.field(description="When it was paid; null before.")
    explanation: Explanation | None = strawberry.field(
        description="Why the month's bill, all parts of it, is what it is: each rule and what it "
        "came to. Null for more than 500 workers.",
        directives=weighing(EXPLAINED_WEIGHT),
    )


@strawberry.type(description="What an employer paid at once.")
class EmployerPayment(Node):
    """A payment."""

    amount: Rupiah = strawberry.field(description="All that was paid at once.")
    paid_at: datetime = strawberry.field(description="When the money took effect here.")
    value_date: date = strawberry.field(description="The day that counts, in Jakarta.")
    channel_name: str = strawberry.field(description="The bank through which it was paid.")
    reference: str = strawberry.field(description="The channel's own reference of the payment.")
    receipt_url: str | None = strawberry.field(
        description="Where its receipt is a page, and with `.pdf` behind it a document, as of a "
        "family's payment."
    )


def _receipt_url(question: Question, employer_id: int, payment_id: int) -> str | None:
    if question.receipts is None:
        return None
    return question.receipts.url_of(
        EmployerReceiptKey(employer_id=employer_id, payment_id=payment_id)
    )


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
    workers: Connection[Employment] = in_pages(
        description="Its workers, in the order of their families' registration.",
        order_by=EMPLOYMENT_ORDER,
    )


_OF_EMPLOYER: Final = of_employer("{row}.employer_id")
_OF_PARENT: Final[Fragment] = "{row}.employer_id = {parent}.employer_id"
_MONTH = Key(sql="{row}.coverage_month")

WAGE = Source(
    type_name="Wage",
    table="wage AS {row} JOIN employment AS {row}e ON {row}e.family_id = {row}.family_id "
    "AND {row}e.membership_id = {row}.membership_id",
    access=of_family_or_employer("{row}.family_id", employer_id="{row}e.employer_id"),
    fields={
        "amount": "{row}.amount",
        "firstMonth": "{row}.first_month",
        "reportedBy": "{row}.reported_by",
        "reportedAt": "{row}.reported_at",
    },
)
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
EMPLOYMENT = Source(
    type_name="Employment",
    table="employment AS {row} JOIN participant AS {row}p "
    "ON {row}p.family_id = {row}.family_id AND {row}p.participant_id = {row}.participant_id",
    access=of_family_or_employer("{row}.family_id", employer_id="{row}.employer_id"),
    key=("family_id", "membership_id"),
    fields={
        "workerName": "{row}p.name",
        "cardNumber": Column(
            sql="{row}p.card_number", cards="repeat('*', 9) || right({row}p.card_number, 4)"
        ),
        "firstMonth": "{row}.first_month",
        "lastMonth": "{row}.last_month",
        "billedThrough": "{row}.billed_through",
        "wage": "(SELECT w.amount FROM wage AS w WHERE w.family_id = {row}.family_id "
        "AND w.membership_id = {row}.membership_id ORDER BY w.wage_id DESC LIMIT 1)",
        "wages": Many(
            target="Wage",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
            order="{row}.wage_id DESC",
            limit="50",
        ),
    },
)
EMPLOYER_BILL = Source(
    type_name="EmployerBill",
    table="employer_bill AS {row}",
    access=_OF_EMPLOYER,
    key=("employer_id", "coverage_month", "part"),
    fields={
        "coverageMonth": "{row}.coverage_month",
        "part": "{row}.part",
        "workers": "{row}.workers",
        "amount": "{row}.amount",
        "employerShare": "{row}.employer_share",
        "workerShare": "{row}.worker_share",
        "dueDate": "{row}.due_date",
        "issuedAt": "{row}.issued_at",
        "state": "{row}.state",
        "isOverdue": "{row}.state = 'OPEN' AND {row}.due_date < {today}",
        "settledAt": "{row}.settled_at",
        "explanation": EXPLANATION_OF_EMPLOYER_BILL,
    },
)
EMPLOYER_PAYMENT = Source(
    type_name="EmployerPayment",
    table="employer_payment AS {row} JOIN channel AS {row}c "
    "ON {row}c.channel_id = {row}.channel_id",
    access=_OF_EMPLOYER,
    key=("employer_id", "payment_id"),
    fields={
        "amount": "{row}.amount",
        "paidAt": "{row}.received_at",
        "valueDate": "{row}.value_date",
        "channelName": "{row}c.name",
        "reference": "{row}.reference",
        "receiptUrl": Computed(
            of=_receipt_url, needs=("{row}.employer_id::bigint", "{row}.payment_id::bigint")
        ),
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
