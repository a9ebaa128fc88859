"""The kinds of jobs: what each does, which lane it takes, and how often it is tried."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from iuran.workers.autodebit import prepare_collection, warn_failed
from iuran.workers.deadlines import close_days
from iuran.workers.delivery import send_notices, send_reminders
from iuran.workers.fallback import fall_back_reminders
from iuran.workers.jobs import Job, Lane
from iuran.workers.lost import find_lost_payments
from iuran.workers.month_roll import roll_month
from iuran.workers.outbox import dispatch_outbox
from iuran.workers.retention import purge_records, purge_reminders
from iuran.workers.scheduling import schedule_reminders
from iuran.workers.services import WorkerServices
from iuran.workers.webhooks.sending import send_webhooks

MONTH_ROLL = "month-roll"
CLOSE_DAYS = "close-days"
DISPATCH_OUTBOX = "dispatch-outbox"
SCHEDULE_REMINDERS = "schedule-reminders"
SEND_NOTICES = "send-notices"
SEND_REMINDERS = "send-reminders"
FALL_BACK_REMINDERS = "fall-back-reminders"
PREPARE_AUTODEBIT = "prepare-autodebit"
WARN_AUTODEBIT = "warn-autodebit"
FIND_LOST_PAYMENTS = "find-lost-payments"
SEND_WEBHOOKS = "send-webhooks"
PURGE_RECORDS = "purge-records"
PURGE_REMINDERS = "purge-reminders"
_SHORT, _HOUR = timedelta(seconds=30), 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """What a job of this kind does. It must be safe to run twice, even at once.

    `attempts_max` is None for standing work, which comes back for as long as there is a need (the
    outbox, the mail): it is never given up, but tried at most every `longest_pause`. Pauses double
    from `first_pause` on, less up to half of it at random.
    """

    run: Callable[[WorkerServices, Job], Awaitable[None]]
    seconds_max: float
    lane: Lane = Lane.ORDINARY
    attempts_max: int | None = 10
    first_pause: timedelta = timedelta(seconds=2)
    longest_pause: timedelta = timedelta(minutes=10)


KINDS: Mapping[str, JobKind] = {
    DISPATCH_OUTBOX: JobKind(
        run=dispatch_outbox,
        lane=Lane.URGENT,
        attempts_max=None,
        seconds_max=600,
        longest_pause=_SHORT,
    ),
    SEND_NOTICES: JobKind(
        run=send_notices,
        lane=Lane.URGENT,
        attempts_max=None,
        seconds_max=300,
        longest_pause=_SHORT,
    ),
    MONTH_ROLL: JobKind(run=roll_month, seconds_max=6 * _HOUR),
    CLOSE_DAYS: JobKind(run=close_days, seconds_max=_HOUR),
    PREPARE_AUTODEBIT: JobKind(run=prepare_collection, seconds_max=2 * _HOUR),
    WARN_AUTODEBIT: JobKind(run=warn_failed, seconds_max=600),
    FIND_LOST_PAYMENTS: JobKind(
        run=find_lost_payments,
        attempts_max=None,
        seconds_max=600,
        longest_pause=timedelta(minutes=1),
    ),
    SCHEDULE_REMINDERS: JobKind(run=schedule_reminders, seconds_max=2 * _HOUR),
    SEND_REMINDERS: JobKind(
        run=send_reminders,
        lane=Lane.BULK,
        attempts_max=None,
        seconds_max=300,
        longest_pause=timedelta(minutes=1),
    ),
    FALL_BACK_REMINDERS: JobKind(
        run=fall_back_reminders,
        lane=Lane.BULK,
        attempts_max=None,
        seconds_max=300,
        longest_pause=timedelta(minutes=1),
    ),
    SEND_WEBHOOKS: JobKind(
        run=send_webhooks,
        attempts_max=None,
        seconds_max=300,
        longest_pause=timedelta(minutes=1),
    ),
    PURGE_RECORDS: JobKind(
        run=purge_records,
        lane=Lane.BULK,
        seconds_max=2 * _HOUR,
        first_pause=timedelta(minutes=1),
        longest_pause=timedelta(hours=1),
    ),
    PURGE_REMINDERS: JobKind(
        run=purge_reminders,
        lane=Lane.BULK,
        seconds_max=6 * _HOUR,
        first_pause=timedelta(minutes=1),
        longest_pause=timedelta(hours=1),
    ),
}


def lane_of(kind: str) -> Lane:
    """Return the lane of a kind; one that this version does not know is ordinary."""
    known = KINDS.get(kind)
    return Lane.ORDINARY if known is None else known.lane
