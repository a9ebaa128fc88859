"""A bank's own side, and our search of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.payments.credentials import parse_public_key
from iuran.payments.ledger import balances, disagreements
from iuran.payments.lost.booking import SearchResult
from iuran.payments.lost.connections import (
    BankConnection,
    NewConnection,
    connect,
    find_connection,
)
from iuran.payments.lost.search import search
from iuran.payments.lost.sources import Sources
from iuran.payments.simulation.bank import SimulatedBank, generate_key_pair
from iuran.payments.simulation.bank_server import BankBooks, BankServer
from iuran.payments.snap_client.peculiarities import Peculiarities
from tests.payments.snap.conftest import (
    Biller,
    bank,
    biller,
    cipher,
    credentials,
    debtor,
    keys,
)

__all__ = ["bank", "biller", "cipher", "credentials", "debtor", "keys"]

OURS = generate_key_pair()
SECRET = "a-shared-secret"
REAL = datetime(2030, 1, 1, tzinfo=UTC)
FIRST_PAYMENT = 35_000


@dataclass(kw_only=True)
class Books:
    """The bank's own side, and our search of it."""

    pool: Pool
    clock: StandingClock
    server: BankServer
    sources: Sources
    connected: BankConnection

    async def search(self) -> SearchResult:
        source = self.sources.source_of(self.connected)
        return await search(self.pool, self.connected, source, at=self.clock.now(), real=REAL)

    async def collected(self) -> int:
        async with self.pool.acquire() as connection:
            assert await disagreements(connection) == ()
            found = {one.account: one.amount for one in await balances(connection)}
        return found["CHANNEL_CLEARING"] - FIRST_PAYMENT

    def later(self, **by: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**by))


@pytest.fixture
async def books(biller: Biller, bank: SimulatedBank, clock: StandingClock) -> AsyncIterator[Books]:
    bank.clock = clock
    server = BankServer(
        books=BankBooks(),
        client_id="IURAN",
        client_secret=SECRET,
        public_key=parse_public_key(OURS.public_key_pem),
        clock=clock,
    )
    pool = biller.services.pool
    new = NewConnection(
        code="BCA",
        base_url="https://bank.test",
        client_id="IURAN",
        client_secret=SECRET,
        private_key_pem=OURS.private_key_pem,
        peculiarities=Peculiarities(status_after_minutes=3),
    )
    async with pool.acquire() as connection, connection.transaction():
        await connect(connection, biller.cipher, new, at=REAL)
        connected = await find_connection(connection, biller.cipher, "BCA")
    assert connected is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as http:
        yield Books(
            pool=pool,
            clock=clock,
            server=server,
            sources=Sources(http=http, clock=clock),
            connected=connected,
        )
