"""Reads of memberships."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from iuran.graphql.reads.reading import Reading, by_item
from iuran.graphql.types.memberships import Membership

SELECT_MEMBERSHIPS: LiteralString = """
    SELECT k.item, m.family_id, m.membership_id, m.segment, m.care_class, m.class_since, m.state,
           m.paid_through, s.payer = 'FAMILY' AS is_paid_by_family, w.first_day, w.last_day,
           w.arrears_months, w.employer_id,
           (SELECT min(a.issued_on) FROM virtual_account AS a
            WHERE a.family_id = m.family_id AND a.membership_id = m.membership_id)
               AS accounts_issued_on
    FROM unnest($5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) WITH ORDINALITY
        AS k (family_id, membership_id, participant_id, shown_card, item)
    CROSS JOIN LATERAL (
        SELECT x.family_id, x.membership_id, x.segment, x.class_since,
               coalesce(told.state, x.state) AS state,
               coalesce(told.paid_through, x.paid_through) AS paid_through,
               care_class_in(x.care_class, x.previous_care_class, x.class_since, $4::integer)
                   AS care_class
        FROM membership AS x
        LEFT JOIN LATERAL membership_told_at(x.family_id, x.membership_id, $9::timestamptz) AS told
          ON x.paid_through < $4 AND (x.credit > 0 OR x.segment IN (
              SELECT p.segment FROM segment AS p WHERE p.payer = 'EMPLOYER'))
        WHERE x.family_id = k.family_id
          AND (k.membership_id IS NULL OR x.membership_id = k.membership_id)
          AND (k.participant_id IS NULL OR EXISTS (
                  SELECT FROM enrolment AS e
                  WHERE e.family_id = x.family_id AND e.membership_id = x.membership_id
                    AND e.participant_id = k.participant_id AND e.first_month <= $4::integer
                    AND (e.last_month IS NULL OR e.last_month >= $4)))
          AND ($1::boolean OR x.family_id = $2::bigint OR ($3::boolean AND EXISTS (
                  SELECT FROM participant AS p
                  WHERE p.family_id = k.family_id AND p.participant_id = k.participant_id
                    AND p.card_number = k.shown_card)))
        ORDER BY x.membership_id DESC
        LIMIT 20
    ) AS m
    JOIN segment AS s ON s.segment = m.segment
    LEFT JOIN LATERAL (
        SELECT f.first_day, f.last_day, f.arrears_months, f.employer_id
        FROM fine_window AS f
        WHERE f.family_id = m.family_id AND f.membership_id = m.membership_id
        ORDER BY f.window_id DESC
        LIMIT 1
    ) AS w ON true
    ORDER BY k.item, m.membership_id DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipKey:
    """Which memberships of a family: one of them, those of a participant this month, or all."""

    family_id: int
    membership_id: int | None = None
    participant_id: int | None = None
    shown_card: str | None = None


async def memberships(
    reading: Reading, keys: Sequence[MembershipKey]
) -> list[tuple[Membership, ...]]:
    """Read memberships, the newest first."""
    rows = await reading.snapshot.fetch(
        SELECT_MEMBERSHIPS,
        *reading.scope.people,
        reading.month.ordinal,
        [key.family_id for key in keys],
        [key.membership_id for key in keys],
        [key.participant_id for key in keys],
        [key.shown_card for key in keys],
        reading.at,
    )
    items = by_item(rows)
    return [
        tuple(Membership.of(row, today=reading.today) for row in items[item])
        for item in range(1, len(keys) + 1)
    ]
