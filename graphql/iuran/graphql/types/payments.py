"""The payment as the schema shows it: money that came in, and what it paid."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import Computed, Key, Many, One, Paged, Source, of_family
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.fields import declared
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.orders import order_by
from iuran.graphql.types.weights import counted_as
from iuran.payments.receipts.keys import ReceiptKey

if TYPE_CHECKING:
    from iuran.graphql.types.bills import Bill
    from iuran.graphql.types.families import Family
    from iuran.graphql.types.memberships import Membership

PAYMENT_ORDER = order_by("Payment", PAID_AT="When the money took effect here.")


BillRef = Annotated["Bill", strawberry.lazy("iuran.graphql.types.bills")]
FamilyRef = Annotated["Family", strawberry.lazy("iuran.graphql.types.families")]
MembershipRef = Annotated["Membership", strawberry.lazy("iuran.graphql.types.memberships")]


@strawberry.type(description="The part of a payment that went to one bill.")
class PaymentAllocation:
    """An allocation."""

    coverage_month: CoverageMonth = strawberry.field(description="The month of the bill.")
    amount: Rupiah = strawberry.field(description="How much of the payment it took.")
    bill: BillRef | None = declared(description="The bill.")


@strawberry.type(
    description="A payment (pembayaran) with all that a receipt shows: when, where, under which "
    "reference, and which months it paid."
)
class Payment(Node):
    """A payment."""

    amount: Rupiah = strawberry.field(description="All that was paid at once.")
    paid_at: datetime = strawberry.field(description="When the money took effect here.")
    channel_time: datetime | None = strawberry.field(
        description="When the channel says that it was paid; null if it did not say."
    )
    value_date: date = strawberry.field(
        description="The day that counts for the law (tanggal valuta), in Jakarta."
    )
    channel_code: str = strawberry.field(description="The short name of the channel, as `BRI`.")
    channel_name: str = strawberry.field(
        description="The bank, shop or wallet through which it was paid (kanal pembayaran)."
    )
    reference: str = strawberry.field(
        description="The channel's own reference of the payment, to be named in complaints."
    )
    credited_amount: Rupiah = strawberry.field(
        description="What was more than the bills and went to the credit (saldo) of the family."
    )
    first_month: CoverageMonth | None = strawberry.field(
        description="The first month that it paid; null if it went to credit alone."
    )
    last_month: CoverageMonth | None = strawberry.field(
        description="The last month that it paid; null if it went to credit alone."
    )
    receipt_url: str | None = strawberry.field(
        description="Where its receipt (struk) is a page, and with `.pdf` behind it a document: "
        "masked, and open to whoever has the link until it ends. A path of this server if the "
        "installation has no address of its own; null if it shows no receipts."
    )
    family: FamilyRef | None = declared(description="The family for which it was paid.")
    membership: MembershipRef | None = declared(description="The insurance that it paid for.")
    allocations: list[PaymentAllocation] = declared(
        description="Which bills it paid, the oldest month first; at most 100.",
        directives=counted_as(12),
    )


def _receipt_url(question: Question, family_id: int, payment_id: int) -> str | None:
    if question.receipts is None:
        return None
    return question.receipts.url_of(ReceiptKey(family_id=family_id, payment_id=payment_id))


PAYMENT_ALLOCATION = Source(
    type_name="PaymentAllocation",
    table="payment_allocation AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "coverageMonth": "{row}.coverage_month",
        "amount": "{row}.amount",
        "bill": One(
            target="Bill",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id "
            "AND {row}.coverage_month = {parent}.coverage_month",
        ),
    },
)

PAYMENT = Source(
    type_name="Payment",
    table="payment AS {row} JOIN channel AS {row}c ON {row}c.channel_id = {row}.channel_id",
    access=of_family("{row}.family_id"),
    key=("family_id", "payment_id"),
    fields={
        "amount": "{row}.amount",
        "paidAt": "{row}.received_at",
        "channelTime": "{row}.channel_time",
        "valueDate": "{row}.value_date",
        "channelCode": "{row}c.code",
        "channelName": "{row}c.name",
        "reference": "{row}.reference",
        "creditedAmount": "coalesce((SELECT sum(c.amount) FROM credit_entry AS c "
        "WHERE c.family_id = {row}.family_id AND c.payment_id = {row}.payment_id "
        "AND c.cause = 'SURPLUS'), 0)::bigint",
        "firstMonth": "(SELECT min(a.coverage_month) FROM payment_allocation AS a "
        "WHERE a.family_id = {row}.family_id AND a.payment_id = {row}.payment_id)",
        "lastMonth": "(SELECT max(a.coverage_month) FROM payment_allocation AS a "
        "WHERE a.family_id = {row}.family_id AND a.payment_id = {row}.payment_id)",
        "receiptUrl": Computed(
            of=_receipt_url, needs=("{row}.family_id::bigint", "{row}.payment_id::bigint")
        ),
        "family": One(target="Family", where="{row}.family_id = {parent}.family_id"),
        "membership": One(
            target="Membership",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_id",
        ),
        "allocations": Many(
            target="PaymentAllocation",
            where="{row}.family_id = {parent}.family_id AND {row}.payment_id = {parent}.payment_id",
            order="{row}.coverage_month, {row}.membership_id",
            limit="100",
        ),
    },
)

PAYMENTS_OF_FAMILY = Paged(
    target="Payment",
    where="{row}.family_id = {parent}.family_id",
    order="PAID_AT",
    keys=(Key(sql="{row}.payment_id"),),
    list_name="PaymentCursor",
)
