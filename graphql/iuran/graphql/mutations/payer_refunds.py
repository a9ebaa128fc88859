"""Refunds to employers and governments: asked for, decided by somebody else, paid."""

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting, key_given
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import PayeeInput
from iuran.graphql.problems import RefundExceedsCredit, SecondPersonNeeded
from iuran.graphql.types.fields import declared
from iuran.graphql.types.payer_refunds import PayerRefund
from iuran.payments import payer_refunds


@strawberry.type
class OfPayerRefund(Payload):
    """A payload about a refund."""

    refund_key: strawberry.Private[int]
    refund: PayerRefund | None = declared(
        description="The refund as it is now.",
        relation=One(target="PayerRefund", where="{row}.refund_id = {parent}.refund_key"),
    )


@strawberry.input
class PayerRefundInput(Once):
    """Which refund."""

    refund_number: int = strawberry.field(description="The number of the refund.")


@strawberry.input(
    description="Credit of an employer or of a government that is to be paid back: name one."
)
class AskPayerRefundInput(Once):
    """A refund."""

    employer_id: strawberry.ID | None = strawberry.field(
        default=None, description="The employer whose credit it is."
    )
    region: str | None = strawberry.field(
        default=None,
        description="The government whose credit it is: `00` is the central one, 2 digits a "
        "province, 4 a regency.",
    )
    amount: Rupiah = strawberry.field(description="How much.")
    note: str = strawberry.field(description="What happened, and what proves it.")
    payee: PayeeInput = strawberry.field(description="To whom.")


@strawberry.type(
    description="The refund is asked for, and due within 15 days; the credit stays until it is "
    "approved."
)
class AskPayerRefundPayload(OfPayerRefund):
    """A refund."""


@strawberry.input(description="A refund that another person asked for.")
class ApprovePayerRefundInput(PayerRefundInput):
    """A refund."""

    reason: str = strawberry.field(description="What you found.")


@strawberry.type(description="The money has left the credit, and is to be paid out.")
class ApprovePayerRefundPayload(OfPayerRefund):
    """A refund."""


@strawberry.input(description="A refund that is not to be paid.")
class RefusePayerRefundInput(PayerRefundInput):
    """A refund."""

    reason: str = strawberry.field(description="Why.")


@strawberry.type(description="The refund is refused; the credit is as it was.")
class RefusePayerRefundPayload(OfPayerRefund):
    """A refund."""


@strawberry.input(description="A refund that a bank has paid out.")
class RecordPayerRefundPayoutInput(PayerRefundInput):
    """A refund."""

    payout_reference: str = strawberry.field(description="The bank's reference of the transfer.")


@strawberry.type(description="The refund is paid out.")
class RecordPayerRefundPayoutPayload(OfPayerRefund):
    """A refund."""


@mutation(
    Role.FINANCE_OFFICER,
    description="Ask for credit of an employer or a government to be paid back, its papers at "
    "hand; a second person decides.",
    problems=(RefundExceedsCredit,),
)
async def ask_payer_refund(acting: Acting, given: AskPayerRefundInput) -> AskPayerRefundPayload:
    """Ask for a refund."""
    employer_id = None
    if given.employer_id is not None:
        (employer_id,) = key_given(given.employer_id, "Employer", parts=1, field="employer_id")
    wanted = payer_refunds.NewPayerRefund(
        employer_id=employer_id,
        region=given.region,
        amount=given.amount,
        note=given.note,
        payee=given.payee.to_domain(),
    )
    refund = await payer_refunds.ask_payer_refund(
        acting.connection, wanted, by=acting.by, at=acting.at
    )
    return AskPayerRefundPayload(refund_key=refund.refund_id)


@mutation(
    Role.FINANCE_OFFICER,
    description="Take a refund that another person asked for out of its payer's credit. Bills of "
    "meanwhile and closed months come first.",
    problems=(SecondPersonNeeded, RefundExceedsCredit),
)
async def approve_payer_refund(
    acting: Acting, given: ApprovePayerRefundInput
) -> ApprovePayerRefundPayload:
    """Approve a refund."""
    number = given.refund_number
    await payer_refunds.approve_payer_refund(
        acting.connection, number, reason=given.reason, by=acting.by, at=acting.at
    )
    return ApprovePayerRefundPayload(refund_key=number)


@mutation(
    Role.FINANCE_OFFICER,
    description="Refuse a refund of an employer or a government that nobody has decided.",
    problems=(SecondPersonNeeded,),
)
async def refuse_payer_refund(
    acting: Acting, given: RefusePayerRefundInput
) -> RefusePayerRefundPayload:
    """Refuse a refund."""
    number = given.refund_number
    await payer_refunds.refuse_payer_refund(
        acting.connection, number, reason=given.reason, by=acting.by, at=acting.at
    )
    return RefusePayerRefundPayload(refund_key=number)


@mutation(
    Role.FINANCE_OFFICER,
    description="Record the transfer that paid an approved refund of an employer or a government.",
)
async def record_payer_refund_payout(
    acting: Acting, given: RecordPayerRefundPayoutInput
) -> RecordPayerRefundPayoutPayload:
    """Record a payout."""
    number, reference = given.refund_number, given.payout_reference
    await payer_refunds.record_payer_payout(
        acting.connection, number, payout_reference=reference, by=acting.by, at=acting.at
    )
    return RecordPayerRefundPayoutPayload(refund_key=number)
