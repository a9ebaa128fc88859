"""Builders of employers, their workers, and families that a government pays for."""

from dataclasses import dataclass
from datetime import date, datetime

from iuran.core.database.pool import Pool
from iuran.core.employers.employment import EmploymentKey, NewEmployment, Report, begin_employment
from iuran.core.employers.registration import Employer, NewEmployer
from iuran.core.families import NewFamily, RegisteredFamily, Relation, register
from iuran.core.governments import CENTRAL, Sponsorship, sponsor
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import AdditionalKind, CareClass, PpuGroup, Segment
from iuran.payments.billing import RunProgress, roll_months
from iuran.payments.employers import employer_payable_at, open_employer_account
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Outcome
from tests.builders import a_channel, a_family, a_participant, an_instruction, paid

HR = Report(by="hrd@contoh.example", reason="Laporan bulanan")


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A worker with his family and employment."""

    family: RegisteredFamily
    key: EmploymentKey
    care_class: CareClass


def of_segment(segment: Segment, *, members: int = 1) -> NewFamily:
    """The children are under 21: with a worker they are insured."""
    family = a_family()
    return NewFamily(
        kk_number=family.kk_number,
        care_class=family.care_class,
        participants=[
            *family.participants,
            *(
                a_participant(
                    relation=Relation.CHILD,
                    name=f"ANAK CONTOH {n}",
                    birth_date=date(2012, 5, 17),
                )
                for n in range(1, members)
            ),
        ],
        segment=segment,
    )


async def an_employer(
    pool: Pool,
    *,
    group: PpuGroup = PpuGroup.PRIVATE,
    region: str = "9901",
    at: datetime,
) -> tuple[Employer, str]:
    async with pool.acquire() as connection, connection.transaction():
        return await open_employer_account(
            connection, NewEmployer(name="PT CONTOH", group=group, region=region), at=at
        )


async def hired(
    pool: Pool,
    employer: Employer,
    *,
    wage: int,
    at: datetime,
    members: int = 1,
    parents: int = 0,
    others: int = 0,
    grade: int | None = None,
) -> Worker:
    """A worker whose last members are additional: parents at 1 %, then other relatives."""
    async with pool.acquire() as connection, connection.transaction():
        family = await register(
            connection, of_segment(employer.group.segment, members=members), at=at
        )
        people = [p.participant_id for p in family.participants]
        added = dict.fromkeys(people[members - parents - others :], AdditionalKind.PARENT)
        added.update(dict.fromkeys(people[members - others :], AdditionalKind.OTHER_RELATIVE))
        care_class = await begin_employment(
            connection,
            NewEmployment(
                employer_id=employer.employer_id,
                family_id=family.family_id,
                membership_id=family.membership_id,
                participant_id=people[0],
                wage=Rupiah(wage),
                grade=grade,
                additional=added,
            ),
            HR,
            at=at,
        )
    key = EmploymentKey(family.family_id, family.membership_id)
    return Worker(family=family, key=key, care_class=care_class)


async def employer_pays(pool: Pool, channel_id: int, number: str, *, at: datetime) -> Outcome:
    """Ask for the employer's bill and pay it."""
    async with pool.acquire() as connection, connection.transaction():
        payable = await employer_payable_at(connection, number, at=at)
    return await paid(pool, an_instruction(channel_id, number, payable.amount or 1), at=at)


async def sponsored(
    pool: Pool,
    segment: Segment,
    *,
    at: datetime,
    members: int = 1,
    region: str = CENTRAL,
    pension: int | None = None,
) -> RegisteredFamily:
    async with pool.acquire() as connection, connection.transaction():
        family = await register(connection, of_segment(segment, members=members), at=at)
        await sponsor(
            connection,
            Sponsorship(
                family_id=family.family_id,
                membership_id=family.membership_id,
                region=region,
                pension=None if pension is None else Rupiah(pension),
            ),
            at=at,
        )
    return family


async def roll(pool: Pool, at: datetime) -> list[RunProgress]:
    return [progress async for progress in roll_months(pool, at=at)]


async def channel_of(pool: Pool) -> int:
    """A bank by which is paid."""
    async with pool.acquire() as connection:
        return await a_channel(connection)


async def agree(pool: Pool) -> None:
    """Asserts that state, facts and ledger tell the same."""
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0


async def state_of(pool: Pool, key: EmploymentKey) -> tuple[str, str]:
    """State and last paid month as stored."""
    async with pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT state, paid_through FROM membership"
            " WHERE family_id = $1 AND membership_id = $2",
            *key,
        )
    assert row is not None
    return row["state"], str(CoverageMonth.of_ordinal(row["paid_through"]))
