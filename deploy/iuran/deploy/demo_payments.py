"""What the invented families and their employer pay, through banks that we play."""

from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.payments.settlement import PaymentInstruction, book_collected, settle
from iuran.payments.virtual_accounts import payable_at

PAYING_BANK = "DEMO_BCA"
COLLECTING_BANK = "DEMO_MANDIRI"
_TARGET = "/snap/v1.0/transfer-va/payment"

SELECT_CUSTOMER_NUMBER: LiteralString = """
    SELECT v.customer_number
    FROM family_card_number AS k
    JOIN family AS f ON f.family_id = k.family_id
    JOIN virtual_account AS v
      ON v.family_id = f.family_id AND v.participant_id = f.payer_participant_id
    WHERE k.kk_number = $1
    LIMIT 1
"""

SELECT_CHANNEL: LiteralString = """
    SELECT channel_id FROM channel WHERE code = $1
"""


async def customer_number_of_card(connection: Connection, kk_number: str) -> str:
    """Return the customer number of whoever pays for an invented family."""
    return str(await connection.fetchval(SELECT_CUSTOMER_NUMBER, kk_number))


async def pay_all(connection: Connection, kk_number: str, *, at: datetime) -> None:
    """Let a family pay what it may pay at an instant; nothing, when it owes nothing."""
    customer_number = await customer_number_of_card(connection, kk_number)
    payable = await payable_at(connection, customer_number, at=at)
    if payable.result == "PAYABLE":
        await pay_to(connection, customer_number, payable.amount, at=at)


async def pay_to(
    connection: Connection, customer_number: str, amount: Rupiah, *, at: datetime
) -> None:
    """Let the paying bank notify a payment; on one day, a number is paid to once."""
    await settle(
        connection, [await _told(connection, PAYING_BANK, customer_number, amount, at)], at=at
    )


async def collect(
    connection: Connection, customer_number: str, amount: Rupiah, *, at: datetime
) -> None:
    """Let the collecting bank tell of money that it has already, whoever it was meant for."""
    told = await _told(connection, COLLECTING_BANK, customer_number, amount, at)
    await book_collected(connection, [told], at=at)


async def _told(
    connection: Connection, bank: str, customer_number: str, amount: Rupiah, at: datetime
) -> PaymentInstruction:
    reference = f"DEMO-{customer_number}-{wib_date(at):%Y%m%d}"
    return PaymentInstruction(
        channel_id=int(await connection.fetchval(SELECT_CHANNEL, bank)),
        external_id=reference,
        reference=reference,
        customer_number=customer_number,
        amount=amount,
        channel_time=at,
        target=_TARGET,
        headers={},
        body=b"{}",
    )
