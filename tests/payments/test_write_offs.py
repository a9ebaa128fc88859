"""Write-offs: off by default; arrears leave the bill and stay visible; it takes two persons."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import pytest

from iuran.core.bills import BillState, bills_of
from iuran.core.database.pool import Pool, connected
from iuran.core.errors import InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.manual_changes import ChangeKind
from iuran.core.membership import MembershipState
from iuran.core.membership_history import status_at
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.core.segments import CareClass
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.ledger import balances, disagreements
from iuran.payments.virtual_accounts import payable_at
from iuran.payments.write_offs import (
    WriteOffNotInForceError,
    WriteOffOrder,
    WriteOffProgress,
    approve_write_off,
    carry_out_write_off,
    propose_write_off,
    write_off_orders,
)
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.moments import wib

LAW = "LAW_OF_A_TEST"
NOON = wib(2026, 6, 15, 12)

INSERT_LAW = """
    INSERT INTO write_off_rule (rule, in_force, effective_from, effective_to, segments,
                                care_classes, last_month, legal_basis)
    VALUES ($1, true, '2026-06-01', '2026-06-30', '{PBPU_SELF,BP_SELF}', '{3}', NULL, 'a test')
"""


@pytest.fixture
async def law(pool: Pool, database_url: str) -> AsyncIterator[str]:
    """A law in force in June 2026, as a row: no code knows it."""
    assert pool is not None
    async with connected(database_url, role=None) as owner:
        await owner.execute(INSERT_LAW, LAW)
    yield LAW
    async with connected(database_url, role=None) as owner:
        await owner.execute("SET session_replication_role = replica")
        await owner.execute("DELETE FROM write_off_rule WHERE rule = $1", LAW)


async def in_arrears(
    pool: Pool, channel: int, *, care_class: CareClass = CareClass.III, members: int = 1
) -> tuple[RegisteredFamily, str]:
    """A family that paid for January 2026 and nothing since."""
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(care_class=care_class, members=members),
        first_payment_at=wib(2026, 1, 20),
    )
    return family, account.customer_number


async def ordered(pool: Pool, *, family_id: int | None = None, rule: str = LAW) -> int:
    order = WriteOffOrder(rule=rule, reason="test", family_id=family_id)
    async with pool.acquire() as connection, connection.transaction():
        number = await propose_write_off(connection, order, by="ani", at=NOON)
        await approve_write_off(connection, number, by="budi", at=NOON)
    return number


async def carried_out(pool: Pool, order: int, *, day: int = 15) -> WriteOffProgress:
    return [step async for step in carry_out_write_off(pool, order, at=wib(2026, 6, day, 12))][-1]


async def owes(pool: Pool, customer_number: str) -> int | None:
    async with pool.acquire() as connection, connection.transaction():
        return (await payable_at(connection, customer_number, at=NOON)).amount


async def agree(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()


async def test_no_write_off_is_in_force(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for rule in ("PERPRES_2026_DRAFT", "NOT_A_RULE"):
            order = WriteOffOrder(rule=rule, reason="hope")
            with pytest.raises(WriteOffNotInForceError, match="arrears stay payable"):
                await propose_write_off(connection, order, by="ani", at=NOON)

        assert await write_off_orders(connection) == ()


async def test_arrears_leave_the_bill_and_stay_visible(pool: Pool, law: str) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, number = await in_arrears(pool, channel, members=2)
    assert await owes(pool, number) == 5 * 70_000

    done = await carried_out(pool, await ordered(pool, family_id=family.family_id, rule=law))

    assert (done.memberships, done.bills, done.amount) == (1, 4, 280_000)
    assert await owes(pool, number) == 70_000  # June, which has not closed
    async with pool.acquire() as connection:
        bills = await bills_of(connection, family.family_id, today=date(2026, 6, 15))
        accounts = {one.account: one.amount for one in await balances(connection)}
        windows = await connection.fetchval("SELECT count(*) FROM fine_window")
        status = await status_at(
            connection, family.family_id, family.participants[0].participant_id, at=NOON
        )
    assert [bill.state for bill in bills] == [
        BillState.OPEN, *[BillState.WRITTEN_OFF] * 4, BillState.PAID,
    ]  # fmt: skip
    assert accounts["WRITE_OFF_EXPENSE"] == 280_000
    assert windows == 0
    assert status is not None
    assert (status.state, status.cause) == (MembershipState.ACTIVE, "ARREARS_WRITTEN_OFF")
    await agree(pool)


async def test_it_reaches_the_class_and_the_months_of_the_law_only(pool: Pool, law: str) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    poor = [await in_arrears(pool, channel) for _ in range(3)]
    _, first_class = await in_arrears(pool, channel, care_class=CareClass.I)
    account = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 5, 20))
    order = await ordered(pool, rule=law)

    done = await carried_out(pool, order)
    again = await carried_out(pool, order)

    assert (done.memberships, done.bills, done.amount) == (3, 12, 3 * 4 * 35_000)
    assert (again.memberships, again.bills) == (0, 0)
    assert [await owes(pool, number) for _, number in poor] == [35_000] * 3
    assert await owes(pool, first_class) == 5 * 150_000
    assert await owes(pool, account[1][0].customer_number) == 35_000
    async with pool.acquire() as connection:
        (known,) = await write_off_orders(connection)
    assert (known.bills, known.amount, known.only_family) == (12, 420_000, None)
    await agree(pool)


async def test_an_order_needs_two_persons_and_its_law_on_that_day(pool: Pool, law: str) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        family, number = await in_arrears(pool, channel)
        order = WriteOffOrder(rule=law, reason="test", family_id=family.family_id)
        for day, refused in (((2026, 5, 31, 23, 59), True), ((2026, 6, 30, 23, 59), False),
                             ((2026, 7, 1, 0, 1), True)):  # fmt: skip
            if refused:
                with pytest.raises(WriteOffNotInForceError):
                    await propose_write_off(connection, order, by="ani", at=wib(*day))
            else:
                await propose_write_off(connection, order, by="ani", at=wib(*day))
        with pytest.raises(InvalidInputError):
            await propose_write_off(
                connection, WriteOffOrder(rule=law, reason=" "), by="ani", at=NOON
            )
        with pytest.raises(SecondPersonError):
            await approve_write_off(connection, 1, by="ani", at=NOON)
        with pytest.raises(NothingToApproveError):
            await approve_write_off(connection, 9, by="budi", at=NOON)

    unapproved = await carried_out(pool, 1)
    async with pool.acquire() as connection:
        await approve_write_off(connection, 1, by="budi", at=NOON)
        with pytest.raises(NothingToApproveError):
            await approve_write_off(connection, 1, by="citra", at=NOON)

    assert unapproved.bills == 0
    assert await owes(pool, number) == 5 * 35_000


async def test_writing_off_and_paying_at_once_takes_one_turn_each(pool: Pool, law: str) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    families = [
        await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 1, 20))
        for _ in range(4)
    ]
    order = await ordered(pool, rule=law)

    await asyncio.gather(
        *(carried_out(pool, order) for _ in range(3)),
        *(pays_what_it_owes(pool, channel, accounts[0], at=NOON) for _, accounts in families),
        return_exceptions=True,
    )

    async with pool.acquire() as connection:
        kept = await connection.fetchval("SELECT count(*) FROM write_off")
        marked = await connection.fetchval("SELECT count(*) FROM bill WHERE state = 'WRITTEN_OFF'")
    assert kept == marked
    await agree(pool)


async def test_a_death_before_a_write_off_shrinks_what_was_written_off(
    pool: Pool, law: str
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await in_arrears(pool, channel, members=2)
    await carried_out(pool, await ordered(pool, rule=law))
    departure = Departure(
        membership_id=family.membership_id,
        participant_id=family.participants[1].participant_id,
        left_on=date(2026, 3, 31),
        kind=ChangeKind.DEATH,
        reason="certificate 9",
    )

    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection, family.family_id, departure, proposed_by="ani", at=NOON
        )
        await approve_departure(
            connection,
            family.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=NOON,
        )

    async with pool.acquire() as connection:
        accounts = {one.account: one.amount for one in await balances(connection)}
    assert accounts["WRITE_OFF_EXPENSE"] == 280_000 - 2 * 35_000  # April and May of the dead
    await agree(pool)
