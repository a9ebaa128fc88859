"""What the SNAP endpoints are handed at start-up."""

from dataclasses import dataclass, field
from typing import Self

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.payments.secrets import Cipher
from iuran.payments.snap.directory import ChannelDirectory
from iuran.payments.snap.tokens import token_keys
from iuran.payments.snap.transactions import Transactions
from iuran.payments.snap.unanswered import Unanswered

ANSWER_TIMEOUT_SECONDS = 8.0  # BRI gives up after 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapServices:
    """The pool, the channels, and two clocks: legal time for bills, real time for signatures."""

    pool: Pool
    clock: Clock
    directory: ChannelDirectory
    transactions: Transactions
    token_keys: tuple[bytes, ...] = field(repr=False)
    real_clock: Clock = field(default_factory=SystemClock)
    answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS
    unanswered: Unanswered = field(default_factory=Unanswered)

    @classmethod
    def of(cls, *, pool: Pool, clock: Clock, cipher: Cipher) -> Self:
        """Make the usual ones of a pool, the legal clock and the installation's cipher."""
        return cls(
            pool=pool,
            clock=clock,
            directory=ChannelDirectory(pool=pool, cipher=cipher),
            transactions=Transactions(pool=pool, strays_max=max(pool.get_max_size() // 2, 1)),
            token_keys=token_keys(cipher),
        )
