"""The workers of an employer, as an officer lists them."""

from dataclasses import dataclass
from typing import LiteralString

from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass

SELECT_WORKERS: LiteralString = """
    SELECT e.family_id, e.membership_id, p.name, m.care_class, e.first_month, e.last_month,
           (SELECT w.amount FROM wage AS w
            WHERE w.family_id = e.family_id AND w.membership_id = e.membership_id
            ORDER BY w.first_month DESC, w.wage_id DESC LIMIT 1) AS wage
    FROM employment AS e
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    JOIN participant AS p ON p.family_id = e.family_id AND p.participant_id = e.participant_id
    WHERE e.employer_id = $1 AND e.membership_id > $2
    ORDER BY e.membership_id
    LIMIT $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedWorker:
    """A worker, present or former; `wage` in rupiah a month is the last one reported."""

    family_id: int
    membership_id: int
    name: str
    care_class: CareClass
    first_month: CoverageMonth
    last_month: CoverageMonth | None
    wage: Rupiah

    @classmethod
    def of(cls, row: Record) -> "ListedWorker":
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            membership_id=row["membership_id"],
            name=row["name"],
            care_class=CareClass(row["care_class"]),
            first_month=CoverageMonth.of_ordinal(row["first_month"]),
            last_month=CoverageMonth.if_any(row["last_month"]),
            wage=Rupiah(row["wage"]),
        )


async def list_workers(
    connection: Connection, employer_id: int, *, after: int = 0, limit: int = 50
) -> tuple[ListedWorker, ...]:
    """Return the workers of an employer behind a membership, by membership."""
    rows = await connection.fetch(SELECT_WORKERS, employer_id, after, limit)
    return tuple(ListedWorker.of(row) for row in rows)
