"""The calendar closes claims and escalates complaints, once a WIB day."""

from datetime import date

from iuran.core.claims.filing import NewFacilityClaim, open_facility_claim, submit
from iuran.core.claims.records import Act
from iuran.core.clock import StandingClock
from iuran.core.complaints.handling import receive
from iuran.core.complaints.records import ComplaintCategory, ComplaintChannel, NewComplaint
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.workers.services import WorkerServices
from tests.care_builders import a_member, an_emergency_stay
from tests.moments import wib
from tests.workers.stories import comes

STATE = "SELECT state FROM claim"
ESCALATED = "SELECT count(*) FROM complaint_event WHERE by_whom = 'deadline'"


async def test_ten_days_of_silence_make_a_claim_complete(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 3, 2))
    async with pool.acquire() as connection, connection.transaction():
        letter = await an_emergency_stay(
            connection, family, at=wib(2026, 3, 3), estimated_tariff=2_800_000
        )
        key = await open_facility_claim(
            connection,
            NewFacilityClaim(
                family_id=family.family_id,
                care_number=letter.letter_number,
                served_on=date(2026, 3, 5),
                amount=Rupiah(1_000_000),
            ),
            by="rs",
            at=wib(2026, 3, 6),
        )
        await submit(connection, key, Act(by="rs", reason="Maret", at=wib(2026, 3, 6)))

    await comes(workers, clock, wib(2026, 3, 16, 23, 59))
    on_the_tenth_day = await pool.fetchval(STATE)
    await comes(workers, clock, wib(2026, 3, 17, 0, 1))

    assert (on_the_tenth_day, await pool.fetchval(STATE)) == ("SUBMITTED", "VERIFYING")


async def test_a_complaint_is_escalated_once_behind_its_last_day(
    pool: Pool, workers: WorkerServices, clock: StandingClock
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        complaint = NewComplaint(
            channel=ComplaintChannel.PHONE,
            category=ComplaintCategory.SERVICE,
            reporter_name="BUNGA CONTOH",
            reporter_contact="bunga@example.org",
            text="Loket tutup",
        )
        await receive(connection, complaint, by="loket", at=wib(2026, 6, 8))
    last_day = await pool.fetchval("SELECT answer_by FROM complaint")

    await comes(workers, clock, wib(last_day.year, last_day.month, last_day.day, 23, 59))
    before = await pool.fetchval(ESCALATED)
    await comes(workers, clock, wib(last_day.year, last_day.month, last_day.day + 1, 0, 1))
    await comes(workers, clock, wib(last_day.year, last_day.month, last_day.day + 2))

    assert (before, await pool.fetchval(ESCALATED)) == (0, 1)
