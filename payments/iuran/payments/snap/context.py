"""What the SNAP endpoints are handed at start-up."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.lanes import Lanes
from iuran.payments.secrets import Cipher
from iuran.payments.snap.directory import ChannelDirectory
from iuran.payments.snap.quotas import Quotas
from iuran.payments.snap.tokens import token_keys
from iuran.payments.snap.transactions import Transactions
from iuran.payments.snap.unanswered import Unanswered
from iuran.payments.snap.vault import Vault

CLOSE_TIMEOUT_SECONDS = 4.0
ANSWER_TIMEOUT_SECONDS = 8.0  # BRI gives up after 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapServices:
    """The pool, the channels, and two clocks: legal time for bills, real time for signatures."""

    pool: Pool
    clock: Clock
    directory: ChannelDirectory
    transactions: Transactions
    lanes: Lanes
    token_keys: tuple[bytes, ...] = field(repr=False)
    real_clock: Clock = field(default_factory=SystemClock)
    answer_timeout_seconds: float = ANSWER_TIMEOUT_SECONDS
    vault: Vault
    quotas: Quotas = field(default_factory=Quotas)
    unanswered: Unanswered = field(default_factory=Unanswered)

    async def close(self) -> None:
        """Settle what waits to be settled, store what waits to be stored, and leave Redis."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await self.lanes.drained()
                await self.vault.flushed()
        await self.quotas.close()

    @classmethod
    def of(
        cls,
        *,
        pool: Pool,
        clock: Clock,
        cipher: Cipher,
        redis_url: str | None = None,
        lane_limits: LaneLimits | None = None,
    ) -> Self:
        """Make the usual ones of a pool, the legal clock and the installation's cipher.

        Without Redis every process counts quotas for itself.
        """
        transactions = Transactions(pool=pool, strays_max=max(pool.get_max_size() // 2, 1))
        return cls(
            pool=pool,
            clock=clock,
            directory=ChannelDirectory(pool=pool, cipher=cipher),
            transactions=transactions,
            lanes=Lanes(transactions=transactions, limits=lane_limits or LaneLimits()),
            token_keys=token_keys(cipher),
            vault=Vault(pool=pool, cipher=cipher),
            quotas=Quotas.of(redis_url),
        )
