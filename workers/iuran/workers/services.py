"""What a worker is made of, put together once at start-up and handed down."""

from dataclasses import dataclass, field

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.workers.jobs import JOB_LEASE
from iuran.workers.mail import Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerServices:
    """The worker's context. `clock` tells legal time: what is due, what is quiet, what expired.

    `real_clock` tells the time of leases and pauses between attempts, which no test clock moves.
    A running job renews its lease every `beat_seconds`.
    """

    pool: Pool
    clock: Clock
    redis_url: str
    mailer: Mailer
    real_clock: Clock = field(default_factory=SystemClock)
    jobs_at_once: int = 4
    poll_seconds: float = 1.0
    stop_seconds: float = 15.0
    beat_seconds: float = JOB_LEASE.total_seconds() / 3
