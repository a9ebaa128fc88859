"""What an employer owes for a month, and what it paid, as the schema shows them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.access import of_employer
from iuran.graphql.compiler.declarations import Computed, Many, One, Source
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.employer_bill_explanations import EXPLANATION_OF_EMPLOYER_BILL
from iuran.graphql.types.enums import BillState
from iuran.graphql.types.explanations import Explanation
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as, weighing
from iuran.payments.receipts.keys import EmployerReceiptKey

if TYPE_CHECKING:
    from iuran.graphql.types.employers import Employer

EmployerRef = Annotated["Employer", strawberry.lazy("iuran.graphql.types.employers")]
EMPLOYER_OF_IT: Final = One(target="Employer", where="{row}.employer_id = {parent}.employer_id")

_OF_EMPLOYER: Final = of_employer("{row}.employer_id")

EMPLOYER_BILL_ORDER = order_by(
    "EmployerBill", COVERAGE_MONTH="The month that it insures, and its parts."
)

EMPLOYER_PAYMENT_ORDER = order_by("EmployerPayment", PAID_AT="When the money took effect here.")

EXPLAINED_WEIGHT = 100
"""It reads and adds up hundreds of workers' lines."""


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
    employer: EmployerRef | None = declared(description="The employer that owes it.")


@strawberry.type(description="The part of an employer's payment that went to one of its bills.")
class EmployerPaymentAllocation:
    """An allocation."""

    amount: Rupiah = strawberry.field(description="How much of the payment it took.")
    bill: EmployerBill | None = declared(description="The bill.")


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
    employer: EmployerRef | None = declared(description="The employer that paid.")
    allocations: list[EmployerPaymentAllocation] = declared(
        description="Which bills it paid, the oldest month first; at most 100.",
        directives=counted_as(2),
    )


def _receipt_url(question: Question, employer_id: int, payment_id: int) -> str | None:
    if question.receipts is None:
        return None
    return question.receipts.url_of(
        EmployerReceiptKey(employer_id=employer_id, payment_id=payment_id)
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
        "employer": EMPLOYER_OF_IT,
    },
)

EMPLOYER_PAYMENT_ALLOCATION = Source(
    type_name="EmployerPaymentAllocation",
    table="employer_payment_allocation AS {row}",
    access=_OF_EMPLOYER,
    fields={
        "amount": "{row}.amount",
        "bill": One(
            target="EmployerBill",
            where="{row}.employer_id = {parent}.employer_id "
            "AND {row}.coverage_month = {parent}.coverage_month AND {row}.part = {parent}.part",
        ),
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
        "employer": EMPLOYER_OF_IT,
        "allocations": Many(
            target="EmployerPaymentAllocation",
            where="{row}.employer_id = {parent}.employer_id "
            "AND {row}.payment_id = {parent}.payment_id",
            order="{row}.coverage_month, {row}.part",
            limit="100",
        ),
    },
)
