"""What a subscriber may know: IDs as GraphQL writes them, and nothing of other facilities."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from iuran.core.claims.filing import NewFacilityClaim, open_facility_claim
from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import InvalidInputError
from iuran.core.facilities.home import ChangeReason, HomeChoice, choose_home
from iuran.core.families import RegisteredFamily
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.graphql.global_ids import id_of
from iuran.payments.webhooks.endpoints import (
    EndpointExistsError,
    EndpointState,
    EndpointStateError,
    EndpointUnknownError,
    NewEndpoint,
    add_endpoint,
    approve_endpoint,
    enable_endpoint,
    find_endpoint,
)
from iuran.payments.webhooks.payloads import Event, body_of, opaque_id
from iuran.workers.execution import run_due
from iuran.workers.jobs import Job, JobName
from iuran.workers.retention import purge_records
from iuran.workers.services import WorkerServices
from tests.builders import a_channel, a_family, an_active_family
from tests.care_builders import CLINIC, HOSPITAL, OTHER_CLINIC, an_emergency_stay, facilities
from tests.moments import wib
from tests.workers.subscribers import (
    CIPHER,
    REACH,
    WAY_OUT,
    Subscriber,
    happens,
    subscribed,
    subscriber,
)

PAID_CLAIM = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES ($1, 'claim.paid', jsonb_build_object('claim_id', $2::bigint, 'amount', 2500000), $3)
"""
PAID_FINE = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    VALUES ($1, 'fine.paid', jsonb_build_object('letter_number', $2::text, 'amount', 100000), $3)
"""


async def a_patient(pool: Pool, channel: int, clinic: str) -> RegisteredFamily:
    """A family of one, registered at a clinic before it paid for the first time."""
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 1, 5))
    async with pool.acquire() as connection, connection.transaction():
        choice = HomeChoice(
            family_id=family.family_id,
            participant_id=family.participants[0].participant_id,
            facility_code=clinic,
            reason=ChangeReason.FIRST_CHOICE,
        )
        await choose_home(connection, choice, by="ani", at=wib(2026, 1, 5))
    return family


def told_kinds(told: Subscriber) -> list[tuple[str, str]]:
    return sorted((str(one.content["type"]), one.family) for one in told.heard)


async def test_a_facility_is_told_of_its_own_families_letters_and_claims(
    pool: Pool, workers: WorkerServices, real_clock: StandingClock
) -> None:
    sending = replace(workers, webhooks=WAY_OUT)
    async with pool.acquire() as connection:
        await facilities(connection)
        channel = await a_channel(connection)
    async with subscriber() as clinic, subscriber() as hospital, pool.acquire() as connection:
        for name, told, code in (("clinic", clinic, CLINIC), ("hospital", hospital, HOSPITAL)):
            await subscribed(
                connection, told.url, at=real_clock.now(), name=name, facility_code=code
            )
        ours = await a_patient(pool, channel, CLINIC)
        other = await a_patient(pool, channel, OTHER_CLINIC)
        await is_treated_and_paid(connection, other, at=wib(2026, 2, 5))
        await run_due(sending)

    ours_id, other_id = (opaque_id("Family", one.family_id) for one in (ours, other))
    assert told_kinds(clinic) == [("membership.activated", ours_id)]
    assert told_kinds(hospital) == [("claim.paid", other_id), ("fine.paid", other_id)]
    assert all(b"2500000" not in one.body for one in hospital.heard)


async def is_treated_and_paid(
    connection: Connection, family: RegisteredFamily, *, at: datetime
) -> None:
    letter = await an_emergency_stay(connection, family, at=at, estimated_tariff=2_800_000)
    claim = NewFacilityClaim(
        family_id=family.family_id,
        care_number=letter.letter_number,
        served_on=at.date(),
        amount=Rupiah(2_500_000),
    )
    key = await open_facility_claim(connection, claim, by="rs", at=at)
    await connection.execute(PAID_CLAIM, family.family_id, key.claim_id, at)
    await connection.execute(PAID_FINE, family.family_id, letter.letter_number, at)


def test_a_subscriber_can_ask_graphql_with_the_ids() -> None:
    event = Event(
        family_id=7,
        event_id=9,
        position=3,
        kind="payment.settled",
        payload={
            "payment_id": 5,
            "membership_id": 2,
            "amount": 105_000,
            "first_month": 24_312,
            "last_month": 24_313,
            "name": "BUNGA",
        },
        occurred_at=wib(2026, 1, 5),
    )

    content = json.loads(body_of(event))

    assert content == {
        "id": "msg_" + id_of("Event", 7, 9),
        "type": "payment.settled",
        "timestamp": "2026-01-05T02:00:00Z",
        "position": 3,
        "data": {
            "familyId": id_of("Family", 7),
            "paymentId": id_of("Payment", 7, 5),
            "membershipId": id_of("Membership", 7, 2),
            "firstMonth": "2026-01",
            "lastMonth": "2026-02",
        },
    }


def test_a_bill_that_was_revised_is_named_by_its_month() -> None:
    event = Event(
        family_id=7,
        event_id=9,
        position=3,
        kind="bill.revised",
        payload={"membership_id": 2, "coverage_month": 24_312},
        occurred_at=wib(2026, 1, 5),
    )

    assert json.loads(body_of(event))["data"] == {
        "familyId": id_of("Family", 7),
        "membershipId": id_of("Membership", 7, 2),
        "coverageMonth": "2026-01",
    }


def test_a_kind_that_nobody_described_tells_of_the_family_alone() -> None:
    event = Event(
        family_id=7,
        event_id=9,
        position=3,
        kind="moon.rose",
        payload={"claim_id": 1, "state": "FULL"},
        occurred_at=wib(2026, 1, 5),
    )

    assert json.loads(body_of(event))["data"] == {"familyId": id_of("Family", 7)}


async def test_nothing_is_told_before_a_second_person_agrees(
    pool: Pool, workers: WorkerServices, real_clock: StandingClock
) -> None:
    sending, at = replace(workers, webhooks=WAY_OUT), real_clock.now()
    async with subscriber() as told, pool.acquire() as connection:
        new = NewEndpoint(name="app", url=told.url)
        await add_endpoint(connection, CIPHER, REACH, new, by="ani", at=at)
        await happens(pool, 1, at=at)
        await run_due(sending)
        silent = list(told.heard)
        with pytest.raises(SecondPersonError):
            await approve_endpoint(connection, "app", by="ani", at=at)
        with pytest.raises(EndpointStateError, match="waits for a second person"):
            await enable_endpoint(connection, "app", by="budi", reason="", at=at)
        with pytest.raises(EndpointExistsError):
            await add_endpoint(connection, CIPHER, REACH, new, by="ani", at=at)
        await approve_endpoint(connection, "app", by="budi", at=at)
        with pytest.raises(NothingToApproveError):
            await approve_endpoint(connection, "app", by="citra", at=at)
        await run_due(sending)
        state = (await find_endpoint(connection, "app")).state

    assert silent == []
    assert len(told.heard) == 1  # what happened since it was added
    assert state is EndpointState.ENABLED


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (NewEndpoint(name="App", url="https://a.example"), "a letter first"),
        (NewEndpoint(name="app", url="http://a.example"), "write https"),
        (NewEndpoint(name="app", url="https://a.example", after_position=-1), "begin with 1"),
        (NewEndpoint(name="app", url="https://a.example", kinds=("moon.rose",)), "no kind moon"),
        (
            NewEndpoint(
                name="app",
                url="https://a.example",
                kinds=("payment.settled",),
                facility_code=CLINIC,
            ),
            "a facility is not told of payment.settled",
        ),
    ],
)
async def test_what_cannot_be_subscribed_is_refused(
    connection: Connection, new: NewEndpoint, says: str
) -> None:
    await facilities(connection)

    with pytest.raises(InvalidInputError, match=says):
        await add_endpoint(connection, CIPHER, REACH, new, by="ani", at=wib(2026, 1, 5))


async def test_an_unknown_name_says_where_names_are(connection: Connection) -> None:
    with pytest.raises(EndpointUnknownError, match="iuran webhooks list"):
        await find_endpoint(connection, "moon")


async def test_the_log_keeps_what_is_young(
    pool: Pool, workers: WorkerServices, clock: StandingClock, real_clock: StandingClock
) -> None:
    sending = replace(workers, webhooks=WAY_OUT)
    async with subscriber() as told, pool.acquire() as connection:
        await subscribed(connection, told.url, at=real_clock.now())
        for days in (0, 50):
            real_clock.set(real_clock.now() + timedelta(days=days))
            await happens(pool, 1, at=clock.now())
            await run_due(sending)
        real_clock.set(real_clock.now() + timedelta(days=41))
    job = Job(name=JobName("purge-records", "1"), bucket=0, payload={}, attempts=1, claims=1)
    await purge_records(sending, job)

    assert await pool.fetchval("SELECT count(*) FROM webhook_attempt") == 1
