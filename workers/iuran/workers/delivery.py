"""Delivery: the messages of a bucket that are due, one after the other over one connection."""

import time
from collections import deque
from collections.abc import Iterable
from datetime import timedelta

import structlog

from iuran.workers.jobs import Job
from iuran.workers.letters import LetterIncompleteError, letter_of
from iuran.workers.mail import (
    MailPostponedError,
    MailRefusedError,
    MailServerError,
    MailSession,
)
from iuran.workers.metrics import REMINDERS
from iuran.workers.pauses import pause
from iuran.workers.reminders import (
    EXPIRED_MAX,
    ClaimedReminder,
    ReminderState,
    claim,
    close,
    expire,
    hold,
)
from iuran.workers.services import WorkerServices

FAILURES_MAX = 8
LONGEST_PAUSE = timedelta(minutes=30)
SLICE_SECONDS = 10
_ROUNDS_MAX = 1_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def send_reminders(services: WorkerServices, job: Job) -> None:
    """Send what is due in a bucket, for about SLICE_SECONDS; what is left makes the job due again.

    A message whose bill was paid meanwhile is cancelled in the transaction that claims it. Raises
    MailServerError when the server cannot be used; the messages wait and lose nothing by it.
    """
    await _drop_late(services, job.bucket)
    stop_at = time.monotonic() + SLICE_SECONDS
    waiting = deque(await _claim_needed(services, job.bucket))
    if not waiting:
        return
    try:
        async with services.mailer.session() as session:
            while waiting and time.monotonic() < stop_at:
                await _send(services, session, waiting.popleft())
                if not waiting:
                    waiting.extend(await _claim_needed(services, job.bucket))
    finally:
        if waiting:
            await _give_back(services, waiting)


async def _drop_late(services: WorkerServices, bucket: int) -> None:
    for _ in range(_ROUNDS_MAX):
        async with services.pool.acquire() as connection:
            dropped = await expire(
                connection, bucket, at=services.clock.now(), real=services.real_clock.now()
            )
        for event, count in dropped.items():
            REMINDERS.labels(event, "expired").inc(count)
            _log.info("reminders_expired", reminder_event=event, bucket=bucket, count=count)
        if sum(dropped.values()) < EXPIRED_MAX:
            return


async def _claim_needed(services: WorkerServices, bucket: int) -> list[ClaimedReminder]:
    """Claim until something is there to be sent, or nothing is due any more."""
    for _ in range(_ROUNDS_MAX):
        async with services.pool.acquire() as connection, connection.transaction():
            at = services.clock.now()
            claimed = await claim(connection, bucket, at=at, real=services.real_clock.now())
            for reminder in claimed:
                if (reason := reminder.needless_because) is not None:
                    await close(connection, reminder, ReminderState.CANCELLED, at=at, reason=reason)
        needless = [one for one in claimed if one.needless_because is not None]
        for reminder in needless:
            _tell("reminder_cancelled", reminder, reason=reminder.needless_because)
        if len(needless) < len(claimed) or not claimed:
            return [one for one in claimed if one.needless_because is None]
    return []


async def _send(services: WorkerServices, session: MailSession, reminder: ClaimedReminder) -> None:
    try:
        await session.send(letter_of(reminder, dated=services.clock.now()))
    except MailServerError:
        await _give_back(services, [reminder])
        raise
    except MailPostponedError as error:
        await _put_off(services, reminder, error)
    except (MailRefusedError, LetterIncompleteError) as error:
        await _close(services, reminder, ReminderState.FAILED, reason=str(error))
    else:
        await _close(services, reminder, ReminderState.SENT)


async def _put_off(
    services: WorkerServices, reminder: ClaimedReminder, error: MailPostponedError
) -> None:
    failures = reminder.failures + 1
    if failures >= FAILURES_MAX:
        await _close(services, reminder, ReminderState.FAILED, reason=str(error))
        return
    until = services.real_clock.now() + pause(failures, longest=LONGEST_PAUSE)
    async with services.pool.acquire() as connection:
        await hold(connection, reminder, until=until, has_failed=True)
    _tell("reminder_postponed", reminder, failures=failures)


async def _close(
    services: WorkerServices,
    reminder: ClaimedReminder,
    state: ReminderState,
    *,
    reason: str | None = None,
) -> None:
    async with services.pool.acquire() as connection:
        was_ours = await close(connection, reminder, state, at=services.clock.now(), reason=reason)
    _tell(f"reminder_{state.lower()}" if was_ours else "reminder_lease_lost", reminder)


async def _give_back(services: WorkerServices, reminders: Iterable[ClaimedReminder]) -> None:
    async with services.pool.acquire() as connection:
        for reminder in reminders:
            await hold(connection, reminder, until=services.real_clock.now(), has_failed=False)


def _tell(event: str, reminder: ClaimedReminder, **more: str | int | None) -> None:
    REMINDERS.labels(reminder.name.event, event.removeprefix("reminder_")).inc()
    _log.info(
        event,
        family_id=reminder.name.family_id,
        month=str(reminder.name.month),
        reminder_event=reminder.name.event,
        channel=reminder.name.channel,
        **more,
    )
