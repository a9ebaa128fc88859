"""Delivery: the messages of a bucket that are due, one after the other over one connection."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
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
from iuran.workers.reminder_queue import (
    EXPIRED_MAX,
    claim,
    close,
    due_buckets,
    expire,
    hold,
    is_still_needed,
)
from iuran.workers.reminders import PAID, ClaimedReminder, ReminderState
from iuran.workers.services import WorkerServices

FAILURES_MAX = 8
BREAKS_MAX = 3
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
SLICE_SECONDS = 10
_ROUNDS_MAX = 1_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class _Slice:
    """What one run does in a bucket. Its time begins with its first connection."""

    bucket: int
    waiting: deque[ClaimedReminder] = field(default_factory=deque)
    stop_at: float | None = None
    breaks: int = 0
    """Sessions that broke off in a row, no letter having been answered between them."""

    @property
    def is_over(self) -> bool:
        return self.stop_at is not None and time.monotonic() >= self.stop_at


async def send_reminders(services: WorkerServices, job: Job) -> None:
    """Send what is due in a bucket, for about SLICE_SECONDS; what is left makes the job due again.

    A message whose bill was paid meanwhile is cancelled, up to the moment at which it is sent. A
    letter over which the connection breaks waits for its pause, and the others go on over a new
    one. Raises MailServerError when the server cannot be reached, or broke off BREAKS_MAX times in
    a row.
    """
    await _drop_late(services, job.bucket)
    if not await _is_due(services, job.bucket):
        return
    work = _Slice(bucket=job.bucket)
    try:
        while await _use_session(services, work):
            pass
    finally:
        if work.waiting:
            await _give_back(services, work.waiting)


async def _use_session(services: WorkerServices, work: _Slice) -> bool:
    """Send over one session; return whether it broke off and another is worth while."""
    async with services.mailer.session() as session:
        if work.stop_at is None:
            work.stop_at = time.monotonic() + SLICE_SECONDS
        while (reminder := await _next(services, work)) is not None:
            try:
                await _send(services, session, reminder)
            except MailServerError:
                work.breaks += 1
                if work.breaks >= BREAKS_MAX:
                    raise
                return not work.is_over
            work.breaks = 0
    return False


async def _next(services: WorkerServices, work: _Slice) -> ClaimedReminder | None:
    """Return a message that is to be sent at this very moment; None at the end of the slice."""
    while not work.is_over:
        if not work.waiting:
            work.waiting.extend(await _claim_needed(services, work.bucket))
        if not work.waiting:
            return None
        reminder = work.waiting.popleft()
        async with services.pool.acquire() as connection:
            is_needed = await is_still_needed(connection, reminder)
        if is_needed:
            return reminder
        if is_needed is None:
            _tell("reminder_lease_lost", reminder)
        else:
            await _close(services, reminder, ReminderState.CANCELLED, reason=PAID)
    return None


async def _is_due(services: WorkerServices, bucket: int) -> bool:
    async with services.pool.acquire() as connection:
        at, real = services.clock.now(), services.real_clock.now()
        return bool(await due_buckets(connection, [bucket], at=at, real=real))


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
    """Send one message and note what came of it; one that breaks something is held back first."""
    try:
        await session.send(letter_of(reminder, dated=services.clock.now()))
    except MailPostponedError as error:
        await _put_off(services, reminder, error)
    except (MailRefusedError, LetterIncompleteError) as error:
        await _close(services, reminder, ReminderState.FAILED, reason=str(error))
    except Exception:
        await _hold_back(services, reminder)
        raise
    else:
        await _close(services, reminder, ReminderState.SENT)


async def _put_off(
    services: WorkerServices, reminder: ClaimedReminder, error: MailPostponedError
) -> None:
    if reminder.failures + 1 >= FAILURES_MAX:
        await _close(services, reminder, ReminderState.FAILED, reason=str(error))
        return
    await _hold_back(services, reminder)


async def _hold_back(services: WorkerServices, reminder: ClaimedReminder) -> None:
    """Count a failure and let the message wait for its pause, so that others come first.

    That never ends as FAILED by itself: it may be the server's fault, and then costs only time.
    """
    failures = reminder.failures + 1
    until = services.real_clock.now() + pause(failures, longest=LONGEST_PAUSE, first=FIRST_PAUSE)
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
