"""The whole product in one process: banks over signed HTTP, frontends, mail, one test clock."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest
from starlette.applications import Starlette

from iuran.core.clock import StandingClock, SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.app import build_app
from iuran.deploy.installation import installation_cipher
from iuran.deploy.settings import Settings
from iuran.deploy.tokens import demo_issuer
from iuran.graphql.identity import Role
from iuran.payments.channels import NewChannel, register_channel
from iuran.payments.simulation.bank import SimulatedBank, generate_key_pair, parse_private_key
from tests.workers.conftest import mailbox, real_clock, workers

__all__ = ["mailbox", "real_clock", "workers"]

KEYS = generate_key_pair()


@dataclass(frozen=True, kw_only=True)
class House:
    """The running application and what its users need."""

    pool: Pool
    clock: StandingClock
    settings: Settings
    http: httpx.AsyncClient

    async def bank(self, code: str, *, va_prefix: str = "88888") -> SimulatedBank:
        """A registered bank whose clock is the test clock's."""
        new = NewChannel(
            code=code, name=f"Bank {code}", public_key_pem=KEYS.public_key_pem, va_prefix=va_prefix
        )
        cipher = installation_cipher(self.settings)
        async with self.pool.acquire() as connection, connection.transaction():
            issued = await register_channel(connection, cipher, new, at=SystemClock().now())
        assert issued.client_secret is not None
        return SimulatedBank(
            http=self.http,
            private_key=parse_private_key(KEYS.private_key_pem),
            client_id=issued.client_id,
            client_secret=issued.client_secret,
            va_prefix=va_prefix,
            clock=self.clock,
        )

    async def ask(
        self, query: str, variables: Mapping[str, object], *, role: Role, family_id: int | None
    ) -> dict[str, object]:
        """Ask GraphQL as somebody; the answer has no errors."""
        token = demo_issuer(self.settings).issue(role, family_id=family_id)
        response = await self.http.post(
            "/graphql",
            content=json.dumps({"query": query, "variables": dict(variables)}),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        answer = cast("dict[str, dict[str, object]]", response.json())
        assert "errors" not in answer, answer
        return answer["data"]


@pytest.fixture
async def house(pool: Pool, clock: StandingClock, tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings(data=tmp_path)
    app: Starlette = build_app(settings, pool=pool, clock=clock)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://iuran.test") as client:
        yield House(pool=pool, clock=clock, settings=settings, http=client)
