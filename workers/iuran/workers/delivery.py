"""Delivery: the messages of a bucket and channel that are due, over a few lines at once."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from iuran.core.reminders.events import Channel
from iuran.core.reminders.quiet import is_quiet
from iuran.workers.fallback import give_way
from iuran.workers.jobs import Job
from iuran.workers.letters import LetterIncompleteError, letter_of, message_key
from iuran.workers.messaging.letter import (
    Carrier,
    CarrierDownError,
    CarrierSession,
    Letter,
    MessagePostponedError,
    MessageRefusedError,
    OutcomeUnknownError,
)
from iuran.workers.metrics import REMINDERS
from iuran.workers.reminder_ends import EXPIRED_MAX, expire
from iuran.workers.reminder_outcomes import (
    FAILURES_MAX,
    end,
    give_back,
    hold_back,
    put_off,
    tell,
)
from iuran.workers.reminder_queue import claim, due_buckets, take
from iuran.workers.reminders import ClaimedReminder, ReminderState, Verdict
from iuran.workers.services import WorkerServices

BREAKS_MAX = 3
SLICE_SECONDS = 10
CLAIMED_A_LINE = 20
_ROUNDS_MAX = 1_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class _Slice:
    """What one run does in a bucket. Its time begins with its first connection."""

    bucket: int
    channel: Channel
    carrier: Carrier
    urgent_only: bool
    waiting: deque[ClaimedReminder] = field(default_factory=deque)
    claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    stop_at: float | None = None
    breaks: int = 0
    """Sessions that broke off in a row, no message having been answered between them."""
    broke: str | None = None
    """Why the last of them did."""
    is_down: bool = False

    @property
    def is_over(self) -> bool:
        late = self.stop_at is not None and time.monotonic() >= self.stop_at
        return self.is_down or late


async def send_reminders(services: WorkerServices, job: Job) -> None:
    """Send what is due in a bucket, for about SLICE_SECONDS; what is left makes the job due again.

    A message whose bill was paid meanwhile is cancelled, up to the moment at which it is sent. One
    over which the line breaks waits for its pause, and the others go on over a new line. Raises
    CarrierDownError when the carrier cannot be reached, or broke off BREAKS_MAX times in a row.
    """
    await _send_due(services, job, urgent_only=False)


async def send_notices(services: WorkerServices, job: Job) -> None:
    """Send what goes out at any hour, as `send_reminders` does: no reminder comes before it."""
    await _send_due(services, job, urgent_only=True)


async def _send_due(services: WorkerServices, job: Job, *, urgent_only: bool) -> None:
    channel = Channel(job.name.key.partition(":")[2])
    await _drop_late(services, job.bucket)
    if channel not in services.channels:
        return
    work = _Slice(
        bucket=job.bucket,
        channel=channel,
        carrier=services.carrier(channel),
        urgent_only=urgent_only,
    )
    if not await _is_due(services, work):
        return
    try:
        await _refill(services, work)
        lines = min(work.carrier.lines, len(work.waiting))
        ended = await asyncio.gather(
            *(_use_line(services, work) for _ in range(lines)), return_exceptions=True
        )
    finally:
        if work.waiting:
            await give_back(services, work.waiting)
    down = next((str(error) for error in ended if isinstance(error, CarrierDownError)), work.broke)
    if down is not None:
        await give_way(services, job.bucket, channel, because=down)
    _raise_what_matters(ended)


def _raise_what_matters(ended: Sequence[BaseException | None]) -> None:
    """Raise a crash of any line; that a carrier is down only if no line could be used."""
    for error in ended:
        if error is not None and not isinstance(error, CarrierDownError):
            raise error
    if ended and all(ended):
        raise ended[0] or CarrierDownError("no line could be used")


async def _use_line(services: WorkerServices, work: _Slice) -> None:
    """Send over one session after the other, for as long as a broken one is worth replacing."""
    while await _use_session(services, work):
        pass


async def _use_session(services: WorkerServices, work: _Slice) -> bool:
    """Send over one session; return whether it broke off and another is worth while."""
    async with work.carrier.session() as session:
        if work.stop_at is None:
            work.stop_at = time.monotonic() + SLICE_SECONDS
        while (reminder := await _next(services, work)) is not None:
            try:
                await _send(services, work, session, reminder)
            except (CarrierDownError, OutcomeUnknownError) as error:
                work.breaks, work.broke = work.breaks + 1, str(error)
                if work.breaks >= BREAKS_MAX:
                    work.is_down = True
                    raise CarrierDownError(str(error)) from error
                return not work.is_over
            except Exception:
                work.is_down = True  # the other lines end after the message in their hands
                raise
            work.breaks, work.broke = 0, None
    return False


async def _next(services: WorkerServices, work: _Slice) -> ClaimedReminder | None:
    """Return a message that is ours; None at the end of the slice."""
    while not work.is_over:
        if work.waiting:
            return work.waiting.popleft()
        if not await _refill(services, work):
            return None
    return None


async def _refill(services: WorkerServices, work: _Slice) -> bool:
    """Claim more unless another line just did; return whether something waits."""
    async with work.claiming:
        if not work.waiting:
            work.waiting.extend(await _claim_sendable(services, work))
        return bool(work.waiting)


async def _is_due(services: WorkerServices, work: _Slice) -> bool:
    async with services.pool.acquire() as connection:
        found = await due_buckets(
            connection,
            [work.bucket],
            at=services.clock.now(),
            real=services.real_clock.now(),
            channels=[work.channel],
            urgent_only=work.urgent_only,
        )
    return bool(found)


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


async def _claim_sendable(services: WorkerServices, work: _Slice) -> list[ClaimedReminder]:
    """Claim until something is there to be sent, or nothing is due any more."""
    for _ in range(_ROUNDS_MAX):
        async with services.pool.acquire() as connection, connection.transaction():
            claimed = await claim(
                connection,
                work.bucket,
                work.channel,
                at=services.clock.now(),
                real=services.real_clock.now(),
                limit=CLAIMED_A_LINE * work.carrier.lines,
                urgent_only=work.urgent_only,
            )
        sendable = [one for one in claimed if not await _is_settled(services, work, one)]
        if sendable or not claimed:
            return sendable
    return []


async def _is_settled(services: WorkerServices, work: _Slice, reminder: ClaimedReminder) -> bool:
    """Close what cannot be sent at all, and what may have left with a worker that died."""
    if (reason := reminder.needless_because) is not None:
        await end(services, reminder, ReminderState.CANCELLED, reason=reason)
        return True
    if reminder.was_handed and not _may_repeat(work, reminder):
        await end(services, reminder, ReminderState.UNKNOWN, reason="its worker died")
        return True
    return False


def _may_repeat(work: _Slice, reminder: ClaimedReminder) -> bool:
    """Whether a message that may have arrived is sent again, under its key: see ADR 0020."""
    return reminder.is_legal or work.carrier.knows_keys


async def _send(
    services: WorkerServices, work: _Slice, session: CarrierSession, reminder: ClaimedReminder
) -> None:
    """Take a message, hand it over and note what came of it."""
    letter = await _written(services, reminder)
    if letter is None or not await _taken(services, reminder):
        return
    try:
        await session.send(letter)
    except MessagePostponedError as error:
        await put_off(services, reminder, error)
    except MessageRefusedError as error:
        await end(services, reminder, ReminderState.FAILED, reason=str(error))
    except OutcomeUnknownError as error:
        await _resolve(services, work, reminder, error)
        raise
    except CarrierDownError:
        await hold_back(services, reminder)
        raise
    else:
        await end(services, reminder, ReminderState.SENT)


async def _written(services: WorkerServices, reminder: ClaimedReminder) -> Letter | None:
    """Write the text before the message is taken, so that a broken text never looks handed over."""
    try:
        return letter_of(reminder, dated=services.clock.now())
    except LetterIncompleteError as error:
        await end(services, reminder, ReminderState.FAILED, reason=str(error))
    except Exception:
        await hold_back(services, reminder)
        raise
    return None


async def _taken(services: WorkerServices, reminder: ClaimedReminder) -> bool:
    """Take a message at the moment of sending; False if it must not leave, or not by us."""
    at, real = services.clock.now(), services.real_clock.now()
    if not reminder.is_urgent and is_quiet(at, time_zone=reminder.time_zone):
        await give_back(services, [reminder])
        return False
    key = None if reminder.name.channel is Channel.EMAIL else message_key(reminder.name)
    async with services.pool.acquire() as connection:
        verdict = await take(connection, reminder, at=at, real=real, message_key=key)
    if verdict is Verdict.SEND:
        return True
    if verdict is None:
        tell("reminder_lease_lost", reminder)
    elif verdict is Verdict.LATE:
        await end(services, reminder, ReminderState.EXPIRED)
    else:
        await end(services, reminder, ReminderState.CANCELLED, reason=verdict)
    return False


async def _resolve(
    services: WorkerServices, work: _Slice, reminder: ClaimedReminder, error: OutcomeUnknownError
) -> None:
    """Send again under the same key what may be sent twice; let the rest be."""
    if not _may_repeat(work, reminder):
        await end(services, reminder, ReminderState.UNKNOWN, reason=str(error))
    elif reminder.failures + 1 >= FAILURES_MAX:
        await end(services, reminder, ReminderState.FAILED, reason=str(error))
    else:
        await hold_back(services, reminder, may_have_left=True)
