"""A dispute ends by two persons, once; money that we had not booked is booked by it."""

import asyncio
from datetime import timedelta

import pytest

from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.lost.closing import (
    ClosedDispute,
    DisputeBookedError,
    DisputeClosedError,
    DisputeOutcome,
    DisputeUnknownError,
    approve_closing,
    propose_closing,
)
from iuran.payments.lost.disputes import DisputedPayment, disputed_payments, waiting_closings
from iuran.payments.settlement import Result
from iuran.payments.simulation.bank import SimulatedBank
from tests.payments.lost.conftest import Books
from tests.payments.snap.conftest import Debtor

NOBODY = "09999999999"


async def proposes(
    books: Books, number: int, outcome: DisputeOutcome, *, by: str = "ani", reason: str = "mutasi"
) -> int:
    async with books.pool.acquire() as connection, connection.transaction():
        return await propose_closing(
            connection, number, outcome=outcome, reason=reason, by=by, at=books.clock.now()
        )


async def approves(books: Books, number: int, proposal: int, *, by: str = "budi") -> ClosedDispute:
    async with books.pool.acquire() as connection, connection.transaction():
        return await approve_closing(connection, number, proposal, by=by, at=books.clock.now())


async def closes(books: Books, number: int, outcome: DisputeOutcome) -> ClosedDispute:
    return await approves(books, number, await proposes(books, number, outcome))


async def the_dispute(books: Books, *, is_closed: bool) -> DisputedPayment:
    at = books.clock.now()
    async with books.pool.acquire() as connection:
        (found,) = await disputed_payments(
            connection,
            since=at - timedelta(days=1),
            until=at + timedelta(seconds=1),
            channel="bca",
            is_closed=is_closed,
        )
    return found


async def a_refused_payment(books: Books, bank: SimulatedBank, debtor: Debtor) -> DisputedPayment:
    """We refused 70,000, and the bank took the money all the same."""
    await bank.pay(debtor.customer_number, Rupiah(debtor.owes * 2), request_id="P1")
    return await a_dispute(books, debtor.customer_number, debtor.owes * 2)


async def a_dispute(books: Books, number: str, amount: int) -> DisputedPayment:
    books.server.books.take(number, Rupiah(amount), reference="P1", paid_at=books.clock.now())
    books.later(minutes=5)
    await books.search()
    return await the_dispute(books, is_closed=False)


async def test_a_closed_dispute_says_how_by_whom_and_why_and_moves_nothing(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    dispute = await a_refused_payment(books, bank, debtor)

    closed = await closes(books, dispute.dispute_id, DisputeOutcome.REFUNDED_BY_BANK)
    again = await books.search()

    found = await the_dispute(books, is_closed=True)
    assert (closed.outcome, closed.booked) == (DisputeOutcome.REFUNDED_BY_BANK, None)
    assert (found.outcome, found.closed_by, found.closed_because) == (
        "REFUNDED_BY_BANK",
        "budi",
        "mutasi",
    )
    assert (again.found, again.disputed, await books.collected()) == (0, 0, 0)


async def test_money_that_we_refused_and_the_bank_took_is_booked_by_closing(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    dispute = await a_refused_payment(books, bank, debtor)

    closed = await closes(books, dispute.dispute_id, DisputeOutcome.BOOKED)

    assert closed.booked is not None
    assert (closed.booked.amount, closed.booked.result) == (debtor.owes * 2, Result.SETTLED)
    assert await books.collected() == debtor.owes * 2
    assert (await bank.inquire(debtor.customer_number)).code == "4042414"


async def test_of_more_than_we_booked_the_rest_is_booked(books: Books, debtor: Debtor) -> None:
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=books.clock.now()
    )
    dispute = await a_dispute(books, debtor.customer_number, debtor.owes * 3)

    closed = await closes(books, dispute.dispute_id, DisputeOutcome.BOOKED)

    assert closed.booked is not None
    assert (closed.booked.amount, closed.booked.result) == (debtor.owes * 2, Result.CREDITED)
    assert await books.collected() == debtor.owes * 3


async def test_of_another_account_all_is_booked_and_waits_in_suspense_if_nobody_has_it(
    books: Books, debtor: Debtor
) -> None:
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=books.clock.now()
    )
    dispute = await a_dispute(books, NOBODY, debtor.owes)

    closed = await closes(books, dispute.dispute_id, DisputeOutcome.BOOKED)

    assert closed.booked is not None
    assert (closed.booked.reference, closed.booked.result) == (
        f"P1#{dispute.dispute_id}",
        Result.IN_SUSPENSE,
    )
    assert await books.collected() == debtor.owes * 2


async def test_less_than_we_booked_leaves_nothing_to_book(books: Books, debtor: Debtor) -> None:
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=books.clock.now()
    )
    dispute = await a_dispute(books, debtor.customer_number, 1_000)

    with pytest.raises(DisputeBookedError, match="another outcome"):
        await proposes(books, dispute.dispute_id, DisputeOutcome.BOOKED)

    assert await books.collected() == debtor.owes


async def test_two_persons_close_a_dispute_and_the_first_alone_closes_nothing(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    dispute = await a_refused_payment(books, bank, debtor)
    proposal = await proposes(books, dispute.dispute_id, DisputeOutcome.BOOKED)

    with pytest.raises(SecondPersonError):
        await approves(books, dispute.dispute_id, proposal, by="ani")
    async with books.pool.acquire() as connection:
        (waiting,) = await waiting_closings(connection)

    assert (waiting.proposal_id, waiting.outcome, waiting.proposed_by) == (
        proposal,
        "BOOKED",
        "ani",
    )
    assert (await the_dispute(books, is_closed=False)).closed_at is None
    assert await books.collected() == 0


async def test_approvals_at_once_book_once(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    dispute = await a_refused_payment(books, bank, debtor)
    proposals = [
        await proposes(books, dispute.dispute_id, outcome)
        for outcome in (DisputeOutcome.BOOKED, DisputeOutcome.BANK_CORRECTED, DisputeOutcome.BOOKED)
    ]

    done = await asyncio.gather(
        *(approves(books, dispute.dispute_id, one) for one in proposals), return_exceptions=True
    )

    (closed,) = [one for one in done if isinstance(one, ClosedDispute)]
    assert sum(isinstance(one, DisputeClosedError) for one in done) == 2
    assert await books.collected() == (0 if closed.booked is None else debtor.owes * 2)


async def test_what_cannot_be_closed_is_refused_by_name(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    dispute = await a_refused_payment(books, bank, debtor)
    number, outcome = dispute.dispute_id, DisputeOutcome.BANK_CORRECTED

    with pytest.raises(DisputeUnknownError):
        await proposes(books, number + 99, outcome)
    with pytest.raises(InvalidInputError):
        await proposes(books, number, outcome, reason=" ")
    with pytest.raises(NothingToApproveError):
        await approves(books, number, 999)
    await closes(books, number, outcome)
    with pytest.raises(DisputeClosedError):
        await proposes(books, number, outcome)
