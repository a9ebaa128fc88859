"""The preview: what would go out on a day, by the very SQL that schedules, and nothing is sent."""

from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString, Self

from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.core.family_list import family_range
from iuran.core.identifiers import mask, mask_name
from iuran.core.reminders.candidates import (
    OF_BILLS,
    OF_STEPS,
    OF_WINDOWS,
    AnchoredSlot,
    columns_of,
)
from iuran.core.reminders.events import Anchor, Channel
from iuran.core.reminders.schedule import rules_on
from iuran.core.reminders.slots import slots_around

FAMILIES_A_BATCH = 5_000
EXAMPLES_MAX = 3
DAYS_AHEAD_MAX = 366
_EVER = datetime(2014, 1, 1, tzinfo=UTC)

_COUNTED = """
    ), counted AS (
        SELECT c.event, c.channel, c.segment, c.family_id, c.payer_name, c.address, c.due_at,
               count(*) OVER w AS messages, row_number() OVER (w ORDER BY c.family_id) AS number
        FROM candidate AS c
        WHERE c.due_at >= $12 AND c.due_at < $13
        WINDOW w AS (PARTITION BY c.event, c.channel, c.segment)
    )
    SELECT event, channel, segment, messages, family_id, payer_name, address, due_at
    FROM counted
    WHERE number <= $14
    ORDER BY event, channel, segment, number
    LIMIT 1000
"""

PREVIEW_BILLS: LiteralString = "WITH candidate AS MATERIALIZED (" + OF_BILLS + _COUNTED
PREVIEW_STEPS: LiteralString = "WITH candidate AS MATERIALIZED (" + OF_STEPS + _COUNTED
PREVIEW_WINDOWS: LiteralString = "WITH candidate AS MATERIALIZED (" + OF_WINDOWS + _COUNTED

PREVIEW_QUEUE: LiteralString = """
    WITH counted AS (
        SELECT q.event, q.channel, m.segment, q.family_id, p.name AS payer_name,
               CASE q.channel WHEN 'EMAIL' THEN p.email ELSE p.phone END AS address, q.due_at,
               count(*) OVER w AS messages, row_number() OVER (w ORDER BY q.family_id) AS number
        FROM reminder_queue AS q
        JOIN membership AS m ON m.family_id = q.family_id AND m.membership_id = q.membership_id
        JOIN family AS f ON f.family_id = q.family_id
        JOIN participant AS p
          ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
        WHERE q.family_id BETWEEN $1 AND $2 AND q.due_at < $4 AND q.expires_at > $3
          AND (q.needs <> 'OPEN_BILL' OR EXISTS (
              SELECT FROM bill AS b
              WHERE b.family_id = q.family_id AND b.membership_id = q.membership_id
                AND b.coverage_month = q.coverage_month AND b.state = 'OPEN'))
        WINDOW w AS (PARTITION BY q.event, q.channel, m.segment)
    )
    SELECT event, channel, segment, messages, family_id, payer_name, address, due_at
    FROM counted
    WHERE number <= $5
    ORDER BY event, channel, segment, number
    LIMIT 1000
"""

_STATEMENTS: dict[Anchor, LiteralString] = {
    Anchor.STEP_END: PREVIEW_STEPS,
    Anchor.WINDOW_END: PREVIEW_WINDOWS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One message that would go out; name and address are masked."""

    family_id: int
    name: str
    address: str
    due_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class PreviewGroup:
    """What is counted together."""

    event: str
    channel: str
    segment: str


@dataclass(slots=True, kw_only=True)
class Preview:
    """What would go out on a day, as far as it is known now.

    Payments until then make it less, and what happens until then (payments, suspensions, answers
    to claims) brings notices that nobody can foresee. Bills of a month that has not begun are not
    issued yet, so their reminders are not counted.
    """

    day: date
    counts: Counter[PreviewGroup] = field(default_factory=Counter[PreviewGroup])
    examples: dict[PreviewGroup, list[Example]] = field(
        default_factory=dict[PreviewGroup, list[Example]]
    )
    families_done: int = 0
    families_total: int = 0
    family_to: int = 0
    """The last family that was looked at."""

    @property
    def is_whole(self) -> bool:
        """Whether no families are left to look at."""
        return self.families_done == self.families_total

    def add(self, rows: Sequence[Record]) -> None:
        """Count what a statement found."""
        seen: set[PreviewGroup] = set()
        for row in rows:
            group = PreviewGroup(row["event"], row["channel"], row["segment"])
            if group not in seen:
                self.counts[group] += row["messages"]
                seen.add(group)
            examples = self.examples.setdefault(group, [])
            if len(examples) < EXAMPLES_MAX:
                examples.append(_example(row))


async def preview(
    connection: Connection,
    day: date,
    *,
    at: datetime,
    channels: Collection[Channel],
    behind_family: int = 0,
) -> AsyncGenerator[Preview]:
    """Look at families in batches and yield what is known so far; nothing is written.

    Those up to `behind_family` are left out. Raises InvalidInputError for a day that is over or
    more than a year away.
    """
    _check_day(day, today=wib_date(at))
    window = _Window.of(day, at)
    rules = await rules_on(connection, day, channels=channels)
    planned = _by_statement(
        [one for one in slots_around(rules, day) if one.slot.is_live(today=day)]
    )
    lowest, last = await family_range(connection) or (1, 0)
    first = max(lowest, behind_family + 1)
    found = Preview(
        day=day, families_total=max(last - first + 1, 0), family_to=min(behind_family, last)
    )
    for family_from in range(first, last + 1, FAMILIES_A_BATCH):
        family_to = min(family_from + FAMILIES_A_BATCH - 1, last)
        families = family_from, family_to
        for statement, slots in planned.items():
            found.add(
                await _planned(connection, statement, slots, families=families, window=window)
            )
        found.add(await _queued(connection, families, window))
        found.families_done, found.family_to = family_to - first + 1, family_to
        yield found
    if last < first:
        yield found


def _check_day(day: date, *, today: date) -> None:
    if day < today:
        raise InvalidInputError("day", f"{day} is over; choose today or a later day")
    if (day - today).days > DAYS_AHEAD_MAX:
        raise InvalidInputError("day", f"choose a day at most {DAYS_AHEAD_MAX} days ahead")


def _by_statement(slots: Sequence[AnchoredSlot]) -> dict[LiteralString, list[AnchoredSlot]]:
    found: dict[LiteralString, list[AnchoredSlot]] = {}
    for slot in slots:
        statement = _STATEMENTS.get(slot.slot.rule.kind.anchor, PREVIEW_BILLS)
        found.setdefault(statement, []).append(slot)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """A WIB date as instants: from when on messages count, when one is too late, and its end."""

    begins: datetime
    seen_from: datetime
    ends: datetime

    @classmethod
    def of(cls, day: date, at: datetime) -> Self:
        midnight, next_midnight = wib_instant(day), wib_instant(day + timedelta(days=1))
        return cls(
            begins=_EVER if wib_date(at) >= day else midnight,  # today goes out what is left over
            seen_from=max(at, midnight),
            ends=next_midnight,
        )


async def _planned(
    connection: Connection,
    statement: LiteralString,
    slots: Sequence[AnchoredSlot],
    *,
    families: tuple[int, int],
    window: _Window,
) -> list[Record]:
    return await connection.fetch(
        statement,
        *families,
        window.seen_from,
        *columns_of(slots),
        window.begins,
        window.ends,
        EXAMPLES_MAX,
    )


async def _queued(
    connection: Connection, families: tuple[int, int], window: _Window
) -> list[Record]:
    return await connection.fetch(
        PREVIEW_QUEUE, *families, window.seen_from, window.ends, EXAMPLES_MAX
    )


def _example(row: Record) -> Example:
    return Example(
        family_id=row["family_id"],
        name=mask_name(row["payer_name"]),
        address=_mask_address(row["address"] or ""),
        due_at=row["due_at"],
    )


def _mask_address(address: str) -> str:
    name, at, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if at else mask(address)
