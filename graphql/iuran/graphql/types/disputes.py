"""Payments that a bank has otherwise than we, as the schema shows them."""

from datetime import datetime
from typing import Final

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.compiler.access import of_figures
from iuran.graphql.compiler.declarations import Column, Fragment, Key, Paged, Source
from iuran.graphql.types.orders import order_by

DISPUTED_PAYMENT_ORDER = order_by("DisputedPayment", FOUND_AT="When it was found.")


@strawberry.type(
    description="A payment that a bank tells otherwise than we know it (selisih rekonsiliasi): "
    "refused by us, or of another sum or account. Nothing is booked for it; it has to be settled "
    "with the bank."
)
class DisputedPayment:
    """A dispute."""

    channel_name: str = strawberry.field(description="The bank or shop that tells it.")
    reference: str = strawberry.field(description="Its own reference of the payment.")
    service: int = strawberry.field(
        description="By which service it told: 25 a payment, 26 a status, 34 a notification, "
        "35 a report."
    )
    customer_number: str = strawberry.field(
        description="The number that it says was paid to, without the prefix unless it is not of "
        "our form; masked for roles that may not see it whole."
    )
    amount: Rupiah = strawberry.field(description="How much it says was paid.")
    paid_at: datetime | None = strawberry.field(description="When, if it says so.")
    found_at: datetime = strawberry.field(description="When we came upon it.")
    our_customer_number: str = strawberry.field(
        description="The number that we have under this reference; masked alike."
    )
    our_amount: Rupiah = strawberry.field(description="How much we have under it.")
    our_result: str | None = strawberry.field(
        description="What we answered then, such as `AMOUNT_MISMATCH`; null if nothing."
    )


_MASKED: Final[Fragment] = "repeat('*', greatest(length("

DISPUTED_PAYMENT = Source(
    type_name="DisputedPayment",
    table="disputed_payment AS {row} JOIN channel AS {row}c "
    "ON {row}c.channel_id = {row}.channel_id "
    "JOIN payment_reference AS {row}r ON {row}r.channel_id = {row}.channel_id "
    "AND {row}r.reference = {row}.reference "
    "LEFT JOIN payment_answer AS {row}a ON {row}a.channel_id = {row}.channel_id "
    "AND {row}a.reference = {row}.reference",
    access=of_figures(),
    fields={
        "channelName": "{row}c.name",
        "reference": "{row}.reference",
        "service": "{row}.service::integer",
        "customerNumber": Column(
            sql="{row}.customer_number",
            cards=_MASKED + "{row}.customer_number) - 4, 0)) || right({row}.customer_number, 4)",
        ),
        "amount": "{row}.amount",
        "paidAt": "{row}.paid_at",
        "foundAt": "{row}.found_at",
        "ourCustomerNumber": Column(
            sql="{row}r.customer_number",
            cards=_MASKED + "{row}r.customer_number) - 4, 0)) || right({row}r.customer_number, 4)",
        ),
        "ourAmount": "{row}r.amount",
        "ourResult": "{row}a.result",
    },
)
DISPUTED_PAYMENTS = Paged(
    target="DisputedPayment",
    where="true",
    order="FOUND_AT",
    keys=(Key(sql="{row}.dispute_id"),),
    list_name="DisputedPaymentCursor",
)
