"""The kinds of jobs: what each does, and how often it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from iuran.workers.autodebit import prepare_collection, warn_failed
from iuran.workers.deadlines import close_days
from iuran.workers.delivery import send_reminders
from iuran.workers.fallback import fall_back_reminders
from iuran.workers.jobs import Job
from iuran.workers.month_roll import roll_month
from iuran.workers.outbox import dispatch_outbox
from iuran.workers.scheduling import schedule_reminders
from iuran.workers.services import WorkerServices

MONTH_ROLL = "month-roll"
CLOSE_DAYS = "close-days"
DISPATCH_OUTBOX = "dispatch-outbox"
SCHEDULE_REMINDERS = "schedule-reminders"
SEND_REMINDERS = "send-reminders"
FALL_BACK_REMINDERS = "fall-back-reminders"
PREPARE_AUTODEBIT = "prepare-autodebit"
WARN_AUTODEBIT = "warn-autodebit"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """What a job of this kind does. It must be safe to run twice, even at once.

    `attempts_max` is None for standing work, which comes back for as long as there is a need (the
    outbox, the mail): it is never given up, but tried at most every `longest_pause`.
    """

    run: Callable[[WorkerServices, Job], Awaitable[None]]
    attempts_max: int | None
    seconds_max: float
    longest_pause: timedelta


KINDS: Mapping[str, JobKind] = {
    MONTH_ROLL: JobKind(
        run=roll_month,
        attempts_max=10,
        seconds_max=6 * 3600,
        longest_pause=timedelta(minutes=10),
    ),
    CLOSE_DAYS: JobKind(
        run=close_days,
        attempts_max=10,
        seconds_max=3600,
        longest_pause=timedelta(minutes=10),
    ),
    SCHEDULE_REMINDERS: JobKind(
        run=schedule_reminders,
        attempts_max=10,
        seconds_max=2 * 3600,
        longest_pause=timedelta(minutes=10),
    ),
    PREPARE_AUTODEBIT: JobKind(
        run=prepare_collection,
        attempts_max=10,
        seconds_max=2 * 3600,
        longest_pause=timedelta(minutes=10),
    ),
    WARN_AUTODEBIT: JobKind(
        run=warn_failed,
        attempts_max=10,
        seconds_max=600,
        longest_pause=timedelta(minutes=10),
    ),
    DISPATCH_OUTBOX: JobKind(
        run=dispatch_outbox,
        attempts_max=None,
        seconds_max=600,
        longest_pause=timedelta(seconds=30),
    ),
    SEND_REMINDERS: JobKind(
        run=send_reminders,
        attempts_max=None,
        seconds_max=300,
        longest_pause=timedelta(minutes=1),
    ),
    FALL_BACK_REMINDERS: JobKind(
        run=fall_back_reminders,
        attempts_max=None,
        seconds_max=300,
        longest_pause=timedelta(minutes=1),
    ),
}
