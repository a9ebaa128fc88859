"""Reads of families."""

from collections.abc import Sequence
from typing import LiteralString

from iuran.graphql.reads.reading import Reading
from iuran.graphql.types.families import Family

SELECT_FAMILIES: LiteralString = """
    SELECT f.family_id, f.payer_participant_id, f.registered_at,
           CASE WHEN $3::boolean THEN repeat('*', 12) || right(f.kk_number, 4)
                ELSE f.kk_number END AS family_card_number
    FROM family AS f
    WHERE f.family_id = ANY($4::bigint[]) AND ($1::boolean OR f.family_id = $2::bigint)
    LIMIT 1000
"""


async def families(reading: Reading, family_ids: Sequence[int]) -> list[Family | None]:
    """Read families by key."""
    rows = await reading.snapshot.fetch(
        SELECT_FAMILIES, *reading.scope.families, reading.scope.masks_people, family_ids
    )
    found = {row["family_id"]: Family.of(row) for row in rows}
    return [found.get(family_id) for family_id in family_ids]
