"""Fines of stays that a counter collected: recorded by one person, approved by another."""

from datetime import datetime

import strawberry

from iuran.core.care.numbers import find_by_care_number, parse_care_number
from iuran.core.money import Rupiah
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.care import LETTER
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.mutations.proposals import ApproveInput, Proposed, of_proposal, proposal_given
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types.care import EligibilityLetter
from iuran.graphql.types.fields import declared
from iuran.payments import fine_payments
from iuran.payments.autodebit.mandates import channel_id_of
from iuran.payments.care_money import FinePayment


@strawberry.input(description="The fine of a stay that a channel collected at a counter.")
class ProposeFinePaymentInput(Once):
    """A payment."""

    letter_number: str = strawberry.field(
        description="The letter of eligibility of the stay (nomor SEP)."
    )
    channel: str = strawberry.field(description="The code of the bank or channel that took it.")
    reference: str = strawberry.field(description="Its reference, as on the receipt.")
    amount: Rupiah = strawberry.field(description="What was taken: exactly the fine.")
    paid_at: datetime | None = strawberry.field(
        default=None, description="When it was taken, as on the receipt; now, if not given."
    )
    reason: str = strawberry.field(description="What proves it, such as the receipt's number.")


@strawberry.type(description="The payment is recorded, and waits for a second person.")
class ProposeFinePaymentPayload(Proposed):
    """A proposed payment."""

    letter_number: strawberry.Private[str]
    letter: EligibilityLetter | None = declared(
        description="The letter, with its fine.", relation=LETTER
    )


@strawberry.input(description="A fine's payment that another person recorded.")
class ApproveFinePaymentInput(ApproveInput):
    """An approval."""


@strawberry.type(
    description="The fine is paid and posted; it no longer holds back the claim of the stay."
)
class ApproveFinePaymentPayload(OfFamily):
    """A payment that took effect."""

    letter_number: strawberry.Private[str]
    letter: EligibilityLetter | None = declared(
        description="The letter, with its fine.", relation=LETTER
    )


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Record that a counter collected the fine of a stay (denda pelayanan); a second "
    "person approves it. What was collected in time stays in time.",
)
async def propose_fine_payment(
    acting: Acting, given: ProposeFinePaymentInput
) -> ProposeFinePaymentPayload:
    """Propose a payment."""
    number = given.letter_number.strip().upper()
    parse_care_number(number)
    family_id = await find_by_care_number(acting.connection, number)
    if family_id is None:
        raise NotFoundError("letter")
    payment = FinePayment(
        family_id=family_id,
        letter_number=number,
        channel_id=await channel_id_of(acting.connection, given.channel),
        reference=given.reference,
        amount=given.amount,
        paid_at=given.paid_at or acting.at,
    )
    change_id = await fine_payments.propose_fine_payment(
        acting.connection, payment, reason=given.reason, proposed_by=acting.by, at=acting.at
    )
    return ProposeFinePaymentPayload(**of_proposal(family_id, change_id), letter_number=number)


@mutation(
    Role.FINANCE_OFFICER,
    description="Post the payment of a fine that another person recorded.",
    problems=(SecondPersonNeeded,),
)
async def approve_fine_payment(
    acting: Acting, given: ApproveFinePaymentInput
) -> ApproveFinePaymentPayload:
    """Approve a payment."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    paid = await fine_payments.approve_fine_payment(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveFinePaymentPayload(family_id=family_id, letter_number=paid.letter_number)
