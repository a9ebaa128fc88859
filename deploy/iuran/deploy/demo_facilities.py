"""The invented facilities of a demonstration: a hospital for its token, and some to choose from."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString

from iuran.core.database.pool import Connection
from iuran.core.facilities.contracts import Contract, approve_contract, propose_contract
from iuran.core.facilities.registry import (
    FacilityKind,
    FacilityLevel,
    NewFacility,
    register_facility,
)
from iuran.graphql.demo_issuer import DEMO_FACILITY

HOSPITAL_NAME = "RS Contoh Sehat"

SELECT_ANY_FACILITY: LiteralString = """
    SELECT EXISTS (SELECT FROM facility)
"""

FACILITIES: Final[Sequence[NewFacility]] = tuple(
    NewFacility(
        facility_code=code,
        name=name,
        level=FacilityLevel.FKRTL if kind is FacilityKind.HOSPITAL else FacilityLevel.FKTP,
        kind=kind,
        district="Kota Contoh",
        province="Provinsi Contoh",
        address=address,
        services=services,
    )
    for code, name, kind, address, services in (
        (
            DEMO_FACILITY,
            HOSPITAL_NAME,
            FacilityKind.HOSPITAL,
            "Jalan Melati 1",
            ("DIALYSIS", "EMERGENCY"),
        ),
        ("9901R001", "RS Misal Husada", FacilityKind.HOSPITAL, "Jalan Kenanga 2", ("EMERGENCY",)),
        ("99010101", "Klinik Umpama Medika", FacilityKind.CLINIC, "Jalan Anggrek 3", ()),
        ("99010102", "Puskesmas Contoh", FacilityKind.PUSKESMAS, "Jalan Dahlia 4", ("TB",)),
        ("99010103", "Praktik dr. Misalnya", FacilityKind.DOCTOR, "Jalan Mawar 5", ()),
    )
)
_CONTRACT_DAYS = date(2014, 1, 1), date(2099, 12, 31)


async def load_facilities(connection: Connection, *, at: datetime) -> None:
    """Register the facilities with their contracts, unless there are any."""
    if await connection.fetchval(SELECT_ANY_FACILITY):
        return
    first_day, last_day = _CONTRACT_DAYS
    async with connection.transaction():
        for facility in FACILITIES:
            code = facility.facility_code
            contract = Contract(
                facility_code=code, first_day=first_day, last_day=last_day, reason="demonstration"
            )
            await register_facility(connection, facility, by="demo", at=at)
            await propose_contract(connection, contract, by="demo", at=at)
            await approve_contract(connection, code, first_day=first_day, by="demo-2", at=at)
