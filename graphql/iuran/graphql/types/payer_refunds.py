"""Refunds to employers and governments as the schema shows them."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.declarations import Access, Column, Fragment, Key, One, Paged, Source
from iuran.graphql.scope import Scope
from iuran.graphql.types import refunds
from iuran.graphql.types.fields import declared
from iuran.graphql.types.orders import order_by
from iuran.payments.refunds.records import RefundState

if TYPE_CHECKING:
    from iuran.graphql.types.employers import Employer

PAYER_REFUND_ORDER = order_by("PayerRefund", REQUESTED_AT="When it was asked for.")

PUBLISHED_BY = refunds
"""What publishes where a refund stands."""

EmployerRef = Annotated["Employer", strawberry.lazy("iuran.graphql.types.employers")]


@strawberry.type(
    description="A refund to an employer or a government: credit that no bill has used goes back. "
    "One person asks for it with all papers at hand, another decides."
)
class PayerRefund:
    """A refund."""

    refund_number: int = strawberry.field(description="Its number, for the decision.")
    employer: EmployerRef | None = declared(description="The employer, if it is one's.")
    region: str | None = strawberry.field(
        description="The government, if it is one's: `00` is the central one, 2 digits a province, "
        "4 a regency."
    )
    government_name: str | None = strawberry.field(description="Its name.")
    amount: Rupiah = strawberry.field(description="How much goes back.")
    note: str = strawberry.field(description="What who asked for it wrote.")
    state: RefundState = strawberry.field(
        description="Where it stands. It is `COMPLETE` when it is asked for."
    )
    payee_name: str = strawberry.field(description="To whom it is paid.")
    payee_bank: str = strawberry.field(description="The bank.")
    payee_account: str = strawberry.field(
        description="The account there; masked for roles that may not see numbers whole."
    )
    requested_by: str = strawberry.field(description="Who asked for it.")
    requested_at: datetime = strawberry.field(description="When.")
    pay_by: date = strawberry.field(description="The last day for paying it out.")
    decided_by: str | None = strawberry.field(description="Who decided; null while it waits.")
    decided_at: datetime | None = strawberry.field(description="When.")
    decision_reason: str | None = strawberry.field(description="Why, in the words of who decided.")
    paid_on: date | None = strawberry.field(description="The day on which it was paid out.")
    payout_reference: str | None = strawberry.field(description="The bank's reference of that.")


def _whose(shape: Scope) -> Fragment | None:
    """Let those who follow money see every refund, and an employer its own."""
    if shape.sees_finances:
        return None
    return "false" if shape.employer_id is None else "{row}.employer_id = {viewer_employer}"


PAYER_REFUND = Source(
    type_name="PayerRefund",
    table="payer_refund AS {row} "
    "LEFT JOIN payer_refund_decision AS {row}d ON {row}d.refund_id = {row}.refund_id "
    "LEFT JOIN payer_refund_payout AS {row}p ON {row}p.refund_id = {row}.refund_id "
    "LEFT JOIN government AS {row}g ON {row}g.region = {row}.region",
    access=Access(condition=_whose),
    fields={
        "refundNumber": "{row}.refund_id",
        "employer": One(target="Employer", where="{row}.employer_id = {parent}.employer_id"),
        "region": "{row}.region",
        "governmentName": "{row}g.name",
        "amount": "{row}.amount",
        "note": "{row}.note",
        "state": "CASE WHEN {row}p.refund_id IS NOT NULL THEN 'PAID' "
        "WHEN {row}d.is_approved THEN 'APPROVED' "
        "WHEN {row}d.refund_id IS NOT NULL THEN 'REFUSED' ELSE 'COMPLETE' END",
        "payeeName": "{row}.payee_name",
        "payeeBank": "{row}.payee_bank",
        "payeeAccount": Column(
            sql="{row}.payee_account",
            cards="repeat('*', greatest(length({row}.payee_account) - 4, 0)) "
            "|| right({row}.payee_account, 4)",
        ),
        "requestedBy": "{row}.requested_by",
        "requestedAt": "{row}.requested_at",
        "payBy": "{row}.pay_by",
        "decidedBy": "{row}d.decided_by",
        "decidedAt": "{row}d.decided_at",
        "decisionReason": "{row}d.reason",
        "paidOn": "{row}p.paid_on",
        "payoutReference": "{row}p.reference",
    },
)
REFUNDS_OF_EMPLOYER = Paged(
    target="PayerRefund",
    where="{row}.employer_id = {parent}.employer_id",
    order="REQUESTED_AT",
    keys=(Key(sql="{row}.refund_id"),),
    list_name="PayerRefundOfEmployerCursor",
)
PAYER_REFUNDS_WAITING = Paged(
    target="PayerRefund",
    via="payer_refund_waiting AS {row}w, ",
    where="{row}.refund_id = {row}w.refund_id",
    order="REQUESTED_AT",
    keys=(Key(sql="{row}w.refund_id"),),
    list_name="PayerRefundCursor",
    descending=False,
)
