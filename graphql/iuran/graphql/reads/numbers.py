"""Look-ups: from a number that people know to the family and person whom it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from iuran.graphql.reads.reading import Reading
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

FIND_NUMBERS: LiteralString = """
    SELECT 'FAMILY_CARD' AS kind, n.kk_number AS number, n.family_id,
           NULL::bigint AS participant_id
    FROM family_card_number AS n
    WHERE n.kk_number = ANY($4::text[]) AND ($1::boolean OR n.family_id = $2::bigint)
    UNION ALL
    SELECT 'CARD', n.card_number, n.family_id, n.participant_id
    FROM participant_card AS n
    WHERE n.card_number = ANY($5::text[])
      AND ($1 OR n.family_id = $2 OR $3::boolean)
    UNION ALL
    SELECT 'NIK', n.nik, n.family_id, n.participant_id
    FROM participant_nik AS n
    WHERE n.nik = ANY($6::text[]) AND ($1 OR n.family_id = $2)
    UNION ALL
    SELECT 'VIRTUAL_ACCOUNT', k.number, n.family_id, a.participant_id
    FROM unnest($7::text[]) AS k (number)
    JOIN virtual_account_number AS n ON n.customer_number = right(k.number, 11)
    JOIN virtual_account AS a
      ON a.family_id = n.family_id AND a.customer_number = n.customer_number
    WHERE ($1 OR n.family_id = $2)
      AND (left(k.number, -11) = $8
           OR EXISTS (SELECT FROM channel AS c WHERE c.va_prefix = left(k.number, -11)))
    LIMIT 1000
"""


class NumberKind(StrEnum):
    """What a number is a number of."""

    FAMILY_CARD = "FAMILY_CARD"
    CARD = "CARD"
    NIK = "NIK"
    VIRTUAL_ACCOUNT = "VIRTUAL_ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number to look up."""

    kind: NumberKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a number belongs to; `participant_id` is None for a family card."""

    family_id: int
    participant_id: int | None


async def holders(reading: Reading, numbers: Sequence[Number]) -> list[Holder | None]:
    """Find whom numbers belong to. A facility finds the holders of cards, and nobody else."""
    rows = await reading.snapshot.fetch(
        FIND_NUMBERS,
        *reading.scope.people,
        _texts(numbers, NumberKind.FAMILY_CARD),
        _texts(numbers, NumberKind.CARD),
        _texts(numbers, NumberKind.NIK),
        _texts(numbers, NumberKind.VIRTUAL_ACCOUNT),
        DEFAULT_PREFIX,
    )
    found = {
        Number(kind=NumberKind(row["kind"]), text=row["number"]): Holder(
            family_id=row["family_id"], participant_id=row["participant_id"]
        )
        for row in rows
    }
    return [found.get(number) for number in numbers]


def _texts(numbers: Sequence[Number], kind: NumberKind) -> list[str]:
    return [number.text for number in numbers if number.kind is kind]
