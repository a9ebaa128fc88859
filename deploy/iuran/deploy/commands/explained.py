"""Explanations that need more than one question to the database."""

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from iuran.core.bills import bills_of
from iuran.core.care.care_types import CareType
from iuran.core.care.certificates import is_certified_unable
from iuran.core.care.circumstances import check_eligibility
from iuran.core.care.cover import cover_at, window_at
from iuran.core.care.eligibility import CareRequest
from iuran.core.care.stay_fines import Stay, assess
from iuran.core.clock import wib_date, wib_instant
from iuran.core.employers.bills import employer_bills_of
from iuran.core.errors import DomainError
from iuran.core.explanations import (
    Explanation,
    MonthNotBilledError,
    explain_bill,
    explain_eligibility,
    explain_employer_bill,
    explain_stay_fine,
)
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import Desk, open_desk
from iuran.deploy.person import find_employer, find_person

BILLS_MAX = 1_000
LAST_MINUTE = time(23, 59)


class NothingBilledError(DomainError):
    """Nobody has been billed under this number yet."""

    code = "NOTHING_BILLED"

    def __init__(self) -> None:
        super().__init__("nothing is billed under this number yet; the first payment issues a bill")


class NotInsuredError(DomainError):
    """The person is in no membership on the day."""

    code = "NOT_INSURED"

    def __init__(self, day: date) -> None:
        super().__init__(f"this person is in no membership on {day}: there is nothing to be fined")


@dataclass(frozen=True, slots=True, kw_only=True)
class CareSought:
    """What somebody seeks at a facility; the tariff in rupiah."""

    facility_code: str
    care_type: CareType
    tariff: Rupiah
    is_emergency: bool
    referral_number: str | None


async def bill_of_number(
    data: Path | None, number: str, month: CoverageMonth | None
) -> Explanation:
    """Explain the bill of a family or an employer, by default the newest."""
    async with open_desk(data) as desk:
        employer_id = await find_employer(desk.connection, number)
        if employer_id is not None:
            return await _employers_bill(desk, employer_id, month)
        who, today = await find_person(desk.connection, number), wib_date(desk.clock.now())
        bills = await bills_of(desk.connection, who.family_id, today=today, limit=BILLS_MAX)
        if not bills:
            raise NothingBilledError
        found = [bill for bill in bills if month in {None, bill.coverage_month}]
        if not found:
            raise MonthNotBilledError(month or bills[0].coverage_month)
        return await explain_bill(desk.connection, who.family_id, found[0])


async def _employers_bill(desk: Desk, employer_id: int, month: CoverageMonth | None) -> Explanation:
    today = wib_date(desk.clock.now())
    bills = await employer_bills_of(desk.connection, employer_id, today=today, limit=1)
    if not bills:
        raise NothingBilledError
    wanted = month or bills[0].coverage_month
    return await explain_employer_bill(desk.connection, employer_id, wanted, today=today)


async def fine_of_number(
    data: Path | None,
    number: str,
    *,
    tariff: Rupiah,
    admitted_on: date | None,
    care_type: CareType,
) -> Explanation:
    """Explain the fine of a stay that begins on a WIB date, by default today."""
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        now = desk.clock.now()
        on = admitted_on or wib_date(now)
        at = now if on == wib_date(now) else wib_instant(on, LAST_MINUTE)
        cover = await cover_at(
            desk.connection, family_id=who.family_id, participant_id=who.participant_id, at=at
        )
        if cover is None:
            raise NotInsuredError(on)
        stay = Stay(
            care_type=care_type,
            segment=cover.segment,
            payer=cover.payer,
            care_class=cover.care_class,
            window=await window_at(desk.connection, cover, at=at),
            is_certified_unable=await is_certified_unable(desk.connection, cover.family_id, on=on),
            admitted_on=on,
            estimated_tariff=tariff,
        )
    return explain_stay_fine(assess(stay), admitted_on=on, estimated_tariff=tariff)


async def eligibility_of_number(
    data: Path | None, number: str, sought: CareSought, *, at: datetime | None
) -> Explanation:
    """Explain whether care is covered at a moment, by default now."""
    async with open_desk(data) as desk:
        who = await find_person(desk.connection, number)
        when = at or desk.clock.now()
        request = CareRequest(
            family_id=who.family_id,
            participant_id=who.participant_id,
            facility_code=sought.facility_code,
            care_type=sought.care_type,
            starts_at=when,
            is_emergency=sought.is_emergency,
            referral_number=sought.referral_number,
            estimated_tariff=sought.tariff,
        )
        found = await check_eligibility(desk.connection, request)
    return explain_eligibility(found, at=when)
