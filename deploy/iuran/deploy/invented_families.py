"""Invented families that simulations register for themselves, in the state that they need."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from iuran.core.database.pool import Pool
from iuran.core.families import NewFamily, NewParticipant, Relation
from iuran.core.identifiers import Sex
from iuran.core.segments import CareClass
from iuran.payments.simulation.scenario import Need
from iuran.payments.virtual_accounts import register_family

SIMULATED_FAMILY_PREFIX = "9909"
UNKNOWN_CUSTOMER_NUMBER = "00000000000"
DAYS_SINCE_REGISTRATION: Mapping[Need, int] = {
    Need.PAYABLE: 20,
    Need.TOO_EARLY: 2,
    Need.EXPIRED: 40,
}


async def an_account(pool: Pool, need: Need, *, at: datetime) -> str:
    """Return the number of a new invented family in the state that is needed."""
    if need is Need.UNKNOWN:
        return UNKNOWN_CUSTOMER_NUMBER
    registered_at = at - timedelta(days=DAYS_SINCE_REGISTRATION[need])
    async with pool.acquire() as connection, connection.transaction():
        _, accounts = await register_family(connection, _an_invented_family(), at=registered_at)
    return accounts[0].customer_number


def _an_invented_family() -> NewFamily:
    """Return a family of one; regions from 9901 to 9999 do not exist."""
    region = f"99{1 + secrets.randbelow(99):02d}{secrets.randbelow(100):02d}"
    person = NewParticipant(
        nik=f"{region}570590{1 + secrets.randbelow(9_998):04d}",
        name="PEMERAN CONTOH",
        birth_date=date(1990, 5, 17),
        sex=Sex.FEMALE,
        relation=Relation.HEAD,
    )
    return NewFamily(
        kk_number=f"{SIMULATED_FAMILY_PREFIX}{secrets.randbelow(10**12):012d}",
        care_class=CareClass.III,
        participants=[person],
    )
