"""A family as an operator sees it at a desk: found by any number, as of an instant."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString

from iuran.core.bills import Bill, bills_of
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError
from iuran.core.fines import FineWindow, windows_of
from iuran.core.identifiers import customer_number_of, mask
from iuran.core.membership import MembershipState, state_in
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.virtual_accounts import Payable, payable_at

SELECT_FAMILY_OF_NUMBER: LiteralString = """
    SELECT family_id FROM family_card_number WHERE kk_number = $1
    UNION ALL
    SELECT family_id FROM participant_nik WHERE nik = $1
    UNION ALL
    SELECT family_id FROM participant_card WHERE card_number = $1
    UNION ALL
    SELECT family_id FROM virtual_account_number
    WHERE customer_number = right($1, 11) AND length($1) >= 11
    UNION ALL
    SELECT family_id FROM family WHERE length($1) < 11 AND family_id::text = $1
    LIMIT 1
"""

SELECT_MEMBERS: LiteralString = """
    SELECT p.name, p.nik, p.card_number, p.relation, p.email, v.customer_number,
           p.participant_id = f.payer_participant_id AS pays, f.kk_number
    FROM family AS f
    JOIN participant AS p ON p.family_id = f.family_id
    LEFT JOIN virtual_account AS v
      ON v.family_id = p.family_id AND v.participant_id = p.participant_id
    WHERE f.family_id = $1
    ORDER BY p.participant_id
    LIMIT 30
"""

SELECT_MEMBERSHIP: LiteralString = """
    SELECT m.segment, m.care_class, told.state, told.paid_through
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment
    CROSS JOIN LATERAL membership_told_at(m.family_id, m.membership_id, $2) AS told
    WHERE m.family_id = $1
    ORDER BY m.state = 'INACTIVE_SEGMENT_CHANGE', s.payer = 'FAMILY' DESC, m.membership_id DESC
    LIMIT 1
"""


class FamilyUnknownError(DomainError):
    """No family has this number."""

    code: ClassVar[str] = "FAMILY_UNKNOWN"

    def __init__(self, number: str) -> None:
        super().__init__(
            f"no family has the number {mask(number)}; give its id, or a KK, NIK, card or virtual "
            "account number, or look at `iuran families list`"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the family with his numbers, whole.

    `customer_number` is None where somebody else pays: no virtual account was given.
    """

    name: str
    nik: str
    card_number: str
    customer_number: str | None
    relation: str
    email: str | None
    pays: bool

    @classmethod
    def of(cls, row: Record) -> "Member":
        """Read a row."""
        return cls(
            name=row["name"],
            nik=row["nik"],
            card_number=row["card_number"],
            customer_number=row["customer_number"],
            relation=row["relation"],
            email=row["email"],
            pays=row["pays"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyFile:
    """Everything about a family, as of a WIB date."""

    family_id: int
    kk_number: str
    on: date
    segment: str
    care_class: CareClass
    state: MembershipState
    paid_through: CoverageMonth | None
    members: tuple[Member, ...]
    bills: tuple[Bill, ...]
    payable: Payable
    window: FineWindow | None


async def find_family(connection: Connection, number: str) -> int:
    """Return the family that any of its numbers means; raises FamilyUnknownError."""
    found = await connection.fetchval(SELECT_FAMILY_OF_NUMBER, number)
    if found is None:
        raise FamilyUnknownError(number)
    return int(found)


async def family_file(connection: Connection, family_id: int, *, at: datetime) -> FamilyFile:
    """Return the file as of an instant, without changing anything."""
    members = await connection.fetch(SELECT_MEMBERS, family_id)
    membership = await connection.fetchrow(SELECT_MEMBERSHIP, family_id, at)
    if membership is None or not members:
        raise FamilyUnknownError(str(family_id))
    today = wib_date(at)
    paid_month = CoverageMonth.if_any(membership["paid_through"])
    windows = await windows_of(connection, family_id)
    state = MembershipState(membership["state"])
    return FamilyFile(
        family_id=family_id,
        kk_number=members[0]["kk_number"],
        on=today,
        segment=membership["segment"],
        care_class=CareClass(membership["care_class"]),
        state=state_in(state, paid_month, CoverageMonth.of(today)),
        paid_through=paid_month,
        members=tuple(Member.of(row) for row in members),
        bills=await bills_of(connection, family_id, today=today),
        payable=await _payable(connection, members[0]["card_number"], at),
        window=windows[0] if windows else None,
    )


async def _payable(connection: Connection, card_number: str, at: datetime) -> Payable:
    """Ask as a bank would, and take back the bills that asking may issue."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        return await payable_at(connection, customer_number_of(card_number), at=at)
    finally:
        await transaction.rollback()
