"""Reads of participants."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from iuran.graphql.reads.reading import Reading, by_item
from iuran.graphql.types.participants import Participant

SELECT_PARTICIPANTS: LiteralString = """
    SELECT k.item, k.shown_card, p.family_id, p.participant_id, p.name, p.birth_date, p.sex,
           p.relation,
           CASE WHEN $4::boolean THEN repeat('*', 12) || right(p.nik, 4) ELSE p.nik END AS nik,
           CASE WHEN $5::boolean THEN repeat('*', 9) || right(p.card_number, 4)
                ELSE p.card_number END AS card_number,
           CASE WHEN $4 THEN repeat('*', greatest(length(p.phone) - 4, 0)) || right(p.phone, 4)
                ELSE p.phone END AS phone,
           CASE WHEN $4 THEN left(p.email, 1) || '***' || substr(p.email, strpos(p.email, '@'))
                ELSE p.email END AS email
    FROM unnest($6::bigint[], $7::bigint[], $8::text[]) WITH ORDINALITY
        AS k (family_id, participant_id, shown_card, item)
    CROSS JOIN LATERAL (
        SELECT x.family_id, x.participant_id, x.name, x.birth_date, x.sex, x.relation, x.nik,
               x.card_number, x.phone, x.email
        FROM participant AS x
        WHERE x.family_id = k.family_id
          AND (k.participant_id IS NULL OR x.participant_id = k.participant_id)
          AND ($1::boolean OR x.family_id = $2::bigint
               OR ($3::boolean AND x.card_number = k.shown_card))
        ORDER BY x.participant_id
        LIMIT 100
    ) AS p
    ORDER BY k.item, p.participant_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantKey:
    """Which participants of a family: one of them, or all."""

    family_id: int
    participant_id: int | None = None
    shown_card: str | None = None


async def participants(
    reading: Reading, keys: Sequence[ParticipantKey]
) -> list[tuple[Participant, ...]]:
    """Read participants, in the order of registration."""
    rows = await reading.snapshot.fetch(
        SELECT_PARTICIPANTS,
        *reading.scope.people,
        reading.scope.masks_people,
        reading.scope.masks_cards,
        [key.family_id for key in keys],
        [key.participant_id for key in keys],
        [key.shown_card for key in keys],
    )
    items = by_item(rows)
    return [tuple(Participant.of(row) for row in items[item]) for item in range(1, len(keys) + 1)]
