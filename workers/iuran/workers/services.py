"""What a worker is made of, put together once at start-up and handed down."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.core.reminders.events import Channel
from iuran.payments.lost.sources import Sources
from iuran.payments.secrets import Cipher
from iuran.workers.jobs import JOB_LEASE
from iuran.workers.messaging.letter import Carrier
from iuran.workers.webhooks.calls import WayOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days finished jobs, messages of banks and messages to families are kept."""

    job_days: int = 90
    message_days: int = 3_653
    reminder_days: int = 1_827


@dataclass(frozen=True, slots=True, kw_only=True)
class Banks:
    """The way out to banks' own APIs, and what their secrets are read with."""

    cipher: Cipher
    sources: Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerServices:
    """The worker's context. `clock` tells legal time: what is due, what is quiet, what expired.

    `real_clock` tells the time of leases and pauses between attempts, which no test clock moves.
    A running job renews its lease every `beat_seconds`. `carriers` are those of the channels that
    an installation has beside e-mail.
    """

    pool: Pool
    clock: Clock
    redis_url: str
    mailer: Carrier
    carriers: Mapping[Channel, Carrier] = field(default_factory=dict[Channel, Carrier])
    banks: Banks | None = None
    webhooks: WayOut | None = None
    real_clock: Clock = field(default_factory=SystemClock)
    retention: Retention = field(default_factory=Retention)
    jobs_at_once: int = 6
    poll_seconds: float = 1.0
    stop_seconds: float = 15.0
    beat_seconds: float = JOB_LEASE.total_seconds() / 3

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that this installation has."""
        return (Channel.EMAIL, *sorted(self.carriers))

    def carrier(self, channel: Channel) -> Carrier:
        """Who delivers over a channel."""
        return self.mailer if channel is Channel.EMAIL else self.carriers[channel]
