"""Refunds: asked for, checked, approved by somebody else, paid."""

import strawberry

from iuran.core.money import Rupiah
from iuran.graphql.changes import Once
from iuran.graphql.compiler.declarations import One
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting, key_given
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily, PayeeInput
from iuran.graphql.problems import RefundExceedsCredit, SecondPersonNeeded, StepImpossible
from iuran.graphql.types.fields import declared
from iuran.graphql.types.refunds import Refund
from iuran.payments.refunds import decisions, requests
from iuran.payments.refunds.records import RefundKey, RefundReason

REFUND = "Refund"


@strawberry.type
class OfRefund(OfFamily):
    """A payload about a refund."""

    refund_key: strawberry.Private[int]
    refund: Refund | None = declared(
        description="The refund as it is now.",
        relation=One(
            target="Refund",
            where="{row}.family_id = {parent}.family_id AND {row}.refund_id = {parent}.refund_key",
        ),
    )


@strawberry.input
class RefundInput(Once):
    """Which refund."""

    refund_id: strawberry.ID = strawberry.field(description="The refund.")


@strawberry.input(description="Credit that is to be paid back.")
class AskRefundInput(Once):
    """A refund."""

    membership_id: strawberry.ID = strawberry.field(description="Whose credit.")
    amount: Rupiah = strawberry.field(description="How much.")
    reason: RefundReason = strawberry.field(description="Why.")
    note: str = strawberry.field(description="What happened, in a sentence.")
    payee: PayeeInput = strawberry.field(description="To whom.")


@strawberry.type(description="The refund is asked for; the credit stays until it is approved.")
class AskRefundPayload(OfRefund):
    """A refund."""


@strawberry.input(description="A refund whose papers you looked at.")
class RecordRefundFileCompleteInput(RefundInput):
    """A refund."""


@strawberry.type(description="All papers are there; the refund is due within 15 days.")
class RecordRefundFileCompletePayload(OfRefund):
    """A refund."""


@strawberry.input(description="A refund that others asked for and checked.")
class ApproveRefundInput(RefundInput):
    """A refund."""


@strawberry.type(description="The money has left the credit, and is to be paid out.")
class ApproveRefundPayload(OfRefund):
    """A refund."""


@strawberry.input(description="A refund that is not to be paid.")
class RefuseRefundInput(RefundInput):
    """A refund."""

    reason: str = strawberry.field(description="Why; the family is told.")


@strawberry.type(description="The refund is refused; the credit is as it was.")
class RefuseRefundPayload(OfRefund):
    """A refund."""


@strawberry.input(description="A refund that a bank has paid out.")
class RecordRefundPayoutInput(RefundInput):
    """A refund."""

    payout_reference: str = strawberry.field(description="The bank's reference of the transfer.")


@strawberry.type(description="The refund is paid out.")
class RecordRefundPayoutPayload(OfRefund):
    """A refund."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Ask for credit to be paid back.",
    problems=(RefundExceedsCredit,),
)
async def ask_refund(acting: Acting, given: AskRefundInput) -> AskRefundPayload:
    """Ask for a refund."""
    family_id, membership_id = await acting.membership(given.membership_id)
    wanted = requests.NewRefund(
        family_id=family_id,
        membership_id=membership_id,
        amount=given.amount,
        reason=RefundReason(given.reason),
        note=given.note,
        payee=given.payee.to_domain(),
    )
    refund = await requests.ask_refund(acting.connection, wanted, by=acting.by, at=acting.at)
    return AskRefundPayload(family_id=family_id, refund_key=refund.key.refund_id)


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Record that all papers of a refund are there.",
    problems=(StepImpossible,),
)
async def record_refund_file_complete(
    acting: Acting, given: RecordRefundFileCompleteInput
) -> RecordRefundFileCompletePayload:
    """Check the papers."""
    key = await _key(acting, given)
    await requests.record_file_complete(acting.connection, key, by=acting.by, at=acting.at)
    return RecordRefundFileCompletePayload(family_id=key.family_id, refund_key=key.refund_id)


@mutation(
    Role.FINANCE_OFFICER,
    description="Approve a refund that others asked for and checked.",
    problems=(StepImpossible, SecondPersonNeeded, RefundExceedsCredit),
)
async def approve_refund(acting: Acting, given: ApproveRefundInput) -> ApproveRefundPayload:
    """Approve a refund."""
    key = await _key(acting, given)
    await decisions.approve_refund(acting.connection, key, by=acting.by, at=acting.at)
    return ApproveRefundPayload(family_id=key.family_id, refund_key=key.refund_id)


@mutation(
    Role.FINANCE_OFFICER,
    description="Refuse a refund that took no money yet.",
    problems=(StepImpossible, SecondPersonNeeded),
)
async def refuse_refund(acting: Acting, given: RefuseRefundInput) -> RefuseRefundPayload:
    """Refuse a refund."""
    key = await _key(acting, given)
    await decisions.refuse_refund(
        acting.connection, key, reason=given.reason, by=acting.by, at=acting.at
    )
    return RefuseRefundPayload(family_id=key.family_id, refund_key=key.refund_id)


@mutation(
    Role.FINANCE_OFFICER,
    description="Record the transfer that paid an approved refund.",
    problems=(StepImpossible,),
)
async def record_refund_payout(
    acting: Acting, given: RecordRefundPayoutInput
) -> RecordRefundPayoutPayload:
    """Record a payout."""
    key = await _key(acting, given)
    reference = given.payout_reference
    await decisions.record_payout(
        acting.connection, key, payout_reference=reference, by=acting.by, at=acting.at
    )
    return RecordRefundPayoutPayload(family_id=key.family_id, refund_key=key.refund_id)


async def _key(acting: Acting, given: RefundInput) -> RefundKey:
    family_id, refund_id = key_given(given.refund_id, REFUND, parts=2, field="refund_id")
    await acting.family(id_of("Family", family_id))
    return RefundKey(family_id=family_id, refund_id=refund_id)
