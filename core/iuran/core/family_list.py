"""All families: as a list shows them, and which ids they have."""

from dataclasses import dataclass
from typing import LiteralString

from iuran.core.database.pool import Connection, Record
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment

SELECT_FAMILIES: LiteralString = """
    SELECT f.family_id, f.kk_number, p.name AS payer_name, p.card_number AS payer_card_number,
           m.segment, m.care_class, m.state, m.paid_through,
           (SELECT count(*) FROM participant AS x WHERE x.family_id = f.family_id) AS members
    FROM family AS f
    JOIN participant AS p
      ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
    CROSS JOIN LATERAL (
        SELECT i.segment, i.care_class, i.state, i.paid_through
        FROM membership AS i
        JOIN segment AS s ON s.segment = i.segment
        WHERE i.family_id = f.family_id
        ORDER BY i.state = 'INACTIVE_SEGMENT_CHANGE', s.payer = 'FAMILY' DESC, i.membership_id DESC
        LIMIT 1
    ) AS m
    WHERE f.family_id > $1
    ORDER BY f.family_id
    LIMIT $2
"""

SELECT_FAMILY_RANGE: LiteralString = """
    SELECT min(family_id) AS first, max(family_id) AS last FROM family
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilySummary:
    """A family as a list shows it."""

    family_id: int
    kk_number: str
    payer_name: str
    payer_card_number: str
    members: int
    segment: Segment
    care_class: CareClass
    state: str
    paid_through: CoverageMonth | None

    @classmethod
    def of(cls, row: Record) -> "FamilySummary":
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            kk_number=row["kk_number"],
            payer_name=row["payer_name"],
            payer_card_number=row["payer_card_number"],
            members=row["members"],
            segment=Segment(row["segment"]),
            care_class=CareClass(row["care_class"]),
            state=row["state"],
            paid_through=CoverageMonth.if_any(row["paid_through"]),
        )


async def list_families(
    connection: Connection, *, after: int = 0, limit: int = 50
) -> tuple[FamilySummary, ...]:
    """Return families in the order of their registration, those behind `after`, each once.

    Of several memberships the family's own is shown, and one that has ended only if no other runs.
    """
    rows = await connection.fetch(SELECT_FAMILIES, after, limit)
    return tuple(FamilySummary.of(row) for row in rows)


async def family_range(connection: Connection) -> tuple[int, int] | None:
    """Return the lowest and the highest family id, or None while there is no family."""
    row = await connection.fetchrow(SELECT_FAMILY_RANGE)
    if row is None or row["first"] is None:
        return None
    return int(row["first"]), int(row["last"])
