"""The worker prepares files on collection days and warns before the month ends."""

from datetime import datetime

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.payments.autodebit.collection import Bank, latest_collection_day, send
from iuran.payments.autodebit.mandates import NewMandate, give_mandate
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.workers.execution import run_due
from iuran.workers.services import WorkerServices
from tests.builders import a_channel, a_family, an_active_family

SELECT_FILES = """
    SELECT f.collection_date::text AS day, count(i.family_id) AS items
    FROM autodebit_file AS f LEFT JOIN autodebit_item AS i ON i.file_id = f.file_id
    GROUP BY f.collection_date ORDER BY f.collection_date
"""
SELECT_WARNINGS = "SELECT count(*) FROM event WHERE kind = 'autodebit.failed'"
CIPHER = Cipher.of([generate_installation_key()])


def january(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, tzinfo=WIB)


async def test_a_month_of_autodebit_goes_by_without_being_asked(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    async with pool.acquire() as connection:
        channel_id = await a_channel(connection, "BRI")
    _, (account,) = await an_active_family(
        pool, channel_id, a_family(), first_payment_at=january(1, 9).replace(year=2025, month=12)
    )
    mandate = NewMandate(
        customer_number=account.customer_number,
        channel_code="BRI",
        account_number="0012345678",
        holder_name="BUNGA CONTOH",
        signed_at_place="Loket",
    )
    async with pool.acquire() as connection, connection.transaction():
        await give_mandate(connection, CIPHER, mandate, by="loket", at=january(2, 9))

    seen: list[tuple[list[tuple[str, int]], int]] = []
    for at in (january(4, 23, 59), january(5, 0, 1), january(20, 0, 1), january(25, 0, 1)):
        clock.set(at)
        await run_due(workers)
        async with pool.acquire() as connection, connection.transaction():
            day = latest_collection_day(at.date())
            if day is not None:
                bank = Bank(channel_id=channel_id, code="BRI")
                await send(connection, CIPHER, bank, day, at=at)
            files = [(row["day"], row["items"]) for row in await connection.fetch(SELECT_FILES)]
            seen.append((files, await connection.fetchval(SELECT_WARNINGS)))

    fifth, twentieth = ("2026-01-05", 1), ("2026-01-20", 1)
    assert seen == [
        ([], 0),
        ([fifth], 0),
        ([fifth, twentieth], 0),
        ([fifth, twentieth], 1),
    ]
