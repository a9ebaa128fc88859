"""A biller behind the aggregators' dialects, and the aggregators, without a network between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily
from iuran.payments.credit import credit_of
from iuran.payments.ledger import balances, disagreements
from iuran.payments.retail.app import RetailServices, retail_routes
from iuran.payments.retail.channels import Dialect, NewRetailChannel, register_retail_channel
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.simulation.doku import SimulatedDoku
from iuran.payments.simulation.midtrans import SimulatedMidtrans
from iuran.payments.simulation.xendit import SimulatedXendit
from iuran.payments.suspense import SuspenseItem, suspense_items
from iuran.payments.virtual_accounts import payable_at
from tests.builders import a_channel, a_family, an_active_family

TOKEN = "invented-callback-token"
SECRET = "invented-api-secret"
OWES = 35_000
IN_JANUARY = datetime(2026, 1, 31, 9, 0, tzinfo=WIB)


@dataclass(slots=True)
class ByHost(httpx.AsyncBaseTransport):
    """Leads each call of ours to the aggregator of that host; all others cannot be reached."""

    apps: dict[str, ASGIApp] = field(default_factory=dict[str, ASGIApp])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        app = self.apps.get(request.url.host)
        if app is None:
            raise httpx.ConnectError("nobody is there", request=request)
        return await httpx.ASGITransport(app).handle_async_request(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Biller:
    """We ourselves, as an aggregator reaches us, and what can be seen of us afterwards."""

    services: RetailServices
    outside: ByHost
    http: httpx.AsyncClient

    async def opens(self, channel: NewRetailChannel) -> int:
        async with self.services.pool.acquire() as connection, connection.transaction():
            return await register_retail_channel(
                connection, self.services.cipher, channel, at=datetime.now(UTC)
            )

    async def suspense(self) -> list[SuspenseItem]:
        async with self.services.pool.acquire() as connection:
            return list(await suspense_items(connection))

    async def payments(self) -> list[tuple[str, int]]:
        """Reference and amount of each payment over an aggregator (the first is the builder's)."""
        async with self.services.pool.acquire() as connection:
            rows = await connection.fetch(SELECT_PAYMENTS)
        return [(row["reference"], row["amount"]) for row in rows]

    async def messages(self) -> list[tuple[int, bytes, dict[str, str]]]:
        async with self.services.pool.acquire() as connection:
            rows = await connection.fetch(SELECT_MESSAGES)
        return [(row["service"], row["body"], row["headers"]) for row in rows]

    async def agrees(self) -> None:
        async with self.services.pool.acquire() as connection:
            assert await disagreements(connection) == ()
            assert sum(balance.amount for balance in await balances(connection)) == 0


SELECT_PAYMENTS = """
    SELECT p.reference, p.amount FROM payment AS p
    JOIN channel AS c ON c.channel_id = p.channel_id
    WHERE c.code <> 'FIRST' ORDER BY p.received_at, p.reference
"""

SELECT_MESSAGES = """
    SELECT m.service, m.body, m.headers FROM channel_message AS m
    JOIN channel AS c ON c.channel_id = m.channel_id
    WHERE c.code <> 'FIRST' ORDER BY m.service, m.external_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """A family that owes January 2026: one month of class III for one member."""

    pool: Pool
    family: RegisteredFamily
    customer_number: str

    async def owes(self) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            payable = await payable_at(connection, self.customer_number, at=IN_JANUARY)
        return payable.amount

    async def credit(self) -> int:
        async with self.pool.acquire() as connection:
            return await credit_of(connection, self.family.family_id, self.family.membership_id)


@pytest.fixture
async def biller(pool: Pool, clock: StandingClock) -> AsyncIterator[Biller]:
    outside = ByHost()
    services = RetailServices.of(
        pool=pool,
        clock=clock,
        cipher=Cipher.of([generate_installation_key()]),
        http=httpx.AsyncClient(transport=outside),
    )
    app = Starlette(routes=retail_routes(services))
    transport = httpx.ASGITransport(app)
    async with (
        services.http,
        httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http,
    ):
        yield Biller(services=services, outside=outside, http=http)
        await services.vault.flushed()


@pytest.fixture
async def debtor(pool: Pool, clock: StandingClock) -> Debtor:
    return await a_debtor(pool, clock)


async def a_debtor(pool: Pool, clock: StandingClock) -> Debtor:
    async with pool.acquire() as connection:
        channel_id = await connection.fetchval(
            "SELECT channel_id FROM channel WHERE code = 'FIRST'"
        ) or await a_channel(connection, "FIRST")
    family, (account,) = await an_active_family(
        pool,
        channel_id,
        a_family(),
        first_payment_at=clock.now().replace(year=2025, month=12, day=20),
    )
    return Debtor(pool=pool, family=family, customer_number=account.customer_number)


@pytest.fixture
async def xendit(biller: Biller, clock: StandingClock) -> SimulatedXendit:
    made = SimulatedXendit(
        http=biller.http, path="/retail/XENDIT/xendit", token=TOKEN, api_secret=SECRET, clock=clock
    )
    biller.outside.apps["xendit.test"] = made.app
    await biller.opens(
        a_retail_channel(Dialect.XENDIT, notification_secret=TOKEN, account=made.business_id)
    )
    return made


@pytest.fixture
async def midtrans(biller: Biller, clock: StandingClock) -> SimulatedMidtrans:
    made = SimulatedMidtrans(
        http=biller.http, path="/retail/MIDTRANS/midtrans", server_key=SECRET, clock=clock
    )
    biller.outside.apps["midtrans.test"] = made.app
    await biller.opens(a_retail_channel(Dialect.MIDTRANS))
    return made


@pytest.fixture
async def doku(biller: Biller, clock: StandingClock) -> SimulatedDoku:
    made = SimulatedDoku(http=biller.http, path="/retail/DOKU/doku", secret=SECRET, clock=clock)
    biller.outside.apps["doku.test"] = made.app
    await biller.opens(a_retail_channel(Dialect.DOKU, account=made.client_id))
    return made


def a_retail_channel(
    dialect: Dialect, *, notification_secret: str = "", account: str = "", code: str = ""
) -> NewRetailChannel:
    return NewRetailChannel(
        code=code or dialect.value,
        name=dialect.value.title(),
        dialect=dialect,
        base_url=f"https://{dialect.lower()}.test",
        api_secret=SECRET,
        notification_secret=notification_secret,
        account=account,
    )
