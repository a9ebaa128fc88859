"""Fines of stays that need not be paid: proposed by one person, approved by another."""

import strawberry

from iuran.core.care.numbers import find_by_care_number, parse_care_number
from iuran.core.money import Rupiah
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.care import LETTER
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.enums import ReliefGround
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.mutations.proposals import ApproveInput, Proposed, of_proposal, proposal_given
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types.care import EligibilityLetter
from iuran.graphql.types.fields import declared
from iuran.payments import fine_relief


@strawberry.input(description="The fine of a stay that need not be paid.")
class ProposeFineReliefInput(Once):
    """A relief."""

    letter_number: str = strawberry.field(
        description="The letter of eligibility of the stay (nomor SEP)."
    )
    ground: ReliefGround = strawberry.field(description="Why it need not be paid.")
    rule: str | None = strawberry.field(
        default=None, description="With `LAW`: the rule of the law that writes it off."
    )
    reason: str = strawberry.field(description="What proves it, such as the letter's number.")


@strawberry.type(description="The relief is recorded, and waits for a second person.")
class ProposeFineReliefPayload(Proposed):
    """A proposed relief."""

    letter_number: strawberry.Private[str]
    letter: EligibilityLetter | None = declared(
        description="The letter, with its fine.", relation=LETTER
    )


@strawberry.input(description="A fine's relief that another person proposed.")
class ApproveFineReliefInput(ApproveInput):
    """An approval."""


@strawberry.type(
    description="The fine need not be paid; it no longer holds back the claim of the stay."
)
class ApproveFineReliefPayload(OfFamily):
    """A relief that took effect."""

    amount: Rupiah = strawberry.field(description="What need not be paid.")
    letter_number: strawberry.Private[str]
    letter: EligibilityLetter | None = declared(
        description="The letter, with its fine.", relation=LETTER
    )


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Propose that the fine of a stay (denda pelayanan) need not be paid: a law, a "
    "later letter of inability, or a correction; a second person approves it.",
)
async def propose_fine_relief(
    acting: Acting, given: ProposeFineReliefInput
) -> ProposeFineReliefPayload:
    """Propose a relief."""
    number = given.letter_number.strip().upper()
    parse_care_number(number)
    family_id = await find_by_care_number(acting.connection, number)
    if family_id is None:
        raise NotFoundError("letter")
    relief = fine_relief.FineRelief(
        family_id=family_id,
        letter_number=number,
        ground=ReliefGround(given.ground),
        rule=given.rule,
        reason=given.reason,
    )
    change_id = await fine_relief.propose_fine_relief(
        acting.connection, relief, proposed_by=acting.by, at=acting.at
    )
    return ProposeFineReliefPayload(**of_proposal(family_id, change_id), letter_number=number)


@mutation(
    Role.FINANCE_OFFICER,
    description="Take a fine off a stay, as another person proposed.",
    problems=(SecondPersonNeeded,),
)
async def approve_fine_relief(
    acting: Acting, given: ApproveFineReliefInput
) -> ApproveFineReliefPayload:
    """Approve a relief."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    relieved = await fine_relief.approve_fine_relief(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveFineReliefPayload(
        family_id=family_id, amount=relieved.amount, letter_number=relieved.letter_number
    )
