"""Memberships made again from their whole history, and those that are stored otherwise."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.family_list import family_range
from iuran.core.membership import MembershipState
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass

FAMILIES_A_BATCH = 20_000

SELECT_REBUILT: LiteralString = """
    SELECT membership_id, state, paid_through, care_class, credit, is_continuous
    FROM rebuilt_memberships($1, $1)
    ORDER BY membership_id
    LIMIT 100
"""

SELECT_DIFFERENT: LiteralString = """
    SELECT m.family_id, m.membership_id,
           CASE
               WHEN r.membership_id IS NULL THEN 'it has no history'
               WHEN NOT r.is_continuous THEN 'its history does not follow from itself'
               WHEN r.state <> m.state THEN 'its state is another'
               WHEN r.paid_through IS DISTINCT FROM m.paid_through THEN 'its paid months differ'
               WHEN r.credit <> m.credit THEN 'its credit is another'
               ELSE 'its class is another'
           END AS why
    FROM membership AS m
    LEFT JOIN rebuilt_memberships($1, $2) AS r
      ON r.family_id = m.family_id AND r.membership_id = m.membership_id
    WHERE m.family_id BETWEEN $1 AND $2
      AND (r.membership_id IS NULL OR NOT r.is_continuous
           OR (r.state, r.credit) <> (m.state, m.credit)
           OR r.paid_through IS DISTINCT FROM m.paid_through
           OR (r.care_class, r.class_since) <> (m.care_class, m.class_since))
    ORDER BY m.family_id, m.membership_id
    LIMIT $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltMembership:
    """What the facts of a membership come to; credit in rupiah.

    `care_class` is None as long as none was asked for after the registration.
    """

    membership_id: int
    state: MembershipState
    paid_through: CoverageMonth | None
    care_class: CareClass | None
    credit: Rupiah
    is_continuous: bool

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        month, care_class = row["paid_through"], row["care_class"]
        return cls(
            membership_id=row["membership_id"],
            state=MembershipState(row["state"]),
            paid_through=CoverageMonth.if_any(month),
            care_class=None if care_class is None else CareClass(care_class),
            credit=Rupiah(row["credit"]),
            is_continuous=row["is_continuous"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentMembership:
    """A membership that is stored otherwise than its history tells: somebody has to look."""

    family_id: int
    membership_id: int
    why: str


async def rebuilt_memberships(
    connection: Connection, family_id: int
) -> tuple[RebuiltMembership, ...]:
    """Make a family's memberships again from all their facts."""
    rows = await connection.fetch(SELECT_REBUILT, family_id)
    return tuple(RebuiltMembership.of(row) for row in rows)


async def different_memberships(
    connection: Connection, *, limit: int = 10
) -> AsyncIterator[DifferentMembership]:
    """Compare every membership with its whole history, by batches of families; yield `limit`."""
    found = await family_range(connection)
    if found is None:
        return
    left = limit
    for family_from in range(found[0], found[1] + 1, FAMILIES_A_BATCH):
        family_to = min(family_from + FAMILIES_A_BATCH - 1, found[1])
        for row in await connection.fetch(SELECT_DIFFERENT, family_from, family_to, left):
            yield DifferentMembership(**dict(row.items()))
            left -= 1
        if left == 0:
            return
