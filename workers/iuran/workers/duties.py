"""Duties: which kind of job is due when. The tick asks each rule and arms what it answers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.core.reminders.schedule import rules_on
from iuran.core.reminders.slots import live_events
from iuran.payments.lost.figures import due_searches
from iuran.workers.autodebit import collections_due, warnings_due
from iuran.workers.deadlines import has_deadlines
from iuran.workers.fallback import watched_buckets
from iuran.workers.jobs import BUCKETS
from iuran.workers.kinds import (
    CLOSE_DAYS,
    DISPATCH_OUTBOX,
    FALL_BACK_REMINDERS,
    FIND_LOST_PAYMENTS,
    MONTH_ROLL,
    PREPARE_AUTODEBIT,
    PURGE_RECORDS,
    PURGE_REMINDERS,
    SCHEDULE_REMINDERS,
    SEND_NOTICES,
    SEND_REMINDERS,
    SEND_WEBHOOKS,
    WARN_AUTODEBIT,
)
from iuran.workers.moments import Moment, Work
from iuran.workers.month_roll import has_families, is_rolled
from iuran.workers.outbox import has_outbox
from iuran.workers.reminder_queue import due_buckets
from iuran.workers.retention import old_days, old_months
from iuran.workers.webhooks.sending import webhooks_due

ALL = Work(key="all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """When a kind of job is due. Standing work is armed whenever its rule answers; the rest once.

    A duty that `follows_roll` waits until the month of now is billed.
    """

    kind: str
    due: Callable[[Connection, Moment], Awaitable[Sequence[Work]]]
    is_standing: bool
    follows_roll: bool = False


async def _unrolled(connection: Connection, moment: Moment) -> Sequence[Work]:
    month = CoverageMonth.of(wib_date(moment.at))
    if await is_rolled(connection, month) or not await has_families(connection):
        return ()
    return (Work(key=str(month)),)


async def _deadlines(connection: Connection, moment: Moment) -> Sequence[Work]:
    return (ALL,) if await has_deadlines(connection, at=moment.at) else ()


async def _outbox(connection: Connection, _moment: Moment) -> Sequence[Work]:
    return (ALL,) if await has_outbox(connection) else ()


async def _live_events(connection: Connection, moment: Moment) -> Sequence[Work]:
    """Each event that is live, once a day, so that bills of yesterday get theirs too."""
    today = wib_date(moment.at)
    rules = await rules_on(connection, today, channels=moment.channels)
    return tuple(
        Work(key=f"{event}:{today}", payload={"event": event})
        for event in live_events(rules, today=today)
    )


async def _notices(connection: Connection, moment: Moment) -> Sequence[Work]:
    return await _messages(connection, moment, urgent_only=True)


async def _reminders(connection: Connection, moment: Moment) -> Sequence[Work]:
    return await _messages(connection, moment, urgent_only=False)


async def _messages(connection: Connection, moment: Moment, *, urgent_only: bool) -> Sequence[Work]:
    due = await due_buckets(
        connection,
        range(BUCKETS),
        at=moment.at,
        real=moment.real,
        channels=moment.channels,
        urgent_only=urgent_only,
    )
    return tuple(Work(key=f"{bucket}:{channel}", bucket=bucket) for bucket, channel in due)


async def _unanswered(connection: Connection, moment: Moment) -> Sequence[Work]:
    buckets = await watched_buckets(connection, range(BUCKETS), at=moment.at)
    return tuple(Work(key=str(bucket), bucket=bucket) for bucket in buckets)


async def _lost_payments(connection: Connection, moment: Moment) -> Sequence[Work]:
    return tuple(Work(key=code) for code in await due_searches(connection, real=moment.real))


DUTIES: Sequence[Duty] = (
    Duty(kind=MONTH_ROLL, due=_unrolled, is_standing=True),
    Duty(kind=SCHEDULE_REMINDERS, due=_live_events, is_standing=False, follows_roll=True),
    Duty(kind=PREPARE_AUTODEBIT, due=collections_due, is_standing=False, follows_roll=True),
    Duty(kind=WARN_AUTODEBIT, due=warnings_due, is_standing=False, follows_roll=True),
    Duty(kind=FIND_LOST_PAYMENTS, due=_lost_payments, is_standing=True),
    Duty(kind=CLOSE_DAYS, due=_deadlines, is_standing=True),
    Duty(kind=DISPATCH_OUTBOX, due=_outbox, is_standing=True),
    Duty(kind=SEND_NOTICES, due=_notices, is_standing=True),
    Duty(kind=SEND_REMINDERS, due=_reminders, is_standing=True),
    Duty(kind=FALL_BACK_REMINDERS, due=_unanswered, is_standing=True),
    Duty(kind=SEND_WEBHOOKS, due=webhooks_due, is_standing=True),
    Duty(kind=PURGE_RECORDS, due=old_days, is_standing=False),
    Duty(kind=PURGE_REMINDERS, due=old_months, is_standing=False),
)
