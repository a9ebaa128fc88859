"""A biller behind SNAP BI and a bank that is registered with it, without a network between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.identifiers import customer_number_of
from iuran.payments.channels import NewChannel, register_channel
from iuran.payments.credentials import ChannelCredentials
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.simulation.bank import (
    KeyPair,
    SimulatedBank,
    generate_key_pair,
    parse_private_key,
)
from iuran.payments.snap.app import SnapServices, snap_routes
from tests.builders import a_family, an_active_family

PATIENCE_SECONDS = 60
"""So much that no slow machine has a message refused, or a flight broken up, by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Biller:
    """We ourselves, as a bank reaches us."""

    services: SnapServices
    cipher: Cipher
    keys: KeyPair
    http: httpx.AsyncClient

    async def opens(self, channel: NewChannel) -> ChannelCredentials:
        async with self.services.pool.acquire() as connection, connection.transaction():
            return await register_channel(
                connection, self.cipher, channel, at=self.services.real_clock.now()
            )

    def bank(self, credentials: ChannelCredentials) -> SimulatedBank:
        assert credentials.client_secret is not None
        return SimulatedBank(
            http=self.http,
            private_key=parse_private_key(self.keys.private_key_pem),
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """A family that owes one month of class III for one member."""

    customer_number: str
    name: str = "BUNGA CONTOH"
    owes: int = 35_000


@pytest.fixture(scope="session")
def samples() -> Path:
    """Bodies that ASPI, BCA and Midtrans published."""
    return Path(__file__).parent / "samples"


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    return generate_key_pair()


@pytest.fixture
def cipher() -> Cipher:
    return Cipher.of([generate_installation_key()])


@pytest.fixture
async def biller(
    pool: Pool, clock: StandingClock, cipher: Cipher, keys: KeyPair
) -> AsyncIterator[Biller]:
    unhurried = LaneLimits(patience_seconds=PATIENCE_SECONDS)
    services = replace(
        SnapServices.of(pool=pool, clock=clock, cipher=cipher, lane_limits=unhurried),
        answer_timeout_seconds=PATIENCE_SECONDS,
    )
    app = Starlette(routes=snap_routes(services))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http:
        yield Biller(services=services, cipher=cipher, keys=keys, http=http)


@pytest.fixture
async def credentials(biller: Biller) -> ChannelCredentials:
    return await biller.opens(
        NewChannel(code="BCA", name="Bank Contoh Asri", public_key_pem=biller.keys.public_key_pem)
    )


@pytest.fixture
async def bank(biller: Biller, credentials: ChannelCredentials) -> SimulatedBank:
    return biller.bank(credentials)


@pytest.fixture
async def debtor(biller: Biller, credentials: ChannelCredentials, clock: StandingClock) -> Debtor:
    """Its first payment was in December 2025, so in January 2026 it owes one month."""
    family, _ = await an_active_family(
        biller.services.pool,
        credentials.channel_id,
        a_family(),
        first_payment_at=clock.now().replace(year=2025, month=12, day=20),
    )
    return Debtor(customer_number=customer_number_of(family.participants[0].card_number))
