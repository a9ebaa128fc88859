"""Yearly letters of a college: by them a worker's child is insured from 21 until 25.

Perpres 82/2018: under 21, or under 25 in formal education.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString, Self

import asyncpg

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.core.families import Relation
from iuran.core.months import months_after
from iuran.core.regulation.rates import parameter
from iuran.core.second_person import SecondPersonError

SELECT_RELATION: LiteralString = """
    SELECT relation FROM participant WHERE family_id = $1 AND participant_id = $2
"""

INSERT_LETTER: LiteralString = """
    INSERT INTO college_letter (family_id, participant_id, college, first_day, last_day, brought_by,
                                verified_by, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

SELECT_DUE: LiteralString = """
    SELECT c.family_id, c.participant_id, c.name, c.card_number, c.letter_until,
           greatest(c.of_age - 1, c.letter_until) AS insured_until
    FROM (
        SELECT p.family_id, p.participant_id, p.name, p.card_number,
               birthday_of(p.birth_date, $5) AS of_age,
               birthday_of(p.birth_date, $6) AS too_old,
               (SELECT max(l.last_day) FROM college_letter AS l
                WHERE l.family_id = p.family_id AND l.participant_id = p.participant_id
               ) AS letter_until
        FROM participant AS p
        JOIN enrolment AS e ON e.family_id = p.family_id AND e.participant_id = p.participant_id
        JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
        JOIN segment AS s ON s.segment = m.segment AND s.payer = 'EMPLOYER'
        WHERE p.relation = 'CHILD' AND (p.family_id, p.participant_id) > ($3::bigint, $4::bigint)
          AND m.state IN ('ACTIVE', 'SUSPENDED') AND e.left_cause IS NULL
          AND e.first_month <= coverage_month_of($1)
          AND (e.last_month IS NULL OR e.last_month >= coverage_month_of($1))
          AND NOT EXISTS (SELECT FROM employment AS w
                          WHERE w.family_id = e.family_id AND w.membership_id = e.membership_id
                            AND w.participant_id = e.participant_id)
          AND NOT EXISTS (SELECT FROM additional_member AS a
                          WHERE a.family_id = e.family_id AND a.membership_id = e.membership_id
                            AND a.participant_id = e.participant_id AND a.kind = 'OTHER_RELATIVE'
                            AND (a.last_month IS NULL OR a.last_month >= coverage_month_of($1)))
    ) AS c
    WHERE c.too_old > $1 AND greatest(c.of_age - 1, c.letter_until) <= $2
      AND greatest(c.of_age - 1, c.letter_until) < c.too_old - 1
    ORDER BY c.family_id, c.participant_id
    LIMIT $7
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollegeLetter:
    """A letter and the WIB days for which it speaks, both inclusive."""

    participant_id: int
    college: str
    first_day: date
    last_day: date
    brought_by: str
    verified_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLetter:
    """A worker's child who needs a letter to be insured after `insured_until`, a WIB date.

    `letter_until` is the last day of his newest letter, None if he never brought one.
    """

    family_id: int
    participant_id: int
    name: str
    card_number: str
    letter_until: date | None
    insured_until: date

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(**dict(row.items()))


async def record_letter(
    connection: Connection, family_id: int, letter: CollegeLetter, *, at: datetime
) -> None:
    """Keep a letter; it speaks for a year at most, then another is brought.

    Raises InvalidInputError for who is no child of the family and for days that do not fit,
    SecondPersonError.
    """
    if await connection.fetchval(SELECT_RELATION, family_id, letter.participant_id) != (
        Relation.CHILD
    ):
        raise InvalidInputError("participantId", "this person is no child of the family")
    _check_days(letter, wib_date(at))
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            await connection.execute(
                INSERT_LETTER,
                family_id,
                letter.participant_id,
                letter.college,
                letter.first_day,
                letter.last_day,
                letter.brought_by,
                letter.verified_by,
                at,
            )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == "college_letter_needs_two_persons":
            raise SecondPersonError(letter.verified_by) from error
        raise InvalidInputError("letter", "name the college, who brought it and who saw it") from (
            error
        )


async def letters_due(
    connection: Connection,
    *,
    on: date,
    until: date,
    after: tuple[int, int] = (0, 0),
    limit: int = 100,
) -> tuple[DueLetter, ...]:
    """Return workers' children, insured in the month of `on`, whose age or letter ends their cover.

    Those for whom that day lies no later than `until` and whom another letter would help: a letter
    that lasts to the 25th birthday is the last. In the order of families and participants, behind
    `after`.
    """
    rows = await connection.fetch(
        SELECT_DUE,
        on,
        until,
        *after,
        parameter("child_age_max", on),
        parameter("student_age_max", on),
        limit,
    )
    return tuple(DueLetter.of(row) for row in rows)


def _check_days(letter: CollegeLetter, today: date) -> None:
    months = parameter("college_letter_months_max", letter.first_day)
    if not letter.first_day <= letter.last_day < months_after(letter.first_day, months):
        raise InvalidInputError("lastDay", f"a letter speaks for {months} months at most")
    if letter.last_day < today:
        raise InvalidInputError("lastDay", "this letter has run out; bring a newer one")
