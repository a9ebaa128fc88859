"""Families that pay for themselves, and what they owe and have by it."""

from datetime import date, datetime

from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily
from iuran.core.manual_changes import ChangeKind
from iuran.core.membership_history import was_covered
from iuran.core.segments import CareClass
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.segment_moves import (
    approve_leaving,
    propose_leaving,
)
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
)


async def owed(pool: Pool, account: VirtualAccount, *, at: datetime) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return (await payable_at(connection, account.customer_number, at=at)).amount


async def a_paying_family(
    pool: Pool, *, members: int, care_class: CareClass, first_payment_at: datetime
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool,
        channel,
        a_family(members=members, care_class=care_class),
        first_payment_at=first_payment_at,
    )
    return channel, family, account


async def covered(pool: Pool, family_id: int, participant_id: int, *, at: datetime) -> bool:
    async with pool.acquire() as connection:
        return await was_covered(connection, family_id, participant_id, at=at)


async def leaves(pool: Pool, family: RegisteredFamily, *, at: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_leaving(
            connection,
            family.family_id,
            family.membership_id,
            reason="employed",
            proposed_by="siti",
            at=at,
        )
        await approve_leaving(connection, family.family_id, change_id, approved_by="budi", at=at)


async def dies(pool: Pool, family: RegisteredFamily, index: int, *, on: date, at: datetime) -> None:
    departure = Departure(
        membership_id=family.membership_id,
        participant_id=family.participants[index].participant_id,
        left_on=on,
        kind=ChangeKind.DEATH,
        reason="Akta kematian 99/1",
    )
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection, family.family_id, departure, proposed_by="siti", at=at
        )
        await approve_departure(
            connection,
            family.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=at,
        )
