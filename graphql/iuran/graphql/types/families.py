"""The family as the schema shows it: whose insurance is billed together."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from iuran.core.database.pool import Record
from iuran.graphql.compiler.declarations import Column, Many, One, Source, of_family
from iuran.graphql.context import Info
from iuran.graphql.global_ids import id_of
from iuran.graphql.types.bills import BILL_ORDER, BILLS_OF_FAMILY, Bill, BillFilter
from iuran.graphql.types.changes import (
    CHANGES_OF_FAMILY,
    MANUAL_CHANGES_OF_FAMILY,
    FamilyChange,
    ManualChange,
)
from iuran.graphql.types.claims import CLAIMS_OF_FAMILY, FAMILY_CLAIM_ORDER, Claim
from iuran.graphql.types.complaints import COMPLAINTS_OF_FAMILY, FAMILY_COMPLAINT_ORDER, Complaint
from iuran.graphql.types.fields import declared, resolver
from iuran.graphql.types.ledgers import LEDGER_OF_FAMILY, LEDGER_ORDER, LedgerEntry
from iuran.graphql.types.mandates import MANDATES_OF_FAMILY, AutodebitMandate
from iuran.graphql.types.memberships import Membership
from iuran.graphql.types.nodes import Node
from iuran.graphql.types.pagination import Connection, in_pages
from iuran.graphql.types.payables import Payable
from iuran.graphql.types.payments import PAYMENT_ORDER, PAYMENTS_OF_FAMILY, Payment
from iuran.graphql.types.refunds import REFUND_ORDER, REFUNDS_OF_FAMILY, Refund
from iuran.graphql.types.reminders import REMINDERS_OF_FAMILY, Reminder
from iuran.graphql.types.scalars import FamilyCardNumber
from iuran.graphql.types.weights import counted_as

if TYPE_CHECKING:
    from iuran.graphql.types.participants import Participant

ParticipantRef = Annotated["Participant", strawberry.lazy("iuran.graphql.types.participants")]
BillFilterArgument = Annotated[
    BillFilter | None, strawberry.argument(description="Only bills like this.")
]


@strawberry.type(
    description="A family (keluarga): the people on one family card who are registered together. "
    "Where they pay for themselves, the whole family has one class and one bill."
)
class Family(Node):
    """A family."""

    family_id: strawberry.Private[int]
    payer_participant_id: strawberry.Private[int | None]
    family_card_number: FamilyCardNumber = strawberry.field(
        description="The number of the family card (No. KK)."
    )
    registered_at: datetime = strawberry.field(description="When the family registered.")

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            id=id_of("Family", row["family_id"]),
            family_id=row["family_id"],
            payer_participant_id=row["payer_participant_id"],
            family_card_number=row["family_card_number"],
            registered_at=row["registered_at"],
        )

    @resolver(
        description="Who pays for the family and is shown by name at the bank, as a rule its head "
        "(penanggung)."
    )
    async def payer(self, info: Info) -> ParticipantRef | None:
        """Read the payer."""
        if self.payer_participant_id is None:
            return None
        return await info.context.reads.participant(self.family_id, self.payer_participant_id)

    @resolver(
        description="Everybody registered with the family, in the order of registration; at most "
        "100.",
        directives=counted_as(5),
    )
    async def participants(self, info: Info) -> list[ParticipantRef]:
        """Read the members."""
        return list(await info.context.reads.participants_of(self.family_id))

    @resolver(
        description="The insurance that the family pays for itself, the newest if there were "
        "several; null if others pay for all of its members."
    )
    async def membership(self, info: Info) -> Membership | None:
        """Choose among the memberships."""
        return _self_paid(await info.context.reads.memberships_of(self.family_id))

    @resolver(
        description="All insurances of the family's members, the newest first, at most 20. A "
        "family has several when, say, one parent is insured by an employer.",
        directives=counted_as(2),
    )
    async def memberships(self, info: Info) -> list[Membership]:
        """Read the memberships."""
        return list(await info.context.reads.memberships_of(self.family_id))

    @resolver(
        description="What the family can pay now at any bank or shop; null if others pay for it."
    )
    async def payable(self, info: Info) -> Payable | None:
        """Read what the self-paid membership owes."""
        membership = _self_paid(await info.context.reads.memberships_of(self.family_id))
        if membership is None or membership.accounts_issued_on is None:
            return None
        return await info.context.reads.payable(
            self.family_id, membership.membership_id, issued_on=membership.accounts_issued_on
        )

    bills: Connection[Bill] = in_pages(
        description="The family's bills that have been issued, the newest month first.",
        filter=BillFilterArgument,
        order_by=BILL_ORDER,
    )
    payments: Connection[Payment] = in_pages(
        description="What was paid for the family, the newest first (riwayat pembayaran).",
        order_by=PAYMENT_ORDER,
    )
    refunds: Connection[Refund] = in_pages(
        description="Refunds of its credit, the newest first.",
        order_by=REFUND_ORDER,
    )
    claims: Connection[Claim] = in_pages(
        description="Claims for care of its members, the newest first (klaim).",
        order_by=FAMILY_CLAIM_ORDER,
    )
    complaints: Connection[Complaint] = in_pages(
        description="What it complained of, the newest first (pengaduan).",
        order_by=FAMILY_COMPLAINT_ORDER,
    )
    reminders: list[Reminder] = declared(
        description="What it was told and will be, the newest first; at most 100 (pengingat).",
        directives=counted_as(20),
    )
    autodebit_mandates: list[AutodebitMandate] = declared(
        description="Its mandates for autodebit, the newest first; at most 20.",
        directives=counted_as(2),
    )
    changes: list[FamilyChange] = declared(
        description="Changes of its card number and of who pays, the newest first; at most 50.",
        directives=counted_as(2),
    )
    manual_changes: list[ManualChange] = declared(
        description="Changes by hand of money and status, the newest first, at most 50; for "
        "officers, empty for others.",
        directives=counted_as(2),
    )
    ledger: Connection[LedgerEntry] = in_pages(
        description="Its part of the ledger, the newest first; for finance officers and auditors, "
        "empty for others.",
        order_by=LEDGER_ORDER,
    )


def _self_paid(memberships: Sequence[Membership]) -> Membership | None:
    return next((one for one in memberships if one.is_paid_by_family), None)


FAMILY = Source(
    type_name="Family",
    table="family AS {row}",
    access=of_family("{row}.family_id"),
    key=("family_id",),
    fields={
        "familyCardNumber": Column(
            sql="{row}.kk_number", people="repeat('*', 12) || right({row}.kk_number, 4)"
        ),
        "registeredAt": "{row}.registered_at",
        "payer": One(
            target="Participant",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.participant_id = {parent}.payer_participant_id",
        ),
        "participants": Many(
            target="Participant",
            where="{row}.family_id = {parent}.family_id",
            order="{row}.participant_id",
            limit="100",
        ),
        "membership": One(
            target="Membership",
            where="{row}.family_id = {parent}.family_id AND EXISTS (SELECT FROM segment AS s "
            "WHERE s.segment = {row}.segment AND s.payer = 'FAMILY')",
            order="{row}.membership_id DESC",
        ),
        "memberships": Many(
            target="Membership",
            where="{row}.family_id = {parent}.family_id",
            order="{row}.membership_id DESC",
            limit="20",
        ),
        "payable": One(
            target="Payable",
            via="(SELECT m.family_id, m.membership_id, "
            "(SELECT min(a.issued_on) FROM virtual_account AS a WHERE a.family_id = m.family_id "
            "AND a.membership_id = m.membership_id) AS issued_on "
            "FROM membership AS m JOIN segment AS s ON s.segment = m.segment "
            "WHERE m.family_id = {parent}.family_id AND s.payer = 'FAMILY' "
            "ORDER BY m.membership_id DESC LIMIT 1) AS {row}k, ",
            where="{row}k.issued_on IS NOT NULL",
        ),
        "bills": BILLS_OF_FAMILY,
        "payments": PAYMENTS_OF_FAMILY,
        "refunds": REFUNDS_OF_FAMILY,
        "claims": CLAIMS_OF_FAMILY,
        "complaints": COMPLAINTS_OF_FAMILY,
        "reminders": REMINDERS_OF_FAMILY,
        "autodebitMandates": MANDATES_OF_FAMILY,
        "changes": CHANGES_OF_FAMILY,
        "manualChanges": MANUAL_CHANGES_OF_FAMILY,
        "ledger": LEDGER_OF_FAMILY,
    },
)
