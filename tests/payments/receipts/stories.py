"""Families that pay, and what their receipts say."""

import zlib
from re import DOTALL, findall

from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily
from iuran.core.segments import CareClass
from iuran.payments.receipts.keys import ReceiptKey
from iuran.payments.receipts.records import (
    Receipt,
    find_receipt,
)
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.settlement import book_collected
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
)
from tests.moments import wib


async def receipts_of(pool: Pool, family: RegisteredFamily) -> list[Receipt]:
    """The receipts of all payments of a family, the oldest first."""
    async with pool.acquire() as connection:
        ids = await connection.fetch(
            "SELECT payment_id FROM payment WHERE family_id = $1 ORDER BY payment_id",
            family.family_id,
        )
        return [
            await find_receipt(
                connection, ReceiptKey(family_id=family.family_id, payment_id=row["payment_id"])
            )
            for row in ids
        ]


async def a_paying_family(
    pool: Pool, *, members: int = 2, name: str = "BUNGA CONTOH", language: str = "id"
) -> tuple[int, RegisteredFamily, VirtualAccount]:
    """A family of class I (150,000 each) that paid for the first time on 20 March 2026."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    new = a_family(members=members, care_class=CareClass.I, name=name, language=language)
    family, (account, *_) = await an_active_family(
        pool, channel, new, first_payment_at=wib(2026, 3, 20)
    )
    return channel, family, account


async def collected(
    pool: Pool, channel: int, account: VirtualAccount, amount: int, *, month: int
) -> None:
    """Money that was collected on the 25th of a month of 2026."""
    async with pool.acquire() as connection, connection.transaction():
        instruction = an_instruction(channel, account.customer_number, amount)
        await book_collected(connection, [instruction], at=wib(2026, month, 25))


def a_cipher(*keys: str) -> Cipher:
    return Cipher.of(keys or [generate_installation_key()])


def text_of(document: bytes) -> str:
    """The text that stands in a PDF of ours."""
    streams = findall(rb"stream\r?\n(.*?)\r?\nendstream", document, DOTALL)
    content = b"".join(zlib.decompress(one) for one in streams)
    return b" ".join(findall(rb"\((.*?)\) Tj", content)).decode("latin-1")
