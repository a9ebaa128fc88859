"""A bank's own API on loopback, where our worker looks for what the bank has not told."""

import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from iuran.deploy.theatre import Theatre
from iuran.payments.credentials import parse_public_key
from iuran.payments.lost.connections import NewConnection, connect, stop_search
from iuran.payments.simulation.bank import SimulatedBank, generate_key_pair
from iuran.payments.simulation.bank_server import BankBooks, BankServer
from iuran.payments.simulation.stage import Cue, known
from iuran.payments.snap_client.peculiarities import Peculiarities

CLIENT_ID = "IURAN"
AT_ONCE = Peculiarities(status_after_minutes=0, search_every_seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnApi:
    """The API of a bank that we play, and the key with which we call it."""

    code: str
    server: BankServer
    private_key_pem: str = field(repr=False)

    def lose(self, bank: SimulatedBank, cue: Cue) -> None:
        """Let the bank take money and tell nobody."""
        self.server.books.take(
            cue.customer_number,
            known(cue),
            reference=cue.payment_id or bank.new_id(),
            paid_at=bank.clock.now() - timedelta(minutes=cue.step.paid_minutes_ago),
            prefix=bank.va_prefix,
        )


def an_own_api(theatre: Theatre, code: str) -> OwnApi:
    """Make the API of a bank, with credentials of its own."""
    pair = generate_key_pair()
    server = BankServer(
        books=BankBooks(),
        client_id=CLIENT_ID,
        client_secret=secrets.token_hex(16),
        public_key=parse_public_key(pair.public_key_pem),
        mount=f"/{code}",
        clock=theatre.clock,
    )
    return OwnApi(code=code, server=server, private_key_pem=pair.private_key_pem)


@asynccontextmanager
async def searched(
    theatre: Theatre, apis: Mapping[str, OwnApi], base_url: str
) -> AsyncGenerator[None]:
    """Have the worker search these banks every second until the block ends."""
    for api in apis.values():
        async with theatre.pool.acquire() as connection, connection.transaction():
            new = NewConnection(
                code=api.code,
                base_url=base_url + api.server.mount,
                client_id=CLIENT_ID,
                client_secret=api.server.client_secret,
                private_key_pem=api.private_key_pem,
                peculiarities=AT_ONCE,
            )
            await connect(connection, theatre.cipher, new, at=datetime.now(UTC))
    try:
        yield
    finally:
        for api in apis.values():
            async with theatre.pool.acquire() as connection:
                await stop_search(connection, api.code)
