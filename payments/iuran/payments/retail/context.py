"""What the endpoints for aggregators are handed at start-up."""

from dataclasses import dataclass, field
from typing import Self

import httpx

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.payments.secrets import Cipher
from iuran.payments.snap.transactions import Transactions

ANSWER_TIMEOUT_SECONDS = 10.0  # Midtrans waits 15, Xendit 30
CALL_TIMEOUT_SECONDS = 5.0
CALLS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailServices:
    """The pool, the cipher of the secrets, two clocks, and the way out to the aggregators."""

    pool: Pool
    clock: Clock
    cipher: Cipher = field(repr=False)
    transactions: Transactions
    http: httpx.AsyncClient
    real_clock: Clock = field(default_factory=SystemClock)
    answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS

    @classmethod
    def of(
        cls, *, pool: Pool, clock: Clock, cipher: Cipher, http: httpx.AsyncClient | None = None
    ) -> Self:
        """Make the usual ones; the caller closes `http` afterwards."""
        return cls(
            pool=pool,
            clock=clock,
            cipher=cipher,
            transactions=Transactions(pool=pool, strays_max=max(pool.get_max_size() // 2, 1)),
            http=http or outgoing_client(),
        )


def outgoing_client() -> httpx.AsyncClient:
    """Return a client with limits; it follows no redirect, as secrets go along."""
    return httpx.AsyncClient(
        timeout=CALL_TIMEOUT_SECONDS,
        limits=httpx.Limits(max_connections=CALLS_MAX, max_keepalive_connections=CALLS_MAX),
        follow_redirects=False,
    )
