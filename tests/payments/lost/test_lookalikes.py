"""A payment pushed under one id and reported under another is held, never silently booked twice."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from iuran.core.money import Rupiah
from iuran.payments.lost.booking import SearchResult, book_told
from iuran.payments.lost.closing import DisputeBookedError, DisputeOutcome
from iuran.payments.lost.disputes import DisputedPayment, disputed_payments
from iuran.payments.lost.figures import lost_figures
from iuran.payments.lost.search import REPORT
from iuran.payments.money_held import held
from iuran.payments.settlement import Result
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.snap_client.answers import BankPayment
from iuran.payments.snap_client.peculiarities import Peculiarities
from tests.payments.lost.conftest import Books
from tests.payments.lost.test_closing import closes, proposes
from tests.payments.snap.conftest import Debtor


async def pushed_as_p1_reported_as_r1(
    books: Books, bank: SimulatedBank, debtor: Debtor, *, apart: timedelta = timedelta()
) -> None:
    at, owed = books.clock.now(), Rupiah(debtor.owes)
    await bank.pay(debtor.customer_number, owed, request_id="P1", paid_at=at)
    books.server.books.take(debtor.customer_number, owed, reference="R1", paid_at=at + apart)
    books.later(minutes=20)


async def disputes(books: Books) -> tuple[DisputedPayment, ...]:
    at = books.clock.now()
    async with books.pool.acquire() as connection:
        return await disputed_payments(
            connection, since=at - timedelta(days=1), until=at + timedelta(seconds=1)
        )


async def test_a_report_under_another_id_is_held_once_and_counted(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await pushed_as_p1_reported_as_r1(books, bank, debtor)

    first, again = await books.search(), await books.search()

    (dispute,) = await disputes(books)
    assert [(one.found, one.held) for one in (first, again)] == [(0, 1), (0, 0)]
    assert (dispute.reference, dispute.same_as, dispute.our_result) == ("R1", "P1", "SETTLED")
    assert await books.collected() == debtor.owes
    at = books.clock.now()
    async with books.pool.acquire() as connection:
        waits = await held(connection, at=at)
        (figures,) = await lost_figures(
            connection, since=at - timedelta(days=1), until=at + timedelta(seconds=1)
        )
    assert (waits.disputes, waits.disputed, figures.held) == (1, debtor.owes, 1)


@pytest.mark.parametrize(
    ("apart", "found"),
    [
        (timedelta(minutes=5), 0),
        (timedelta(minutes=-5), 0),
        (timedelta(minutes=5, seconds=1), 1),
        (timedelta(minutes=-5, seconds=-1), 1),
    ],
)
async def test_payments_of_one_account_and_sum_are_alike_within_five_minutes(
    books: Books, bank: SimulatedBank, debtor: Debtor, apart: timedelta, found: int
) -> None:
    books.later(minutes=10)
    await pushed_as_p1_reported_as_r1(books, bank, debtor, apart=apart)

    result = await books.search()

    assert (result.found, result.held) == (found, 1 - found)
    assert await books.collected() == debtor.owes * (1 + found)


async def test_a_held_payment_that_is_the_same_moves_nothing_and_is_never_looked_at_again(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await pushed_as_p1_reported_as_r1(books, bank, debtor)
    await books.search()
    (dispute,) = await disputes(books)

    await closes(books, dispute.dispute_id, DisputeOutcome.SAME_PAYMENT)
    again = await books.search()

    assert (again.found, again.held, again.disputed) == (0, 0, 0)
    assert await books.collected() == debtor.owes


async def test_a_held_payment_of_its_own_is_booked_under_its_own_id(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await pushed_as_p1_reported_as_r1(books, bank, debtor)
    await books.search()
    (dispute,) = await disputes(books)

    closed = await closes(books, dispute.dispute_id, DisputeOutcome.BOOKED)
    again = await books.search()
    late = await bank.notify(debtor.customer_number, Rupiah(debtor.owes), request_id="R1")

    assert closed.booked is not None
    assert (closed.booked.reference, closed.booked.result) == ("R1", Result.CREDITED)
    assert (again.found, again.held, late.code) == (0, 0, "2003400")
    assert await books.collected() == debtor.owes * 2


async def test_a_push_is_never_held_and_ends_the_doubt_about_what_was(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await pushed_as_p1_reported_as_r1(books, bank, debtor)
    await books.search()
    (dispute,) = await disputes(books)

    told = await bank.notify(debtor.customer_number, Rupiah(debtor.owes), request_id="R1")

    assert told.code == "2003400"
    assert await books.collected() == debtor.owes * 2
    with pytest.raises(DisputeBookedError):
        await proposes(books, dispute.dispute_id, DisputeOutcome.BOOKED)
    await closes(books, dispute.dispute_id, DisputeOutcome.SETTLED_OTHERWISE)
    assert await books.collected() == debtor.owes * 2


async def test_pushes_and_searches_at_once_book_each_push_and_hold_the_other_name(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await pushed_as_p1_reported_as_r1(books, bank, debtor)
    await bank.token()

    results = await asyncio.gather(
        *(books.search() for _ in range(4)),
        *(
            bank.notify(debtor.customer_number, Rupiah(debtor.owes), request_id=f"P{n}")
            for n in (2, 3)
        ),
    )

    assert sum(one.held for one in results if isinstance(one, SearchResult)) == 1
    assert await books.collected() == debtor.owes * 3


async def test_a_report_without_a_time_is_like_what_came_within_its_hours(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await pushed_as_p1_reported_as_r1(books, bank, debtor)
    undated = BankPayment(
        reference="R9",
        virtual_account=f"88888{debtor.customer_number}",
        amount=Rupiah(debtor.owes),
        paid_at=None,
        document={},
    )

    async def told(at: datetime, name: str) -> SearchResult:
        result = SearchResult()
        payment = replace(undated, reference=name)
        await book_told(books.pool, books.connected, [payment], result, at=at, of=REPORT)
        return result

    hours = Peculiarities().report_hours
    soon = await told(books.clock.now(), "R9")
    much_later = await told(books.clock.now() + timedelta(hours=hours), "R10")

    assert (soon.held, soon.found) == (1, 0)
    assert (much_later.held, much_later.found) == (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One payment of an account: whether it was pushed, and whether the report has its id."""

    is_pushed: bool
    is_reported_alike: bool


KINDS = (
    Paid(is_pushed=True, is_reported_alike=True),
    Paid(is_pushed=True, is_reported_alike=False),
    Paid(is_pushed=False, is_reported_alike=False),
)


@pytest.mark.usefixtures("debtor")
async def test_as_much_is_booked_as_was_paid_and_as_many_are_held_as_have_two_names(
    books: Books, bank: SimulatedBank
) -> None:
    """Of every account up to three payments of one sum, in every way in which they can be told."""
    lives = [life for length in (1, 2, 3) for life in product(KINDS, repeat=length)]
    at, sum_ = books.clock.now(), Rupiah(1_000)
    await bank.token()
    for account, life in enumerate(lives):
        number = f"{9_900_000_000 + account:011d}"
        for n, payment in enumerate(life):
            name = f"{account}-{n}"
            if payment.is_pushed:
                pushed = name if payment.is_reported_alike else f"{name}-pushed"
                await bank.notify(number, sum_, request_id=pushed, paid_at=at)
            books.server.books.take(number, sum_, reference=name, paid_at=at)
    books.later(minutes=5)

    result, again = await books.search(), await books.search()

    two_names = sum(p.is_pushed and not p.is_reported_alike for life in lives for p in life)
    assert await books.collected() == sum_ * sum(len(life) for life in lives)
    assert (result.held, again.held, again.found) == (two_names, 0, 0)
