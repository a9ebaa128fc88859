"""Layoffs (PHK): six months of benefits without contribution (Perpres 59/2024 art. 27).

They are a membership of their own behind the one that the employer paid for: nobody is billed for
it, and what the employer still owes does not suspend it [D]. Afterwards the family may pay for
itself; its last covered month is the last of the six.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.employers.employment import EmploymentKey, EmploymentUnknownError, Report
from iuran.core.enrolment import LOCK_FAMILY, AlreadyInsuredError
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.families import INSERT_ENROLMENT
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.months import CoverageMonth
from iuran.core.regulation.layoffs import layoff_papers
from iuran.core.regulation.rates import parameter

SELECT_ENDED: LiteralString = """
    SELECT e.participant_id, e.last_month, m.segment, m.care_class,
           EXISTS (
               SELECT FROM layoff AS l
               WHERE l.family_id = e.family_id AND l.employment_id = e.membership_id) AS is_known
    FROM employment AS e
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    WHERE e.family_id = $1 AND e.membership_id = $2
"""

SELECT_PEOPLE: LiteralString = """
    SELECT DISTINCT e.participant_id
    FROM enrolment AS e
    WHERE e.family_id = $1 AND e.membership_id = $2 AND e.last_month >= $3
      AND e.left_cause IS NULL
      AND NOT EXISTS (
          SELECT FROM enrolment AS o
          JOIN membership AS m ON m.family_id = o.family_id AND m.membership_id = o.membership_id
          WHERE o.family_id = e.family_id AND o.participant_id = e.participant_id
            AND (o.left_cause = 'DEATH'
                 OR (m.state <> 'INACTIVE_SEGMENT_CHANGE'
                     AND (o.last_month IS NULL OR o.last_month > $3))))
    ORDER BY e.participant_id
    LIMIT 100
"""

INSERT_MEMBERSHIP: LiteralString = """
    INSERT INTO membership (family_id, segment, care_class, class_since, state, paid_through)
    VALUES ($1, $2, $3, $4, 'ACTIVE', $5)
    RETURNING membership_id
"""

INSERT_EVENTS: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES ($1, $2, 'PENDING', NULL, wib_midnight($4), $5, 'REGISTRATION'),
           ($1, $2, 'ACTIVE', $3, wib_midnight($4), $5, 'LAYOFF')
"""

SET_LAST_MONTH: LiteralString = """
    UPDATE enrolment SET last_month = $3 WHERE family_id = $1 AND membership_id = $2
"""

INSERT_LAYOFF: LiteralString = """
    INSERT INTO layoff (family_id, membership_id, employment_id, change_id, last_month, papers)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

SELECT_LAYOFF: LiteralString = """
    SELECT (SELECT min(e.first_month) FROM enrolment AS e
            WHERE e.family_id = l.family_id AND e.membership_id = l.membership_id) AS first_month,
           l.last_month,
           EXISTS (
               SELECT FROM layoff_end AS x
               WHERE x.family_id = l.family_id AND x.membership_id = l.membership_id) AS is_ended
    FROM layoff AS l
    WHERE l.family_id = $1 AND l.membership_id = $2
"""

INSERT_END: LiteralString = """
    INSERT INTO layoff_end (family_id, membership_id, last_month, reported_by, reason, reported_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

END_ENROLMENTS: LiteralString = """
    UPDATE enrolment SET last_month = $3
    WHERE family_id = $1 AND membership_id = $2 AND last_month > $3
"""

END_LAYOFFS: LiteralString = """
    SELECT end_layoffs($1, $2, $3, $4)
"""


class NotLaidOffError(DomainError):
    """The employment runs, was not ended by a layoff, or has had its six months."""

    code: ClassVar[str] = "NOT_LAID_OFF"

    def __init__(self, why: str) -> None:
        super().__init__(f"no benefits after a layoff: {why}")
        self.why = why


class LayoffPapersMissingError(DomainError):
    """The papers prove no layoff: one set has to be whole."""

    code: ClassVar[str] = "LAYOFF_PAPERS_MISSING"

    def __init__(self, sets: Sequence[frozenset[str]]) -> None:
        self.papers = "; or ".join(" with ".join(sorted(one)) for one in sets)
        super().__init__(f"bring {self.papers}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """An employment that is over, and the months that its layoff covers."""

    participant_id: int
    segment: str
    care_class: int
    last_month: CoverageMonth
    covered_through: CoverageMonth


async def propose_layoff(
    connection: Connection, key: EmploymentKey, papers: Sequence[str], report: Report, at: datetime
) -> int:
    """Propose the six months after an employment that ended; return the number of the proposal.

    Raises LayoffPapersMissingError unless a set of papers is whole, NotLaidOffError for a
    resignation, an employment that runs, or six months that are over, EmploymentUnknownError.
    """
    check_papers(papers)
    ended = await _ended(connection, key, at)
    proposal = Proposal(
        membership_id=key.membership_id,
        kind=ChangeKind.LAYOFF,
        reason=report.reason,
        before={"last_month": str(ended.last_month)},
        wanted={
            "last_month": str(ended.covered_through),
            "papers": ",".join(sorted(set(papers))),
        },
        proposed_by=report.by,
        proposed_at=at,
    )
    return await propose(connection, key.family_id, proposal)


async def approve_layoff(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> int:
    """Give a laid-off worker and his family their six months; return the membership of them.

    They begin behind the employment's last month, also when the papers come later [D]. Who is
    insured otherwise since is left out. Raises AlreadyInsuredError if that is the worker, and what
    `propose_layoff` and `approve` raise.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.LAYOFF,
        approved_by=approved_by,
        at=at,
    )
    await connection.execute(LOCK_FAMILY, family_id)
    key = EmploymentKey(family_id, proposal.membership_id)
    ended = await _ended(connection, key, at)
    rows = await connection.fetch(SELECT_PEOPLE, *key, ended.last_month.ordinal)
    people: list[int] = [row["participant_id"] for row in rows]
    if ended.participant_id not in people:
        raise AlreadyInsuredError(ended.participant_id)
    membership_id = await _open(connection, family_id, ended, people, at)
    papers = str(proposal.wanted["papers"]).split(",")
    through = ended.covered_through.ordinal
    await connection.execute(
        INSERT_LAYOFF, family_id, membership_id, key.membership_id, change_id, through, papers
    )
    return membership_id


async def end_layoff(
    connection: Connection,
    key: EmploymentKey,
    last_month: CoverageMonth,
    report: Report,
    *,
    at: datetime,
) -> None:
    """End the six months earlier because somebody else insures the family from the next month.

    Past months stand: the month before the running one is the earliest. Raises NotLaidOffError for
    another membership or one that was ended, InvalidInputError for a month out of bounds.
    """
    await connection.execute(LOCK_FAMILY, key.family_id)
    row = await connection.fetchrow(SELECT_LAYOFF, *key)
    if row is None or row["is_ended"]:
        raise NotLaidOffError("this membership is none of a layoff, or was ended")
    earliest = max(row["first_month"], CoverageMonth.of(wib_date(at)).ordinal - 1)
    if not earliest <= last_month.ordinal < row["last_month"]:
        raise InvalidInputError(
            "lastMonth",
            f"write a month from {CoverageMonth.of_ordinal(earliest)} and before"
            f" {CoverageMonth.of_ordinal(row['last_month'])}",
        )
    await connection.execute(INSERT_END, *key, last_month.ordinal, report.by, report.reason, at)
    await connection.execute(END_ENROLMENTS, *key, last_month.ordinal)


async def end_layoffs(
    connection: Connection, *, family_from: int, family_to: int, at: datetime
) -> int:
    """Make inactive what layoffs gave a range of families until a month that closed; count them.

    Safe to run twice and at the same time.
    """
    month = CoverageMonth.of(wib_date(at)).ordinal
    return int(await connection.fetchval(END_LAYOFFS, family_from, family_to, month, at))


def check_papers(papers: Sequence[str]) -> None:
    """Refuse papers that do not prove a layoff; a resignation does not count."""
    rule, given = layoff_papers(), frozenset(papers)
    if not given <= rule.known:
        raise InvalidInputError("papers", f"name papers of {', '.join(sorted(rule.known))}")
    if given & rule.excluded:
        raise NotLaidOffError("a resignation does not count")
    if not any(one <= given for one in rule.sets):
        raise LayoffPapersMissingError(rule.sets)


async def _ended(connection: Connection, key: EmploymentKey, at: datetime) -> _Ended:
    row = await connection.fetchrow(SELECT_ENDED, *key)
    if row is None:
        raise EmploymentUnknownError(key.membership_id)
    if row["last_month"] is None:
        raise NotLaidOffError("the employment runs; report its end first")
    last_month = CoverageMonth.of_ordinal(row["last_month"])
    through = last_month.plus(parameter("layoff_cover_months", last_month.first_day))
    if row["is_known"]:
        raise NotLaidOffError("it was given before")
    if through < CoverageMonth.of(wib_date(at)):
        raise NotLaidOffError(f"it would have ended with {through}")
    return _Ended(
        participant_id=row["participant_id"],
        segment=row["segment"],
        care_class=row["care_class"],
        last_month=last_month,
        covered_through=through,
    )


async def _open(
    connection: Connection, family_id: int, ended: _Ended, people: Sequence[int], at: datetime
) -> int:
    first, through = ended.last_month.plus(1), ended.covered_through.ordinal
    membership_id = int(
        await connection.fetchval(
            INSERT_MEMBERSHIP, family_id, ended.segment, ended.care_class, first.first_day, through
        )
    )
    await connection.execute(INSERT_EVENTS, family_id, membership_id, through, first.first_day, at)
    await connection.executemany(
        INSERT_ENROLMENT, [(family_id, membership_id, one, first.ordinal) for one in people]
    )
    await connection.execute(SET_LAST_MONTH, family_id, membership_id, through)
    return membership_id
