"""The demonstration of `iuran up`: every screen and every role finds something to see."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.deploy.demo import load_banks, load_families
from iuran.deploy.demo_facilities import load_facilities
from iuran.deploy.offered_tokens import OfferedToken, offered_tokens
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role
from iuran.payments.ledger import balances, disagreements
from tests.graphql.conftest import CIPHER, Frontend
from tests.graphql.frontend_page import Json, Screen, screens
from tests.graphql.live import a_live_server, a_stream, dispatched

KEYS_HERE = """{ viewer { family {
    id membership { id } bills(first: 1) { nodes { id } } participants { id cardNumber }
} } }"""

TO_SEE: Mapping[Role, str] = {
    Role.PARTICIPANT: "{ viewer { family { id } } }",
    Role.FACILITY: """{
        claims(first: 9) { nodes { number state } }
        eligibilityLetters(first: 9) { nodes { number } }
        referrals(first: 9) { nodes { number } }
    }""",
    Role.EMPLOYER: """{ employers(first: 1) { nodes {
        name customerNumber
        bills(first: 9) { nodes { state amount } }
        payments(first: 9) { nodes { amount } }
        workers(first: 9) { nodes { workerName } }
    } } }""",
    Role.BRANCH_OFFICER: """{
        complaints(first: 9) { nodes { number } }
        claims(first: 9) { nodes { number } }
        approvalsWaiting(first: 9) { nodes { kind number } }
        refundsWaiting(first: 9) { nodes { amount } }
    }""",
    Role.FINANCE_OFFICER: """{
        approvalsWaiting(first: 9) { nodes { kind number } }
        refundsWaiting(first: 9) { nodes { amount } }
        suspenseItems(first: 9) { nodes { amount } }
        governmentBills(first: 9) { nodes { amount } }
        governmentPayments(first: 9) { nodes { amount } }
        channels(first: 9) { nodes { name } }
    }""",
    Role.OPERATOR: """{
        billingRuns(first: 9) { nodes { coverageMonth } }
        reminderRules { event }
    }""",
    Role.AUDITOR: """{
        claims(first: 9) { nodes { number } }
        governmentBills(first: 9) { nodes { amount } }
        billingRuns(first: 9) { nodes { coverageMonth } }
    }""",
    Role.DEVELOPER: "{ information { phone } facilities(first: 9) { nodes { name } } }",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


async def lived(pool: Pool, folder: Path, *, now: datetime) -> None:
    """The demonstration as `iuran up` loads it."""
    async with pool.acquire() as connection:
        await load_banks(connection, CIPHER, folder)
        await load_facilities(connection, at=now)
    await load_families(pool, CIPHER, folder, now=now)


def empty_lists(value: Json, path: str = "") -> Iterator[str]:
    """Where an answer has nothing to show: null at the root, a connection without nodes."""
    if value is None and path.count(".") < 2:
        yield path
    elif isinstance(value, dict):
        if value.get("nodes") == []:
            yield path
        for name, inner in value.items():
            yield from empty_lists(inner, f"{path}.{name}")
    elif isinstance(value, list):
        if not value and path.count(".") < 2:
            yield path
        for inner in value:
            yield from empty_lists(inner, path)


class Visitor:
    """Somebody who pastes operations with the tokens that GraphiQL offers."""

    def __init__(self, frontend: Frontend, offered: list[OfferedToken]) -> None:
        self._frontend = frontend
        self._offered = offered

    def token(self, role: Role) -> str:
        return next(one.token for one in self._offered if one.role == role.name)

    async def asks(self, query: str, variables: Mapping[str, Json], *, role: Role) -> Json:
        response = await self._frontend.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.token(role)}"},
        )
        answer: dict[str, Json] = response.json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def keys_here(self) -> dict[str, Any]:
        """What GraphiQL's menu puts in the place of the documentation's keys."""
        answer: Any = await self.asks(KEYS_HERE, {}, role=Role.PARTICIPANT)
        family = answer["viewer"]["family"]
        person = family["participants"][0]
        return {
            "family": family["id"],
            "membershipId": family["membership"]["id"],
            "bill": family["bills"]["nodes"][0]["id"],
            "participantId": person["id"],
            "card": person["cardNumber"],
        }


def named_here(value: Json, keys: Mapping[str, Json], name: str = "") -> Json:
    if isinstance(value, dict):
        return {inner: named_here(value[inner], keys, inner) for inner in value}
    return keys.get(name, value)


def variables_of(screen: Screen, keys: Mapping[str, Json]) -> dict[str, Json]:
    return {name: named_here(value, keys, name) for name, value in screen.variables.items()}


async def a_visitor(
    pool: Pool, clock: StandingClock, frontend: Frontend, issuer: DemoIssuer
) -> Visitor:
    async with pool.acquire() as connection:
        return Visitor(frontend, await offered_tokens(connection, clock, issuer))


async def test_every_screen_and_every_role_has_something_to_see(
    pool: Pool, clock: StandingClock, frontend: Frontend, issuer: DemoIssuer, folder: Path
) -> None:
    await lived(pool, folder, now=clock.now())
    await dispatched(pool, clock)
    visitor = await a_visitor(pool, clock, frontend, issuer)
    keys = await visitor.keys_here()
    asked = [screen for screen in screens() if not screen.is_told]
    (told,) = (screen for screen in screens() if screen.is_told)

    empty: list[str] = []
    for role, query in TO_SEE.items():
        data = await visitor.asks(query, {}, role=role)
        empty += (f"{role}{place}" for place in empty_lists(data))
    for screen in asked:
        data = await visitor.asks(screen.query, variables_of(screen, keys), role=screen.role)
        empty += (f"{screen.title}{place}" for place in empty_lists(data))
    token = visitor.token(told.role)
    async with (
        a_live_server(pool, clock, issuer) as server,
        a_stream(server, token, told.query, after=told.variables["after"]) as stream,
    ):
        event = await stream.data()

    assert TO_SEE.keys() == set(Role)
    assert empty == []
    assert int(event["paymentSettled"]["payment"]["amount"]) > 0


@pytest.mark.parametrize(
    "now",
    [
        datetime(2028, 2, 29, 23, 59, tzinfo=WIB),
        datetime(2026, 3, 1, 0, 1, tzinfo=WIB),
    ],
    ids=str,
)
async def test_it_is_the_same_on_any_day_and_loaded_once(
    pool: Pool, folder: Path, now: datetime
) -> None:
    await lived(pool, folder, now=now)
    async with pool.acquire() as connection:
        before = await balances(connection)
    (folder / "demo.json").unlink()
    await lived(pool, folder, now=now)

    async with pool.acquire() as connection:
        claims = await connection.fetch("SELECT DISTINCT state FROM claim")
        assert await balances(connection) == before
        assert await disagreements(connection) == ()
    assert {row["state"] for row in claims} >= {"DRAFT", "SUBMITTED", "VERIFYING", "PAID"}
