"""What governments paid by transfer: recorded from the statement, and approved by another."""

from datetime import date

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import AlreadyRegistered, SecondPersonNeeded
from iuran.graphql.types.fields import declared
from iuran.graphql.types.governments import GovernmentPayment
from iuran.payments import government_payments

REGION = "The government: `00` is the central one, 2 digits a province, 4 a regency."


@strawberry.input(description="A transfer of a government, as the bank statement shows it.")
class RecordGovernmentPaymentInput(Once):
    """A transfer."""

    region: str = strawberry.field(description=REGION)
    reference: str = strawberry.field(
        description="The statement's reference; each is recorded once."
    )
    amount: Rupiah = strawberry.field(description="How much arrived.")
    value_date: date = strawberry.field(description="The day on which it arrived.")
    note: str = strawberry.field(description="What the statement says of it.")


@strawberry.type
class OfGovernmentPayment(Payload):
    """A payload about a transfer."""

    region: strawberry.Private[str]
    payment_key: strawberry.Private[int]
    payment: GovernmentPayment | None = declared(
        description="The transfer as it is now.",
        relation=One(
            target="GovernmentPayment",
            where="{row}.region = {parent}.region AND {row}.payment_id = {parent}.payment_key",
        ),
    )


@strawberry.type(description="The transfer is recorded, and waits for a second person.")
class RecordGovernmentPaymentPayload(OfGovernmentPayment):
    """A transfer."""

    payment_number: int = strawberry.field(
        description="What the second person approves; nothing has moved yet."
    )


@strawberry.input(description="A transfer that another person recorded.")
class ApproveGovernmentPaymentInput(Once):
    """An approval."""

    region: str = strawberry.field(description=REGION)
    payment_number: int = strawberry.field(description="What was recorded.")


@strawberry.type(description="The transfer is posted, and pays the oldest open shares.")
class ApproveGovernmentPaymentPayload(OfGovernmentPayment):
    """An approval."""

    allocated: Rupiah = strawberry.field(
        description="What went to bills; the rest is credit, which the next bills use."
    )


@mutation(
    Role.FINANCE_OFFICER,
    description="Record a transfer of a government from the bank statement; a second person "
    "approves it.",
    problems=(AlreadyRegistered,),
)
async def record_government_payment(
    acting: Acting, given: RecordGovernmentPaymentInput
) -> RecordGovernmentPaymentPayload:
    """Record a transfer."""
    payment = government_payments.NewGovernmentPayment(
        region=given.region,
        reference=given.reference,
        amount=given.amount,
        value_date=given.value_date,
        note=given.note,
    )
    number = await government_payments.record_government_payment(
        acting.connection, payment, by=acting.by, at=acting.at
    )
    return RecordGovernmentPaymentPayload(
        region=given.region, payment_key=number, payment_number=number
    )


@mutation(
    Role.FINANCE_OFFICER,
    description="Post a transfer of a government that another person recorded.",
    problems=(SecondPersonNeeded,),
)
async def approve_government_payment(
    acting: Acting, given: ApproveGovernmentPaymentInput
) -> ApproveGovernmentPaymentPayload:
    """Approve a transfer."""
    allocated = await government_payments.approve_government_payment(
        acting.connection,
        region=given.region,
        payment_id=given.payment_number,
        by=acting.by,
        at=acting.at,
    )
    return ApproveGovernmentPaymentPayload(
        region=given.region, payment_key=given.payment_number, allocated=allocated
    )
