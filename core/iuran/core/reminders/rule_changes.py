"""Changes of the schedule: one operator proposes, another approves, and then it is in force."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString, Self

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.reminders.events import EVENTS, OF_A_MONTH, Anchor
from iuran.core.reminders.quiet import is_quiet_at
from iuran.core.reminders.schedule import Rule
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.core.segments import Segment

SEGMENTS = (*(segment.value for segment in Segment), "SELF_PAID", "ALL")
REASON_LENGTH_MAX = 1_000
_EARLIEST_DUE, _LATEST_DUE = -9, 17
_EARLIEST_END = -27
_EARLIEST_WINDOW = -30
_VALID_DAYS_MAX = 60
_FALL_BACK_HOURS_MAX = 240
_PLACE_MAX = 9

INSERT_CHANGE: LiteralString = """
    INSERT INTO reminder_rule_change (event, segment, channel, effective_from, is_on, place,
                                      offset_days, at_hour, valid_days, fall_back_hours, reason,
                                      proposed_by, proposed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    RETURNING change_id
"""

INSERT_APPROVAL: LiteralString = """
    INSERT INTO reminder_rule_approval (change_id, proposed_by, approved_by, approved_at)
    SELECT change_id, proposed_by, $2, $3
    FROM reminder_rule_change
    WHERE change_id = $1
"""

SELECT_CHANGE: LiteralString = """
    SELECT effective_from FROM reminder_rule_change WHERE change_id = $1
"""

SELECT_WAITING: LiteralString = """
    SELECT c.change_id, c.event, c.segment, c.channel, c.effective_from, c.is_on, c.place,
           c.offset_days, c.at_hour, c.valid_days, c.fall_back_hours, c.reason, c.proposed_by,
           c.proposed_at
    FROM reminder_rule_change AS c
    WHERE NOT EXISTS (SELECT FROM reminder_rule_approval AS a WHERE a.change_id = c.change_id)
      AND c.effective_from > $1
    ORDER BY c.change_id
    LIMIT $2
"""


class ChangeTooLateError(DomainError):
    """The first day of a change has come; what went out that day cannot be changed."""

    code: ClassVar[str] = "CHANGE_TOO_LATE"

    def __init__(self, effective_from: date) -> None:
        super().__init__(f"{effective_from} has begun; propose the change from a later day")
        self.effective_from = effective_from


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What somebody wants to be in force from a day on. `rule.segment` may be SELF_PAID or ALL."""

    rule: Rule
    effective_from: date
    is_on: bool
    reason: str
    proposed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingChange:
    """A change that nobody has approved yet."""

    change_id: int
    change: RuleChange
    proposed_at: datetime

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            change_id=row["change_id"],
            change=RuleChange(
                rule=Rule.of(row),
                effective_from=row["effective_from"],
                is_on=row["is_on"],
                reason=row["reason"],
                proposed_by=row["proposed_by"],
            ),
            proposed_at=row["proposed_at"],
        )


async def propose(connection: Connection, change: RuleChange, *, at: datetime) -> int:
    """Record a proposal and return its number; nothing is in force yet.

    Raises InvalidInputError for what no schedule may hold, and ChangeTooLateError.
    """
    _check(change)
    if change.effective_from <= wib_date(at):
        raise ChangeTooLateError(change.effective_from)
    rule = change.rule
    change_id = int(
        await connection.fetchval(
            INSERT_CHANGE,
            rule.event,
            rule.segment,
            rule.channel,
            change.effective_from,
            change.is_on,
            rule.place,
            rule.offset_days,
            rule.at,
            rule.valid_days,
            rule.fall_back_hours,
            change.reason.strip(),
            change.proposed_by,
            at,
        )
    )
    reason, by = change.reason.strip(), change.proposed_by
    await waits(connection, _subject_of(change_id), reason=reason, by=by, at=at)
    return change_id


async def approve(
    connection: Connection, change_id: int, *, approved_by: str, at: datetime
) -> None:
    """Put a proposal in force from its first day on.

    Raises NothingToApproveError, ChangeTooLateError and, because the database refuses the row,
    SecondPersonError.
    """
    effective_from = await connection.fetchval(SELECT_CHANGE, change_id)
    if effective_from is not None and effective_from <= wib_date(at):
        raise ChangeTooLateError(effective_from)
    try:
        async with connection.transaction():  # a savepoint: the refusal leaves the rest standing
            status = await connection.execute(INSERT_APPROVAL, change_id, approved_by, at)
    except asyncpg.CheckViolationError as error:
        raise SecondPersonError(approved_by) from error
    except asyncpg.UniqueViolationError as error:
        raise NothingToApproveError(f"change {change_id} of the schedule") from error
    if status != "INSERT 0 1":
        raise NothingToApproveError(f"change {change_id} of the schedule")
    await waits_no_more(connection, _subject_of(change_id))


def _subject_of(change_id: int) -> Subject:
    return Subject(kind=ApprovalKind.REMINDER_RULE, number=str(change_id))


async def waiting_changes(
    connection: Connection, *, at: datetime, limit: int = 100
) -> tuple[WaitingChange, ...]:
    """Return the changes that wait for a second person and still may be approved."""
    rows = await connection.fetch(SELECT_WAITING, wib_date(at), limit)
    return tuple(WaitingChange.of(row) for row in rows)


def _check(change: RuleChange) -> None:
    rule = change.rule
    if rule.event not in EVENTS:
        raise InvalidInputError("event", f"choose one of {', '.join(EVENTS)}")
    if rule.segment not in SEGMENTS:
        raise InvalidInputError("segment", f"choose one of {', '.join(SEGMENTS)}")
    if is_quiet_at(rule.at):
        raise InvalidInputError("at", "choose a time at which people are awake (08:00 to 19:59)")
    if not 1 <= rule.place <= _PLACE_MAX:
        raise InvalidInputError("place", f"choose 1 to {_PLACE_MAX}; 1 is tried first")
    if not 1 <= rule.valid_days <= _VALID_DAYS_MAX:
        raise InvalidInputError("validDays", f"choose 1 to {_VALID_DAYS_MAX}")
    if not 1 <= rule.fall_back_hours <= _FALL_BACK_HOURS_MAX:
        raise InvalidInputError("fallBackHours", f"choose 1 to {_FALL_BACK_HOURS_MAX}")
    if not 1 <= len(change.reason.strip()) <= REASON_LENGTH_MAX:
        raise InvalidInputError("reason", f"say why, in 1 to {REASON_LENGTH_MAX} letters")
    if rule.kind.is_legal and not change.is_on:
        raise InvalidInputError(
            "event", "notices of the legal status cannot be switched off; change their channel"
        )
    first, last = _offsets(rule.kind.anchor)
    if not first <= rule.offset_days <= last:
        raise InvalidInputError("days", f"choose {first} to {last} for {rule.event}")


def _offsets(anchor: Anchor) -> tuple[int, int]:
    """Return between which days a rule stays in its month, its window or its event."""
    if anchor is Anchor.DUE_DATE:
        return _EARLIEST_DUE, _LATEST_DUE
    if anchor in {*OF_A_MONTH, Anchor.STEP_END}:
        return _EARLIEST_END, 0
    return (_EARLIEST_WINDOW, 0) if anchor is Anchor.WINDOW_END else (0, 0)
