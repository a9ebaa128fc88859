"""Builders of invented facilities, referrals and letters; region 99 does not exist."""

from datetime import date, datetime

from iuran.core.care.care_types import CareType
from iuran.core.care.eligibility import CareRequest
from iuran.core.care.letters import EligibilityLetter, issue_letter
from iuran.core.care.referrals import NewReferral, issue_referral
from iuran.core.clock import WIB
from iuran.core.database.pool import Connection, Pool
from iuran.core.facilities.contracts import Contract, approve_contract, propose_contract
from iuran.core.facilities.registry import (
    FacilityKind,
    FacilityLevel,
    NewFacility,
    register_facility,
)
from iuran.core.families import RegisteredFamily
from iuran.core.money import Rupiah
from iuran.core.segments import CareClass
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes

CLINIC = "99010101"
OTHER_CLINIC = "99010102"
HOSPITAL = "9901R001"
OPENED = datetime(2014, 1, 1, tzinfo=WIB)


async def a_facility(
    connection: Connection,
    code: str,
    *,
    district: str = "Kota Contoh",
    services: tuple[str, ...] = (),
    partner: bool = True,
) -> str:
    """A facility whose code says its level; a partner from 2014 to 2099 unless told."""
    is_hospital = "R" in code
    await register_facility(
        connection,
        NewFacility(
            facility_code=code,
            name=f"Faskes {code}",
            level=FacilityLevel.FKRTL if is_hospital else FacilityLevel.FKTP,
            kind=FacilityKind.HOSPITAL if is_hospital else FacilityKind.CLINIC,
            district=district,
            province="Provinsi Contoh",
            address="Jalan Contoh 1",
            services=services,
        ),
        by="ani",
        at=OPENED,
    )
    if partner:
        contract = Contract(
            facility_code=code,
            first_day=date(2014, 1, 1),
            last_day=date(2099, 12, 31),
            reason="contract",
        )
        await propose_contract(connection, contract, by="ani", at=OPENED)
        await approve_contract(connection, code, first_day=contract.first_day, by="budi", at=OPENED)
    return code


async def facilities(connection: Connection) -> None:
    for code in (CLINIC, OTHER_CLINIC, HOSPITAL):
        await a_facility(connection, code)


async def a_member(
    pool: Pool, *, first_payment_at: datetime, care_class: CareClass = CareClass.III
) -> RegisteredFamily:
    """A family of one that has paid once, in a world with three facilities."""
    async with pool.acquire() as connection:
        await facilities(connection)
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(care_class=care_class), first_payment_at=first_payment_at
    )
    return family


async def a_reactivated_member(
    pool: Pool, *, first_payment_at: datetime, reactivated_at: datetime
) -> tuple[RegisteredFamily, int]:
    """A family that missed months and paid them all; with the channel it paid through."""
    async with pool.acquire() as connection:
        await facilities(connection)
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=first_payment_at
    )
    outcome = await pays_what_it_owes(pool, channel, account, at=reactivated_at)
    assert outcome.window_last_day is not None
    return family, channel


def a_request(
    family: RegisteredFamily,
    *,
    starts_at: datetime,
    care_type: CareType = CareType.RITL,
    facility_code: str = HOSPITAL,
    is_emergency: bool = False,
    referral_number: str | None = None,
    estimated_tariff: int = 2_800_000,
) -> CareRequest:
    return CareRequest(
        family_id=family.family_id,
        participant_id=family.participants[0].participant_id,
        facility_code=facility_code,
        care_type=care_type,
        starts_at=starts_at,
        is_emergency=is_emergency,
        referral_number=referral_number,
        estimated_tariff=Rupiah(estimated_tariff),
    )


async def a_referral(connection: Connection, family: RegisteredFamily, *, at: datetime) -> str:
    referral = await issue_referral(
        connection,
        NewReferral(
            family_id=family.family_id,
            participant_id=family.participants[0].participant_id,
            from_facility_code=CLINIC,
            to_facility_code=HOSPITAL,
            diagnosis_code="E11.9",
        ),
        by="dokter",
        at=at,
    )
    return referral.referral_number


async def an_emergency_stay(
    connection: Connection, family: RegisteredFamily, *, at: datetime, estimated_tariff: int
) -> EligibilityLetter:
    async with connection.transaction():
        return await issue_letter(
            connection,
            a_request(family, starts_at=at, is_emergency=True, estimated_tariff=estimated_tariff),
            diagnosis_code="A01.0",
            by="rumah sakit",
            at=at,
        )
