"""docs/frontend.md: every operation is asked, and answered in the shape that the page shows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import DEMO_FACILITY, DemoIssuer
from iuran.graphql.identity import Role
from tests.builders import a_channel, a_family, an_active_family
from tests.care_builders import HOSPITAL, a_facility, facilities
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.frontend_page import PAGE, SCREENS_FILE, Json, Screen, for_graphiql, screens
from tests.graphql.happy.care import a_complaint
from tests.graphql.live import a_live_server, a_stream, dispatched
from tests.graphql.wishes import wished
from tests.moments import wib

SCREENS = screens()
SCREENS_MIN = 20
ASKED = [screen for screen in SCREENS if not screen.is_told]
TOLD = [screen for screen in SCREENS if screen.is_told]


def shape_of(value: Json) -> object:
    """The names and kinds of a JSON value; a list is the shapes that stand in it."""
    if isinstance(value, dict):
        return {name: shape_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return ["list", *sorted({repr(shape_of(inner)) for inner in value})]
    return type(value).__name__


def named_here(value: Json, keys: Mapping[str, Json], name: str = "") -> Json:
    """The variables of the page with the keys of a family that lives in this database."""
    if isinstance(value, dict):
        return {inner: named_here(value[inner], keys, inner) for inner in value}
    return keys.get(name.removesuffix("Id"), value)


async def as_it_is(_pool: Pool, _frontend: Frontend, insured: Insured) -> Insured:
    return insured


async def at_a_hospital(pool: Pool, _frontend: Frontend, insured: Insured) -> Insured:
    async with pool.acquire() as connection:
        await a_facility(connection, DEMO_FACILITY)
    return insured


async def among_facilities(pool: Pool, _frontend: Frontend, insured: Insured) -> Insured:
    async with pool.acquire() as connection:
        await facilities(connection)
    return insured


async def with_a_claim(pool: Pool, frontend: Frontend, insured: Insured) -> Insured:
    await among_facilities(pool, frontend, insured)
    care = {"careType": "RJTL", "servedOn": "2026-01-03", "amount": "450000", "isEmergency": True}
    where = {"participantId": insured.keys["participant"], "facilityCode": HOSPITAL}
    await did(frontend, insured, "openReimbursement", {**care, **where})
    return insured


async def with_a_complaint(_pool: Pool, frontend: Frontend, insured: Insured) -> Insured:
    await did(frontend, insured, "openComplaint", a_complaint())
    return insured


async def in_arrears(pool: Pool, _frontend: Frontend, insured: Insured) -> Insured:
    """Another family, which paid in May 2025 and never again."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection, "BNI")
    registered, accounts = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2025, 5, 20)
    )
    return replace(insured, registered=registered, account=accounts[0])


async def did(frontend: Frontend, insured: Insured, mutation: str, given: dict[str, Any]) -> None:
    role, family_id = Role.PARTICIPANT, insured.family_id
    result = await wished(frontend, mutation, given, role=role, family_id=family_id)
    assert result["__typename"].endswith("Payload"), result


WORLDS: Mapping[str, Callable[[Pool, Frontend, Insured], Awaitable[Insured]]] = {
    "": as_it_is,
    "at a hospital": at_a_hospital,
    "among facilities": among_facilities,
    "with a claim": with_a_claim,
    "with a complaint": with_a_complaint,
    "in arrears": in_arrears,
}


def test_every_section_with_an_operation_is_a_screen() -> None:
    assert len(SCREENS) == PAGE.read_text().count("```graphql") >= SCREENS_MIN
    assert {screen.world for screen in SCREENS} == WORLDS.keys()


def test_graphiql_has_the_same_screens() -> None:
    assert SCREENS_FILE.read_text() == for_graphiql(), "run `make schema`"


@pytest.mark.parametrize("screen", ASKED, ids=lambda screen: screen.title)
async def test_a_screen_is_answered_as_the_page_shows(
    pool: Pool, frontend: Frontend, insured: Insured, screen: Screen
) -> None:
    insured = await WORLDS[screen.world](pool, frontend, insured)
    family_id = insured.family_id if screen.role is Role.PARTICIPANT else None
    variables = {
        name: named_here(value, insured.keys, name) for name, value in screen.variables.items()
    }

    data = await frontend.data(screen.query, role=screen.role, family_id=family_id, **variables)

    assert shape_of(data) == shape_of(screen.answer)


@pytest.mark.parametrize("screen", TOLD, ids=lambda screen: screen.title)
async def test_a_screen_is_told_as_the_page_shows(
    pool: Pool, clock: StandingClock, issuer: DemoIssuer, insured: Insured, screen: Screen
) -> None:
    await dispatched(pool, clock)
    token = issuer.issue(screen.role, family_id=insured.family_id)

    async with (
        a_live_server(pool, clock, issuer) as server,
        a_stream(server, token, screen.query, after=screen.variables["after"]) as stream,
    ):
        data = await stream.data()

    assert shape_of(data) == shape_of(screen.answer)
