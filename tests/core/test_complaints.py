import asyncio
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.care.tariffs import estimated_tariff
from iuran.core.complaints.handling import (
    answer,
    assign,
    complaint_of,
    open_complaints,
    receive,
)
from iuran.core.complaints.records import (
    ComplaintCategory,
    ComplaintChannel,
    ComplaintClosedError,
    ComplaintKey,
    ComplaintState,
    ComplaintUnknownError,
    NewComplaint,
    answer_by,
)
from iuran.core.complaints.satisfaction import SatisfactionSubject, rate
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import InvalidInputError
from iuran.core.information.offices import care_centre, offices, offices_in
from iuran.core.regulation.rates import NoRuleError
from iuran.core.segments import CareClass
from iuran.core.working_days import is_working_day
from tests.moments import wib


def a_complaint(text: str = "The clinic was closed.") -> NewComplaint:
    return NewComplaint(
        channel=ComplaintChannel.PHONE,
        category=ComplaintCategory.FACILITY,
        reporter_name="BUNGA CONTOH",
        reporter_contact="bunga@example.org",
        text=text,
    )


async def test_a_complaint_is_received_assigned_and_answered_once(
    connection: Connection,
) -> None:
    key = await receive(connection, a_complaint(), by="loket", at=wib(2026, 3, 16, 23, 59))
    with pytest.raises(ComplaintClosedError):
        await answer(connection, key, "too soon", by="ani", at=wib(2026, 3, 17))
    await assign(connection, key, to="ani", by="kepala", at=wib(2026, 3, 17))
    await assign(connection, key, to="budi", by="kepala", at=wib(2026, 3, 17))
    waiting = await complaint_of(connection, key)
    await answer(connection, key, "It is open again.", by="budi", at=wib(2026, 3, 27))
    answered = await complaint_of(connection, key)

    for step in (
        assign(connection, key, to="cici", by="kepala", at=wib(2026, 3, 28)),
        answer(connection, key, "again", by="budi", at=wib(2026, 3, 28)),
    ):
        with pytest.raises(ComplaintClosedError):
            await step
    assert (waiting.state, waiting.assigned_to) == (ComplaintState.ASSIGNED, "budi")
    assert waiting.answer_by == date(2026, 3, 30)
    assert answered.state is ComplaintState.ANSWERED
    assert not answered.is_late_on(date(2027, 1, 1))
    assert waiting.is_late_on(date(2026, 3, 31))
    was = await connection.fetch("SELECT was, state FROM complaint_event ORDER BY event_id")
    assert [tuple(row) for row in was] == [
        (None, "RECEIVED"),
        ("RECEIVED", "ASSIGNED"),
        ("ASSIGNED", "ASSIGNED"),
        ("ASSIGNED", "ANSWERED"),
    ]


async def test_open_complaints_come_by_urgency_page_by_page(connection: Connection) -> None:
    keys = [
        await receive(connection, a_complaint(), by="loket", at=wib(2026, 3, day))
        for day in (4, 2, 3)
    ]
    await assign(connection, keys[0], to="ani", by="kepala", at=wib(2026, 3, 5))

    first = await open_complaints(connection, limit=2)
    rest = await open_complaints(connection, after=first[-1], limit=2)

    assert [c.key for c in (*first, *rest)] == [keys[1], keys[2], keys[0]]


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
async def test_a_complaint_says_something(connection: Connection, text: str) -> None:
    with pytest.raises(InvalidInputError):
        await receive(connection, a_complaint(text), by="loket", at=wib(2026, 3, 2))
    with pytest.raises(ComplaintUnknownError):
        await complaint_of(connection, ComplaintKey(bucket=1, complaint_id=1))


async def test_of_many_answers_at_once_one_counts(pool: Pool) -> None:
    async with pool.acquire() as connection:
        key = await receive(connection, a_complaint(), by="loket", at=wib(2026, 3, 2))
        await assign(connection, key, to="ani", by="kepala", at=wib(2026, 3, 2))

    async def try_it(number: int) -> bool:
        async with pool.acquire() as connection, connection.transaction():
            try:
                await answer(connection, key, f"{number}", by="ani", at=wib(2026, 3, 3))
            except ComplaintClosedError:
                return False
            return True

    assert sum(await asyncio.gather(*(try_it(n) for n in range(8)))) == 1


@given(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_an_answer_is_due_after_five_working_days(day: date) -> None:
    due = answer_by(day)

    days = [date.fromordinal(n) for n in range(day.toordinal() + 1, due.toordinal() + 1)]
    assert sum(map(is_working_day, days)) == 5
    assert is_working_day(due)


@pytest.mark.parametrize("score", [0, 6])
async def test_satisfaction_goes_from_one_to_five(connection: Connection, score: int) -> None:
    await rate(connection, SatisfactionSubject.CLAIM, score=5, at=wib(2026, 3, 2))

    with pytest.raises(InvalidInputError):
        await rate(connection, SatisfactionSubject.CLAIM, score=score, at=wib(2026, 3, 2))


def test_people_find_an_office_and_a_number() -> None:
    assert care_centre().phone == "165"
    assert set(care_centre().channels) == {channel.value for channel in ComplaintChannel}
    assert [office.code for office in offices_in("provinsi CONTOH")] == ["9901", "9901K"]
    assert len(offices()) == 3


def test_a_package_has_its_tariff_by_class() -> None:
    day = date(2026, 3, 2)

    assert estimated_tariff("E-4-10-I", CareClass.I, admitted_on=day) == 5_202_500
    assert estimated_tariff("A-4-12-I", CareClass.III, admitted_on=day) == 2_800_000
    with pytest.raises(NoRuleError):
        estimated_tariff("Z-9-99-I", CareClass.I, admitted_on=day)
    with pytest.raises(NoRuleError):
        estimated_tariff("A-4-12-I", CareClass.I, admitted_on=date(2015, 12, 31))
