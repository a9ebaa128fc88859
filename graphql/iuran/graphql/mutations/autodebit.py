"""Mandates by which a bank takes what a family owes (autodebet): given and revoked."""

from typing import LiteralString

import strawberry

from iuran.graphql.changes import Once
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types.fields import declared
from iuran.graphql.types.mandates import AutodebitMandate
from iuran.payments.autodebit import mandates

SELECT_CUSTOMER_NUMBER: LiteralString = """
    SELECT a.customer_number
    FROM virtual_account AS a
    WHERE a.family_id = $1 AND a.membership_id = $2
    ORDER BY a.participant_id
    LIMIT 1
"""


@strawberry.input(description="A bank account from which a family's bills are taken.")
class GiveAutodebitMandateInput(Once):
    """A mandate."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance that it pays for.")
    channel: str = strawberry.field(description="The code of the bank, such as `BRI`.")
    account_number: str = strawberry.field(
        description="The number of the bank account, 6 to 20 digits. It is kept encrypted and "
        "shown masked."
    )
    holder_name: str = strawberry.field(description="Whose account it is.")
    signed_at_place: str = strawberry.field(
        description="Where the mandate (surat kuasa) was signed, such as `aplikasi` or a branch."
    )


@strawberry.type
class OfMandate(OfFamily):
    """A payload about a mandate."""

    mandate_key: strawberry.Private[int]
    mandate: AutodebitMandate | None = declared(
        description="The mandate as it is now.",
        relation=One(
            target="AutodebitMandate",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.mandate_id = {parent}.mandate_key",
        ),
    )


@strawberry.type(description="From the next collection on, the bank takes what the family owes.")
class GiveAutodebitMandatePayload(OfMandate):
    """A mandate."""


@strawberry.input(description="A mandate that ends.")
class RevokeAutodebitMandateInput(Once):
    """The end of a mandate."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance that it paid for.")
    reason: str = strawberry.field(description="Why it ends.")


@strawberry.type(
    description="The mandate has ended; what a bank was already asked to take may still be taken."
)
class RevokeAutodebitMandatePayload(OfMandate):
    """The end of a mandate."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Let a bank take each month what a family owes (autodebet). One mandate lives at "
    "a time.",
)
async def give_autodebit_mandate(
    acting: Acting, given: GiveAutodebitMandateInput
) -> GiveAutodebitMandatePayload:
    """Give a mandate."""
    family_id, number = await _account(acting, given.membership_id)
    mandate = mandates.NewMandate(
        customer_number=number,
        channel_code=given.channel,
        account_number=given.account_number,
        holder_name=given.holder_name,
        signed_at_place=given.signed_at_place,
    )
    mandate_id = await mandates.give_mandate(
        acting.connection, acting.secrets, mandate, by=acting.by, at=acting.at
    )
    return GiveAutodebitMandatePayload(family_id=family_id, mandate_key=mandate_id)


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="End the mandate by which a bank takes what a family owes.",
)
async def revoke_autodebit_mandate(
    acting: Acting, given: RevokeAutodebitMandateInput
) -> RevokeAutodebitMandatePayload:
    """End a mandate."""
    family_id, number = await _account(acting, given.membership_id)
    mandate_id = await mandates.revoke_mandate(
        acting.connection, number, by=acting.by, reason=given.reason, at=acting.at
    )
    return RevokeAutodebitMandatePayload(family_id=family_id, mandate_key=mandate_id)


async def _account(acting: Acting, membership_id: str) -> tuple[int, str]:
    family_id, membership = await acting.membership(membership_id)
    number = await acting.connection.fetchval(SELECT_CUSTOMER_NUMBER, family_id, membership)
    if number is None:
        raise NotFoundError("virtual account of this insurance")
    return family_id, number
