"""What comes of a message at last, or for now: ended, put off, held back, given back; and told."""

from collections.abc import Iterable
from datetime import timedelta

import structlog

from iuran.workers.messaging.letter import MessagePostponedError
from iuran.workers.metrics import REMINDERS
from iuran.workers.pauses import pause
from iuran.workers.reminder_ends import close, hold
from iuran.workers.reminders import ClaimedReminder, ReminderState
from iuran.workers.services import WorkerServices

FAILURES_MAX = 8
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def put_off(
    services: WorkerServices, reminder: ClaimedReminder, error: MessagePostponedError
) -> None:
    """Let a message that the carrier wants later wait, FAILURES_MAX times at most."""
    if reminder.failures + 1 >= FAILURES_MAX:
        await end(services, reminder, ReminderState.FAILED, reason=str(error))
        return
    await hold_back(services, reminder)


async def hold_back(
    services: WorkerServices, reminder: ClaimedReminder, *, may_have_left: bool = False
) -> None:
    """Count a failure and let the message wait for its pause, so that others come first.

    That never ends as FAILED by itself: it may be the carrier's fault, and then costs only time.
    """
    failures = reminder.failures + 1
    until = services.real_clock.now() + pause(failures, longest=LONGEST_PAUSE, first=FIRST_PAUSE)
    async with services.pool.acquire() as connection:
        await hold(connection, reminder, until=until, has_failed=True, may_have_left=may_have_left)
    tell("reminder_postponed", reminder, failures=failures)


async def end(
    services: WorkerServices,
    reminder: ClaimedReminder,
    state: ReminderState,
    *,
    reason: str | None = None,
) -> None:
    """End a message, unless its lease was lost to somebody else meanwhile."""
    async with services.pool.acquire() as connection:
        was_ours = await close(connection, reminder, state, at=services.clock.now(), reason=reason)
    event = f"reminder_{state.lower()}" if was_ours else "reminder_lease_lost"
    tell(event, reminder, reason=reason)


async def give_back(services: WorkerServices, reminders: Iterable[ClaimedReminder]) -> None:
    """Let others have messages at once; it is no failure of theirs."""
    async with services.pool.acquire() as connection:
        for reminder in reminders:
            await hold(
                connection,
                reminder,
                until=services.real_clock.now(),
                has_failed=False,
                may_have_left=reminder.was_handed,
            )


def tell(event: str, reminder: ClaimedReminder, **more: str | int | None) -> None:
    """Count and log what came of a message."""
    REMINDERS.labels(reminder.name.event, event.removeprefix("reminder_")).inc()
    _log.info(
        event,
        family_id=reminder.name.family_id,
        month=str(reminder.name.month),
        reminder_event=reminder.name.event,
        channel=reminder.name.channel,
        **more,
    )
