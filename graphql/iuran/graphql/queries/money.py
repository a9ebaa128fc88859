"""Questions about money: payments, channels, and what waits for somebody."""

from typing import Annotated

import strawberry

from iuran.graphql.compiler.declarations import Declared, Root, Way
from iuran.graphql.queries.ways import by_number, look_up
from iuran.graphql.types.approvals import (
    APPROVAL_ORDER,
    APPROVALS_WAITING,
    ApprovalFilter,
    ApprovalWaiting,
)
from iuran.graphql.types.channels import CHANNEL_ORDER, CHANNELS, Channel
from iuran.graphql.types.disputes import (
    DISPUTED_PAYMENT_ORDER,
    DISPUTED_PAYMENTS,
    DisputedPayment,
    DisputedPaymentFilter,
)
from iuran.graphql.types.employers import EMPLOYER_ORDER, EMPLOYERS, Employer
from iuran.graphql.types.fields import declared
from iuran.graphql.types.governments import (
    GOVERNMENT_BILL_ORDER,
    GOVERNMENT_BILLS,
    GOVERNMENT_PAYMENT_ORDER,
    GOVERNMENT_PAYMENTS,
    GovernmentBillFilter,
    GovernmentBillLine,
    GovernmentPayment,
)
from iuran.graphql.types.mandates import (
    LIVE_MANDATES,
    MANDATE_ORDER,
    AutodebitMandate,
    AutodebitMandateFilter,
)
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.payer_refunds import (
    PAYER_REFUND_ORDER,
    PAYER_REFUNDS_WAITING,
    PayerRefund,
)
from iuran.graphql.types.payments import Payment
from iuran.graphql.types.refunds import REFUND_ORDER, REFUNDS_WAITING, Refund
from iuran.graphql.types.suspense import SUSPENSE, SUSPENSE_ORDER, SuspenseItem
from iuran.graphql.types.write_offs import WRITE_OFF_ORDER_ORDER, WRITE_OFF_ORDERS, WriteOffOrder


@strawberry.input(description="A payment as a channel names it.")
class ChannelReference:
    """A reference of a channel."""

    channel_code: str = strawberry.field(description="The channel's short name, as `BRI`.")
    reference: str = strawberry.field(
        description="Its own reference of the payment, as it stands on the receipt."
    )


@strawberry.input(one_of=True, description="Which payment: give exactly one.")
class PaymentBy:
    """The ways to a payment."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Its ID.")
    reference: ChannelReference | None = strawberry.field(
        default=strawberry.UNSET, description="The channel's reference."
    )


@strawberry.input(one_of=True, description="Which employer: give exactly one.")
class EmployerBy:
    """The ways to an employer."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Its ID.")
    customer_number: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The 11 digits behind a bank's prefix in its virtual account number.",
    )


@strawberry.type(description="Questions about money.")
class MoneyQueries:
    """Reads of money."""

    payment: Payment | None = declared(
        description="A payment by its ID or the channel's reference.",
        by=Annotated[PaymentBy, strawberry.argument(description="Which payment.")],
    )
    channels: Connection[Channel] = in_pages(
        description="The channels through which money comes in; for officers, empty for others.",
        order_by=CHANNEL_ORDER,
    )
    employer: Employer | None = declared(
        description="An employer by its ID or its number.",
        by=Annotated[EmployerBy, strawberry.argument(description="Which employer.")],
    )
    employers: Connection[Employer] = in_pages(
        description="The employers that you may see, in the order of registration: an employer "
        "itself, or all for officers.",
        order_by=EMPLOYER_ORDER,
    )
    government_bills: Connection[GovernmentBillLine] = in_pages(
        description="What governments were billed, the newest month first; for finance officers "
        "and auditors, empty for others.",
        filter=Annotated[
            GovernmentBillFilter | None, strawberry.argument(description="Only lines like this.")
        ],
        order_by=GOVERNMENT_BILL_ORDER,
    )
    government_payments: Connection[GovernmentPayment] = in_pages(
        description="What governments paid, the newest first; for finance officers and auditors, "
        "empty for others.",
        filter=Annotated[
            GovernmentBillFilter | None,
            strawberry.argument(description="Only payments like this."),
        ],
        order_by=GOVERNMENT_PAYMENT_ORDER,
    )
    refunds_waiting: Connection[Refund] = in_pages(
        description="Refunds that you may see and that are not paid or refused yet, the oldest "
        "first.",
        order_by=REFUND_ORDER,
    )
    payer_refunds_waiting: Connection[PayerRefund] = in_pages(
        description="Refunds to employers and governments that are not paid or refused yet, the "
        "oldest first; for finance officers and auditors, an employer's own, empty for others.",
        order_by=PAYER_REFUND_ORDER,
    )
    approvals_waiting: Connection[ApprovalWaiting] = in_pages(
        description="What waits for a second person, the oldest first; for officers, empty for "
        "others.",
        filter=Annotated[
            ApprovalFilter | None, strawberry.argument(description="Only approvals like this.")
        ],
        order_by=APPROVAL_ORDER,
    )
    autodebit_mandates: Connection[AutodebitMandate] = in_pages(
        description="The mandates for autodebit that live and that you may see, by family.",
        order_by=MANDATE_ORDER,
        filter=Annotated[
            AutodebitMandateFilter | None,
            strawberry.argument(description="Only mandates like this."),
        ],
    )
    write_off_orders: Connection[WriteOffOrder] = in_pages(
        description="Orders to write arrears off, the newest first; for officers, empty for "
        "others.",
        order_by=WRITE_OFF_ORDER_ORDER,
    )
    suspense_items: Connection[SuspenseItem] = in_pages(
        description="Money that waits to be placed, the oldest first; for finance officers and "
        "auditors, empty for others.",
        order_by=SUSPENSE_ORDER,
    )
    disputed_payments: Connection[DisputedPayment] = in_pages(
        description="Payments that banks tell otherwise than we know them, the latest first; for "
        "finance officers, operators and auditors, empty for others.",
        order_by=DISPUTED_PAYMENT_ORDER,
        filter=Annotated[
            DisputedPaymentFilter | None,
            strawberry.argument(description="Only disputes like this."),
        ],
    )


MONEY_LISTS: dict[str, Declared] = {
    "channels": CHANNELS,
    "employers": EMPLOYERS,
    "governmentBills": GOVERNMENT_BILLS,
    "governmentPayments": GOVERNMENT_PAYMENTS,
    "refundsWaiting": REFUNDS_WAITING,
    "payerRefundsWaiting": PAYER_REFUNDS_WAITING,
    "approvalsWaiting": APPROVALS_WAITING,
    "autodebitMandates": LIVE_MANDATES,
    "writeOffOrders": WRITE_OFF_ORDERS,
    "suspenseItems": SUSPENSE,
    "disputedPayments": DISPUTED_PAYMENTS,
}
MONEY_ROOTS: dict[str, Root] = {
    "employer": look_up(
        "Employer",
        "employer_id",
        ways={
            "customerNumber": by_number(
                "{row}n.customer_number = {number} AND {row}.employer_id = {row}n.employer_id",
                via="employer_account_number AS {row}n, ",
            )
        },
    ),
    "payment": look_up(
        "Payment",
        "family_id",
        "payment_id",
        ways={
            "reference": Way(
                via="channel AS {row}h JOIN payment_reference AS {row}r "
                "ON {row}r.channel_id = {row}h.channel_id JOIN virtual_account_number AS {row}n "
                "ON {row}n.customer_number = {row}r.customer_number, ",
                where="{row}h.code = upper({channelCode}) AND {row}r.reference = {reference} "
                "AND {row}.family_id = {row}n.family_id "
                "AND {row}.channel_id = {row}r.channel_id AND {row}.reference = {row}r.reference",
                values={"channelCode": "text", "reference": "text"},
            )
        },
    ),
}
