"""The edge on an application of its own, and questions put to it as a frontend would."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.families import NewFamily, RegisteredFamily
from iuran.graphql.demo_issuer import AUDIENCE, DEMO_FACILITY, ISSUER, DemoIssuer
from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.global_ids import id_of
from iuran.graphql.http import graphql_routes
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.services import GraphqlServices, IntrospectionPolicy
from iuran.graphql.signing_keys import SigningKeys
from iuran.payments.receipts.links import ReceiptLinks
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes

CIPHER = Cipher.of([generate_installation_key()])
Answer = dict[str, Any]  # JSON as the edge wrote it


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """A frontend with a token for each role."""

    client: httpx.AsyncClient
    issuer: DemoIssuer
    facility: str = DEMO_FACILITY
    employer_id: int | None = None

    def headers(
        self,
        role: Role,
        family_id: int | None = None,
        **claims: Any,  # noqa: ANN401 - of each claim's own type
    ) -> dict[str, str]:
        known: dict[str, Any] = {"facility": self.facility, "employer_id": self.employer_id}
        token = self.issuer.issue(role, family_id=family_id, **(known | claims))
        return {"authorization": f"Bearer {token}"}

    async def post(
        self,
        query: str,
        *,
        role: Role = Role.BRANCH_OFFICER,
        family_id: int | None = None,
        accept: str = "application/graphql-response+json",
        **variables: object,
    ) -> httpx.Response:
        return await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={**self.headers(role, family_id), "accept": accept},
        )

    async def answer(
        self,
        query: str,
        *,
        role: Role = Role.BRANCH_OFFICER,
        family_id: int | None = None,
        **variables: Any,  # noqa: ANN401 - values of the query's own types
    ) -> Answer:
        """The answer without what it cost, which differs each time."""
        response = await self.post(query, role=role, family_id=family_id, **variables)
        body: Answer = response.json()
        body.pop("extensions", None)
        return body

    async def data(
        self,
        query: str,
        *,
        role: Role = Role.BRANCH_OFFICER,
        family_id: int | None = None,
        **variables: Any,  # noqa: ANN401 - values of the query's own types
    ) -> Answer:
        body = await self.answer(query, role=role, family_id=family_id, **variables)
        assert "errors" not in body, body
        data: Answer = body["data"]
        return data


FrontendOf = Callable[..., Frontend]


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DemoIssuer:
    return DemoIssuer(tmp_path_factory.mktemp("issuer") / "key.pem")


@pytest.fixture
async def frontend_of(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer
) -> AsyncIterator[FrontendOf]:
    clients: list[httpx.AsyncClient] = []

    def make(
        limits: Limits | None = None,
        introspection: IntrospectionPolicy = IntrospectionPolicy.DEVELOPERS,
        documents_mode: DocumentsMode = DocumentsMode.HYBRID,
        *,
        draft_statuses: bool = False,
    ) -> Frontend:
        services = GraphqlServices(
            pool=pool,
            clock=clock,
            keys=SigningKeys.fixed(issuer.jwks),
            issuer=ISSUER,
            audience=AUDIENCE,
            cipher=CIPHER,
            receipts=ReceiptLinks.of(CIPHER, base_url="https://iuran.example"),
            limits=limits or Limits(),
            introspection=introspection,
            documents_mode=documents_mode,
            draft_statuses=draft_statuses,
            graphiql=True,
        )
        transport = httpx.ASGITransport(Starlette(routes=graphql_routes(services)))
        client = httpx.AsyncClient(transport=transport, base_url="http://iuran.test")
        clients.append(client)
        return Frontend(client=client, issuer=issuer)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def frontend(frontend_of: FrontendOf) -> Frontend:
    return frontend_of()


CONTACT = """
    UPDATE participant SET phone = '081200001234', email = 'bunga@contoh.example'
    WHERE family_id = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insured:
    new: NewFamily
    registered: RegisteredFamily
    account: VirtualAccount

    @property
    def family_id(self) -> int:
        return self.registered.family_id

    @property
    def card(self) -> str:
        return self.registered.participants[0].card_number

    @property
    def keys(self) -> dict[str, Any]:  # spread into the variables of a query
        participant = self.registered.participants[0].participant_id
        membership = self.registered.membership_id
        return {
            "family": id_of("Family", self.family_id),
            "participant": id_of("Participant", self.family_id, participant),
            "account": id_of("VirtualAccount", self.family_id, participant),
            "membership": id_of("Membership", self.family_id, membership),
            "bill": id_of("Bill", self.family_id, membership, 2025 * 12 + 11),
            "kk": self.new.kk_number,
            "card": self.card,
            "nik": self.new.participants[0].nik,
            "va": self.account.number,
        }


@pytest.fixture
async def insured(pool: Pool) -> Insured:
    family = a_family(members=2)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    registered, accounts = await an_active_family(
        pool, channel, family, first_payment_at=datetime(2025, 12, 20, 9, tzinfo=WIB)
    )
    async with pool.acquire() as connection:
        await connection.execute(CONTACT, registered.family_id)
    return Insured(new=family, registered=registered, account=accounts[0])


@pytest.fixture
async def fourteen_bills(pool: Pool, clock: StandingClock) -> str:
    """A family with a bill for each month from 2024-12 to 2026-01."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=datetime(2024, 12, 20, 9, tzinfo=WIB)
    )
    await pays_what_it_owes(pool, channel, account, at=clock.now())
    return id_of("Family", family.family_id)


def code_of(answer: Mapping[str, Any]) -> str:
    """The code of the only error."""
    (error,) = answer["errors"]
    assert set(error["extensions"]) == {"code", "requestId"}
    code: str = error["extensions"]["code"]
    return code


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "demo.pem"
