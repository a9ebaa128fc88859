"""Reads of virtual accounts."""

from collections.abc import Sequence
from typing import LiteralString

from iuran.graphql.reads.reading import Reading
from iuran.graphql.types.virtual_accounts import VirtualAccount
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

SELECT_VIRTUAL_ACCOUNTS: LiteralString = """
    SELECT a.family_id, a.participant_id, a.membership_id, a.issued_on,
           CASE WHEN $3::boolean THEN repeat('*', 12) || right(a.customer_number, 4)
                ELSE $4::text || a.customer_number END AS number
    FROM unnest($5::bigint[], $6::bigint[]) AS k (family_id, participant_id)
    CROSS JOIN LATERAL (
        SELECT x.family_id, x.participant_id, x.membership_id, x.issued_on, x.customer_number
        FROM virtual_account AS x
        WHERE x.family_id = k.family_id AND x.participant_id = k.participant_id
          AND ($1::boolean OR x.family_id = $2::bigint)
        ORDER BY x.issued_on DESC, x.customer_number
        LIMIT 1
    ) AS a
"""


async def virtual_accounts(
    reading: Reading, keys: Sequence[tuple[int, int]]
) -> list[VirtualAccount | None]:
    """Read virtual accounts by family and participant."""
    rows = await reading.snapshot.fetch(
        SELECT_VIRTUAL_ACCOUNTS,
        *reading.scope.families,
        reading.scope.masks_cards,
        DEFAULT_PREFIX,
        [key[0] for key in keys],
        [key[1] for key in keys],
    )
    found = {(row["family_id"], row["participant_id"]): VirtualAccount.of(row) for row in rows}
    return [found.get(key) for key in keys]
