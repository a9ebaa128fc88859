"""Who pays for families of the demonstration: an invented employer, and two governments."""

from datetime import datetime
from typing import Final, LiteralString

from iuran.core.database.pool import Connection
from iuran.core.employers.employment import NewEmployment, Report, begin_employment
from iuran.core.employers.registration import NewEmployer
from iuran.core.families import register
from iuran.core.governments import CENTRAL, Sponsorship, name_government, sponsor
from iuran.core.segments import PpuGroup
from iuran.deploy.demo_families import CITY, Story
from iuran.deploy.demo_payments import pay_to
from iuran.payments.employers import employer_payable_at, open_employer_account

EMPLOYER: Final = NewEmployer(name="PT Contoh Makmur", group=PpuGroup.PRIVATE, region=CITY)
_GOVERNMENTS = {CENTRAL: "Pemerintah Pusat", CITY: "Pemerintah Kota Contoh"}

SELECT_EMPLOYER: LiteralString = """
    SELECT employer_id FROM employer WHERE name = $1 ORDER BY employer_id LIMIT 1
"""

SELECT_EMPLOYER_NUMBER: LiteralString = """
    SELECT customer_number FROM employer_account_number WHERE employer_id = $1 LIMIT 1
"""


async def employer_of_demo(connection: Connection) -> int | None:
    """Return the invented employer, or None where there is none."""
    found = await connection.fetchval(SELECT_EMPLOYER, EMPLOYER.name)
    return None if found is None else int(found)


async def register_paid_for(connection: Connection, story: Story, *, at: datetime) -> None:
    """Register a family that somebody else pays for; raises AlreadyRegisteredError."""
    family = await register(connection, story.to_family(), at=at)
    if story.wage is None:
        region = story.region or CENTRAL
        await name_government(connection, region=region, name=_GOVERNMENTS[region])
        sponsorship = Sponsorship(
            family_id=family.family_id, membership_id=family.membership_id, region=region
        )
        await sponsor(connection, sponsorship, at=at)
        return
    employment = NewEmployment(
        employer_id=await _employer(connection, at=at),
        family_id=family.family_id,
        membership_id=family.membership_id,
        participant_id=family.participants[0].participant_id,
        wage=story.wage,
    )
    report = Report(by="hrd@example.org", reason="New worker")
    await begin_employment(connection, employment, report, at=at)


async def _employer(connection: Connection, *, at: datetime) -> int:
    known = await employer_of_demo(connection)
    if known is not None:
        return known
    employer, _number = await open_employer_account(connection, EMPLOYER, at=at)
    return employer.employer_id


async def employer_pays(connection: Connection, at: datetime) -> None:
    """Let the employer pay what it owes at an instant."""
    employer_id = await employer_of_demo(connection)
    number = str(await connection.fetchval(SELECT_EMPLOYER_NUMBER, employer_id))
    payable = await employer_payable_at(connection, number, at=at)
    if payable.result == "PAYABLE":
        await pay_to(connection, number, payable.amount, at=at)
