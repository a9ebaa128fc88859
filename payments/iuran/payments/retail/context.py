"""What the endpoints for aggregators are handed at start-up."""

from dataclasses import dataclass, field
from typing import Self

import httpx

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.payments.lanes import Lanes
from iuran.payments.retail.directory import RetailDirectory
from iuran.payments.secrets import Cipher
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.quotas import Quotas
from iuran.payments.snap.transactions import Transactions
from iuran.payments.snap.vault import Vault

ANSWER_TIMEOUT_SECONDS = 10.0  # Midtrans waits 15, Xendit 30
CALL_TIMEOUT_SECONDS = 5.0
CALLS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailServices:
    """The pool, the aggregators, the cipher of their secrets, two clocks, and the way out.

    Lanes, vault and quotas are those of the banks where both are served: what an account pays over
    any channel shares calls and commits.
    """

    pool: Pool
    clock: Clock
    cipher: Cipher = field(repr=False)
    directory: RetailDirectory
    transactions: Transactions
    lanes: Lanes
    vault: Vault
    quotas: Quotas = field(default_factory=Quotas)
    http: httpx.AsyncClient
    real_clock: Clock = field(default_factory=SystemClock)
    answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS

    @classmethod
    def of(
        cls, *, pool: Pool, clock: Clock, cipher: Cipher, http: httpx.AsyncClient | None = None
    ) -> Self:
        """Make the usual ones, for aggregators alone; the caller closes `http` afterwards."""
        transactions = Transactions(pool=pool, strays_max=max(pool.get_max_size() // 2, 1))
        return cls(
            pool=pool,
            clock=clock,
            cipher=cipher,
            directory=RetailDirectory(pool=pool, cipher=cipher),
            transactions=transactions,
            lanes=Lanes(transactions=transactions),
            vault=Vault(pool=pool, cipher=cipher),
            http=http or outgoing_client(),
        )

    @classmethod
    def beside(
        cls, snap: SnapServices, *, cipher: Cipher, http: httpx.AsyncClient | None = None
    ) -> Self:
        """Share what serves the banks; the caller closes `http`, and then `snap`."""
        return cls(
            pool=snap.pool,
            clock=snap.clock,
            cipher=cipher,
            directory=RetailDirectory(pool=snap.pool, cipher=cipher),
            transactions=snap.transactions,
            lanes=snap.lanes,
            vault=snap.vault,
            quotas=snap.quotas,
            http=http or outgoing_client(),
        )


def outgoing_client() -> httpx.AsyncClient:
    """Return a client with limits; it follows no redirect, as secrets go along."""
    return httpx.AsyncClient(
        timeout=CALL_TIMEOUT_SECONDS,
        limits=httpx.Limits(max_connections=CALLS_MAX, max_keepalive_connections=CALLS_MAX),
        follow_redirects=False,
    )
