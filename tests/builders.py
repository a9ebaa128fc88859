"""Builders of invented people and families; each takes only what a test is about."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.core.families import NewFamily, NewParticipant, RegisteredFamily, Relation
from iuran.core.identifiers import Sex
from iuran.core.money import Rupiah
from iuran.core.segments import CareClass
from iuran.payments.settlement import Outcome, PaymentInstruction, settle
from iuran.payments.virtual_accounts import VirtualAccount, payable_at, register_family

_serial = count(1)

INSERT_CHANNEL = """
    INSERT INTO channel (code, name, client_id, partner_id, va_prefix, created_at)
    VALUES ($1, $1, $1, $1, '88888', now())
    RETURNING channel_id
"""


def a_nik(birth_date: date, sex: Sex) -> str:
    """An invented NIK of a region that does not exist (990101)."""
    day = birth_date.day + (40 if sex is Sex.FEMALE else 0)
    serial = next(_serial) % 9999 + 1
    region = 990101 + next(_serial) // 9999
    return f"{region:06d}{day:02d}{birth_date:%m%y}{serial:04d}"


def a_participant(
    *,
    relation: Relation = Relation.HEAD,
    name: str = "BUNGA CONTOH",
    birth_date: date = date(1990, 5, 17),
    sex: Sex = Sex.FEMALE,
    email: str | None = None,
) -> NewParticipant:
    return NewParticipant(
        nik=a_nik(birth_date, sex),
        name=name,
        birth_date=birth_date,
        sex=sex,
        relation=relation,
        email=email,
    )


def a_family(
    *,
    members: int = 1,
    care_class: CareClass = CareClass.III,
    name: str = "BUNGA CONTOH",
    email: str | None = None,
    time_zone: str | None = "Asia/Jakarta",
    language: str = "id",
    kk_number: str | None = None,
) -> NewFamily:
    participants: Sequence[NewParticipant] = [
        a_participant(name=name, email=email),
        *(
            a_participant(relation=Relation.CHILD, name=f"ANAK CONTOH {n}")
            for n in range(1, members)
        ),
    ]
    return NewFamily(
        kk_number=kk_number or f"99{next(_serial):014d}",
        care_class=care_class,
        participants=participants,
        time_zone=time_zone,
        language=language,
    )


async def registered(
    connection: Connection, family: NewFamily, *, at: datetime
) -> tuple[RegisteredFamily, tuple[VirtualAccount, ...]]:
    async with connection.transaction():
        return await register_family(connection, family, at=at)


async def a_channel(connection: Connection, code: str = "BCA") -> int:
    return int(await connection.fetchval(INSERT_CHANNEL, code))


def an_instruction(
    channel_id: int,
    customer_number: str,
    amount: int,
    *,
    reference: str | None = None,
    external_id: str | None = None,
) -> PaymentInstruction:
    number = next(_serial)
    return PaymentInstruction(
        channel_id=channel_id,
        external_id=external_id or f"{number:012d}",
        reference=reference or f"PAY-{number}",
        customer_number=customer_number,
        amount=Rupiah(amount),
        channel_time=None,
        target="/snap/v1.0/transfer-va/payment",
        headers={},
        body=b"{}",
    )


async def paid(pool: Pool, instruction: PaymentInstruction, *, at: datetime) -> Outcome:
    """Settle one instruction in a transaction of its own."""
    async with pool.acquire() as connection, connection.transaction():
        (outcome,) = await settle(connection, [instruction], at=at)
    return outcome


async def pays_what_it_owes(
    pool: Pool, channel_id: int, account: VirtualAccount, *, at: datetime
) -> Outcome:
    """Ask for the bill and pay it."""
    async with pool.acquire() as connection, connection.transaction():
        payable = await payable_at(connection, account.customer_number, at=at)
    return await paid(
        pool, an_instruction(channel_id, account.customer_number, payable.amount), at=at
    )


async def an_active_family(
    pool: Pool, channel_id: int, family: NewFamily, *, first_payment_at: datetime
) -> tuple[RegisteredFamily, tuple[VirtualAccount, ...]]:
    """Register a family 14 days before it pays for the first time."""
    async with pool.acquire() as connection:
        result = await registered(connection, family, at=first_payment_at - timedelta(days=14))
    outcome = await pays_what_it_owes(pool, channel_id, result[1][0], at=first_payment_at)
    assert outcome.is_settled, (outcome, wib_date(first_payment_at))
    return result
