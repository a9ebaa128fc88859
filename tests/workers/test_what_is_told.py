"""Each event finds its family at its time, and not when it is no longer true."""

import pytest

from iuran.core.clock import StandingClock
from iuran.core.complaints.handling import answer, assign, receive
from iuran.core.complaints.records import ComplaintCategory, ComplaintChannel, NewComplaint
from iuran.core.database.pool import Pool
from iuran.payments.instalment_plans import register_plan
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.moments import wib
from tests.workers.conftest import Mailbox
from tests.workers.stories import a_paying_family, comes, states, text_of

TELL = """
    INSERT INTO outbox (family_id, kind, payload, occurred_at) VALUES (1, $1, $2, $3)
"""


async def test_after_the_10th_and_before_the_months_end_who_owes_is_told(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 2))
    mailbox.messages.clear()

    for day in (15, 25, 27, 28):
        await comes(workers, clock, wib(2026, 2, day))

    told = [text_of(message) for message in mailbox.messages]
    assert len(told) == 3
    assert "belum kami terima" in told[0]
    assert all("28 Februari 2026" in text for text in told)
    assert "hari yang menentukan" in told[2]


async def test_on_the_1st_who_did_not_pay_is_told_of_the_suspension_in_the_morning(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 28, 23, 59))
    mailbox.messages.clear()

    await comes(workers, clock, wib(2026, 3, 1, 0, 1))
    at_night = len(mailbox.messages)
    await comes(workers, clock, wib(2026, 3, 1, 8))

    (message,) = mailbox.messages
    assert at_night == 0
    assert "berhenti sementara sejak 1 Maret 2026" in text_of(message)
    assert "Rp280.000" in text_of(message)


async def test_who_paid_in_that_night_is_not_told_that_he_is_suspended(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    bank, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 3, 1, 0, 1))
    mailbox.messages.clear()

    await pays_what_it_owes(pool, bank, account, at=wib(2026, 3, 1, 7))
    await comes(workers, clock, wib(2026, 3, 1, 8))

    assert (await states(pool))["SUSPENDED"] == "CANCELLED PAID"
    assert [str(message["Subject"]) for message in mailbox.messages] == [
        "Kepesertaan JKN keluarga Anda aktif kembali"
    ]


async def test_three_days_before_the_window_closes_its_family_is_told(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    bank, _, account = await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 3, 1))
    await pays_what_it_owes(pool, bank, account, at=wib(2026, 3, 1, 10))
    await comes(workers, clock, wib(2026, 3, 1, 11))
    last_day = await pool.fetchval("SELECT last_day FROM fine_window")
    await comes(workers, clock, wib(last_day.year, last_day.month, last_day.day - 4))
    mailbox.messages.clear()

    for day in range(last_day.day - 3, last_day.day + 2):
        await comes(workers, clock, wib(last_day.year, last_day.month, day))

    told = [message for message in mailbox.messages if "Masa denda" in str(message["Subject"])]
    assert len(told) == 1
    assert (await states(pool))["WINDOW_CLOSING"] == "SENT"


async def test_a_step_of_a_plan_is_told_of_and_the_bills_in_it_are_not(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 7, 2))
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(connection, 1, 1, steps=2, registered_by="Ani", at=wib(2026, 7, 2))
    mailbox.messages.clear()

    for day in (3, 7, 15, 24, 28, 30):
        await comes(workers, clock, wib(2026, 7, day))

    told = [str(message["Subject"]) for message in mailbox.messages]
    assert told == ["Angsuran ke-1 iuran JKN Anda"] * 2
    assert "Angsuran ke-1 dari 2" in text_of(mailbox.messages[0])


async def test_a_failed_debit_is_told_while_the_bill_is_open(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 2, 20))
    mailbox.messages.clear()
    payload = {"membership_id": 1, "coverage_month": 24313, "attempts": 2}

    await pool.execute(TELL, "autodebit.failed", payload, wib(2026, 2, 21, 6))
    await comes(workers, clock, wib(2026, 2, 21, 8))

    (message,) = mailbox.messages
    assert "Rp140.000" in text_of(message)
    assert "paling lambat 28 Februari 2026" in text_of(message)


@pytest.mark.parametrize("segment", ["PBPU_SELF", "PPU_ENTERPRISE", "PBI_APBN"])
async def test_a_claim_that_moves_is_told_whoever_pays_the_contribution(
    pool: Pool, workers: WorkerServices, clock: StandingClock, mailbox: Mailbox, segment: str
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 1, 20))
    await pool.execute("UPDATE membership SET segment = $1", segment)
    mailbox.messages.clear()
    payload = {"claim_id": 1, "state": "APPROVED", "day": "2026-01-12"}

    await pool.execute(TELL, "claim.moved", payload, wib(2026, 1, 21, 10))
    await comes(workers, clock, wib(2026, 1, 21, 10))

    (message,) = mailbox.messages
    assert "pelayanan tanggal 12 Januari 2026 kini disetujui" in text_of(message)


@pytest.mark.parametrize("family_id", [1, None])
async def test_an_answered_complaint_is_told_to_the_family_that_made_it(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    mailbox: Mailbox,
    family_id: int | None,
) -> None:
    await a_paying_family(pool)
    await comes(workers, clock, wib(2026, 1, 20))
    mailbox.messages.clear()
    complaint = NewComplaint(
        channel=ComplaintChannel.WEB,
        category=ComplaintCategory.CONTRIBUTION,
        reporter_name="BUNGA CONTOH",
        reporter_contact="bunga@example.org",
        family_id=family_id,
        text="Why?",
    )

    async with pool.acquire() as connection, connection.transaction():
        key = await receive(connection, complaint, by="web", at=wib(2026, 1, 20))
        await assign(connection, key, to="Ani", by="Budi", at=wib(2026, 1, 20))
        await answer(connection, key, "Because.", by="Ani", at=wib(2026, 1, 21))
    await comes(workers, clock, wib(2026, 1, 21, 9))

    told = [text_of(message) for message in mailbox.messages]
    assert len(told) == (family_id is not None)
    assert all("Pengaduan Anda tanggal 20 Januari 2026" in text for text in told)
    assert all("Because" not in text for text in told)
