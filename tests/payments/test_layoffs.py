"""A laid-off worker keeps his benefits for six months without contribution."""

import asyncio
from datetime import date, datetime

import pytest

from iuran.core.care.cover import cover_at, window_at
from iuran.core.database.pool import Pool
from iuran.core.employers.employment import EmploymentKey
from iuran.core.employers.layoffs import (
    LayoffPapersMissingError,
    NotLaidOffError,
    approve_layoff,
    end_layoff,
    propose_layoff,
)
from iuran.core.employers.reports import end_employment
from iuran.core.enrolment import AlreadyInsuredError, open_membership
from iuran.core.errors import InvalidInputError
from iuran.core.explanations.status import explain_status
from iuran.core.fines import Debtor
from iuran.core.manual_changes import ChangeApprovedError
from iuran.core.membership_history import status_at, was_covered
from iuran.core.months import CoverageMonth
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass, Segment
from iuran.payments.ledger import disagreements
from iuran.payments.segment_moves import ToSelfPaid, move_to_self_paid
from tests.builders import a_channel
from tests.moments import wib
from tests.payments.payers import HR, Worker, an_employer, employer_pays, hired, roll

PAPERS = ("LAYOFF_LETTER_RECEIVED", "LABOUR_OFFICE_RECEIPT")
LAST = CoverageMonth(2025, 8)  # the six months are September to February
REPORTED = wib(2025, 8, 20)


async def a_leaver(pool: Pool, *, members: int = 3) -> Worker:
    """A worker whose employment ends with August 2025; his employer has paid."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2025, 6, 1))
    worker = await hired(pool, employer, wage=6_000_000, members=members, at=wib(2025, 6, 2))
    await roll(pool, wib(2025, 8, 1))
    await employer_pays(pool, channel, number, at=wib(2025, 8, 5))
    async with pool.acquire() as connection, connection.transaction():
        await end_employment(connection, worker.key, LAST, HR, at=REPORTED)
    return worker


async def proposed(pool: Pool, worker: Worker, *, at: datetime = REPORTED) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await propose_layoff(connection, worker.key, PAPERS, HR, at)


async def approved(
    pool: Pool, worker: Worker, change_id: int, *, by: str = "kepala", at: datetime = REPORTED
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_layoff(
            connection, worker.key.family_id, change_id, approved_by=by, at=at
        )


async def laid_off(pool: Pool, worker: Worker, *, at: datetime = REPORTED) -> EmploymentKey:
    change_id = await proposed(pool, worker, at=at)
    return EmploymentKey(worker.key.family_id, await approved(pool, worker, change_id, at=at))


async def test_the_whole_family_is_covered_for_six_months_and_then_no_more(pool: Pool) -> None:
    worker = await a_leaver(pool)
    await laid_off(pool, worker)

    for at in (wib(2025, 9, 1, 0, 1), wib(2026, 2, 10)):
        await roll(pool, at)

    async with pool.acquire() as connection:
        for person in worker.family.participants:
            who = (worker.key.family_id, person.participant_id)
            assert await was_covered(connection, *who, at=wib(2025, 8, 31, 23, 59))
            assert await was_covered(connection, *who, at=wib(2025, 9, 1, 0, 0))
            assert await was_covered(connection, *who, at=wib(2026, 2, 28, 23, 59))
            assert not await was_covered(connection, *who, at=wib(2026, 3, 1, 0, 0))


@pytest.mark.parametrize("has_run", [True, False], ids=["run on time", "run never came"])
async def test_when_the_six_months_are_over_the_status_says_so(
    pool: Pool, *, has_run: bool
) -> None:
    worker = await a_leaver(pool)
    key = await laid_off(pool, worker)
    head = worker.family.participants[0].participant_id
    at = wib(2026, 3, 1, 0, 0)
    if has_run:
        await roll(pool, at)

    async with pool.acquire() as connection:
        status = await status_at(connection, key.family_id, head, at=at)
        told = await explain_status(connection, key.family_id, head, at=at)

    assert status is not None
    assert (status.covered, status.cause, status.since) == (False, "LAYOFF_ENDED", at)
    assert "the end of the benefits after a layoff" in told.reasons[0].english


async def test_a_late_employers_window_goes_on_after_the_layoff(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2025, 6, 1))
    worker = await hired(pool, employer, wage=6_000_000, at=wib(2025, 6, 2))
    await employer_pays(pool, channel, number, at=wib(2025, 6, 5))
    await roll(pool, wib(2025, 8, 20))
    await employer_pays(pool, channel, number, at=wib(2025, 8, 20))  # July closed unpaid
    async with pool.acquire() as connection, connection.transaction():
        await end_employment(connection, worker.key, LAST, HR, at=REPORTED)
    await laid_off(pool, worker, at=wib(2025, 8, 21))
    head = worker.family.participants[0].participant_id

    async with pool.acquire() as connection:
        cover = await cover_at(
            connection, family_id=worker.key.family_id, participant_id=head, at=wib(2025, 9, 10)
        )
        assert cover is not None
        window = await window_at(connection, cover, at=wib(2025, 9, 10))

    assert cover.membership_id != worker.key.membership_id
    assert window is not None
    assert window.debtor is Debtor.EMPLOYER
    assert (window.arrears_months, window.holds(date(2025, 10, 4))) == (1, True)


async def test_what_the_employer_pays_during_the_benefits_opens_no_window(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, at=wib(2025, 6, 1))
    worker = await hired(pool, employer, wage=6_000_000, at=wib(2025, 6, 2))
    await hired(pool, employer, wage=6_000_000, at=wib(2025, 6, 2))
    await employer_pays(pool, channel, number, at=wib(2025, 6, 5))
    await roll(pool, wib(2025, 8, 20))
    async with pool.acquire() as connection, connection.transaction():
        await end_employment(connection, worker.key, LAST, HR, at=REPORTED)
    await laid_off(pool, worker, at=REPORTED)
    await roll(pool, wib(2025, 10, 3))
    assert (await employer_pays(pool, channel, number, at=wib(2025, 10, 3))).is_settled
    head = worker.family.participants[0].participant_id

    async with pool.acquire() as connection:
        cover = await cover_at(
            connection, family_id=worker.key.family_id, participant_id=head, at=wib(2025, 10, 10)
        )
        assert cover is not None
        assert cover.state.value == "ACTIVE"
        assert await window_at(connection, cover, at=wib(2025, 10, 10)) is None
        opened = await connection.fetchval("SELECT count(*) FROM fine_window")
    assert opened >= 1


async def test_cover_and_its_explanation_name_the_layoff(pool: Pool) -> None:
    worker = await a_leaver(pool)
    key = await laid_off(pool, worker)
    head = worker.family.participants[0].participant_id
    at = wib(2025, 12, 31, 23, 59)
    await roll(pool, at)

    async with pool.acquire() as connection:
        cover = await cover_at(connection, family_id=key.family_id, participant_id=head, at=at)
        status = await status_at(connection, key.family_id, head, at=at)
        told = await explain_status(connection, key.family_id, head, at=at)

    assert cover is not None
    assert status is not None
    assert (cover.membership_id, cover.state.value) == (key.membership_id, "ACTIVE")
    assert cover.care_class is worker.care_class
    assert status.cause == "LAYOFF"
    assert any("without contribution through 2026-02" in r.english for r in told.reasons)


async def test_nobody_is_billed_and_it_becomes_inactive_once(pool: Pool) -> None:
    worker = await a_leaver(pool)
    key = await laid_off(pool, worker)

    for at in (wib(2026, 3, 1, 0, 1), wib(2026, 3, 1, 0, 2), wib(2026, 4, 3)):
        await roll(pool, at)

    async with pool.acquire() as connection:
        state = await connection.fetchval(
            "SELECT state FROM membership WHERE family_id = $1 AND membership_id = $2", *key
        )
        ends = await connection.fetchval(
            "SELECT array_agg(effective_at) FROM membership_event"
            " WHERE family_id = $1 AND membership_id = $2 AND cause = 'LAYOFF_ENDED'",
            *key,
        )
        bills = await connection.fetchval(
            "SELECT (SELECT count(*) FROM bill WHERE family_id = $1)"
            " + (SELECT count(*) FROM employee_contribution"
            "    WHERE family_id = $1 AND coverage_month > $2)",
            key.family_id,
            LAST.ordinal,
        )
        assert not await disagreements(connection)
    assert state == "INACTIVE_SEGMENT_CHANGE"
    assert ends == [wib(2026, 3, 1, 0)]
    assert bills == 0


async def test_papers_that_come_late_cover_from_the_month_behind_the_employment(
    pool: Pool,
) -> None:
    worker = await a_leaver(pool)
    head = worker.family.participants[0].participant_id
    late = wib(2025, 11, 12)
    await roll(pool, late)

    await laid_off(pool, worker, at=late)

    async with pool.acquire() as connection:
        assert await was_covered(connection, worker.key.family_id, head, at=wib(2025, 9, 3))
        assert await was_covered(connection, worker.key.family_id, head, at=late)
        assert not await disagreements(connection)


async def test_one_person_alone_gives_nothing(pool: Pool) -> None:
    worker = await a_leaver(pool)
    change_id = await proposed(pool, worker)

    with pytest.raises(SecondPersonError):
        await approved(pool, worker, change_id, by=HR.by)

    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM layoff") == 0


async def test_a_layoff_is_given_once_also_when_many_approve(pool: Pool) -> None:
    worker = await a_leaver(pool)
    first, second = await proposed(pool, worker), await proposed(pool, worker)

    found = await asyncio.gather(
        *(approved(pool, worker, c) for c in (first, first, second)), return_exceptions=True
    )

    assert sum(isinstance(one, int) for one in found) == 1
    refused = [one for one in found if not isinstance(one, int)]
    assert all(isinstance(one, NotLaidOffError | ChangeApprovedError) for one in refused)


@pytest.mark.parametrize(
    ("papers", "error"),
    [
        (("RESIGNATION_LETTER", *PAPERS), NotLaidOffError),
        (("LAYOFF_LETTER_RECEIVED", "JOINT_AGREEMENT"), LayoffPapersMissingError),
        ((), LayoffPapersMissingError),
        (("NAPKIN",), InvalidInputError),
    ],
)
async def test_papers_have_to_prove_a_layoff(
    pool: Pool, papers: tuple[str, ...], error: type[Exception]
) -> None:
    worker = await a_leaver(pool)

    with pytest.raises(error):
        async with pool.acquire() as connection, connection.transaction():
            await propose_layoff(connection, worker.key, papers, HR, REPORTED)


async def test_an_employment_that_runs_and_months_that_are_over_give_nothing(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2025, 6, 1))
    running = await hired(pool, employer, wage=6_000_000, at=wib(2025, 6, 2))
    worker = await a_leaver(pool)

    await proposed(pool, worker, at=wib(2026, 2, 28, 23, 59))
    for one in (running, worker):
        with pytest.raises(NotLaidOffError):
            await proposed(pool, one, at=wib(2026, 3, 1, 0, 0))


async def test_who_has_found_work_is_not_covered_twice(pool: Pool) -> None:
    worker = await a_leaver(pool, members=1)
    change_id = await proposed(pool, worker)
    head = worker.family.participants[0].participant_id
    at = wib(2025, 9, 3)
    await roll(pool, at)
    async with pool.acquire() as connection, connection.transaction():
        await open_membership(
            connection,
            family_id=worker.key.family_id,
            segment=Segment.PPU_ENTERPRISE,
            care_class=CareClass.I,
            participant_ids=[head],
            at=at,
        )

    with pytest.raises(AlreadyInsuredError):
        await approved(pool, worker, change_id, at=at)


async def test_it_ends_early_when_somebody_else_insures_the_family(pool: Pool) -> None:
    worker = await a_leaver(pool)
    key = await laid_off(pool, worker)
    at = wib(2025, 11, 2)
    people = [p.participant_id for p in worker.family.participants]

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(InvalidInputError):
            await end_layoff(connection, key, CoverageMonth(2025, 9), HR, at=at)
        await end_layoff(connection, key, CoverageMonth(2025, 10), HR, at=at)
        await open_membership(
            connection,
            family_id=key.family_id,
            segment=Segment.PPU_ENTERPRISE,
            care_class=CareClass.I,
            participant_ids=people,
            at=at,
        )
    await roll(pool, at)

    async with pool.acquire() as connection:
        assert await was_covered(connection, key.family_id, people[0], at=wib(2025, 10, 31))
        assert not await was_covered(connection, key.family_id, people[0], at=at)
        assert not await disagreements(connection)


async def test_afterwards_the_family_may_pay_for_itself_from_the_last_covered_month(
    pool: Pool,
) -> None:
    worker = await a_leaver(pool)
    await laid_off(pool, worker)
    people = [p.participant_id for p in worker.family.participants]
    covered = CoverageMonth(2026, 2)
    at = wib(2026, 2, 27)

    async with pool.acquire() as connection, connection.transaction():
        early = ToSelfPaid(
            participants=people,
            care_class=CareClass.III,
            last_covered_month=CoverageMonth(2025, 12),
        )
        with pytest.raises(AlreadyInsuredError):
            await move_to_self_paid(
                connection, worker.key.family_id, early, asked_by="keluarga", at=at
            )
        move = ToSelfPaid(participants=people, care_class=CareClass.III, last_covered_month=covered)
        membership_id = await move_to_self_paid(
            connection, worker.key.family_id, move, asked_by="keluarga", at=at
        )

    assert membership_id > worker.key.membership_id
