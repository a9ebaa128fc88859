"""A payment that a bank has otherwise than we is disputed visibly, once, and never booked."""

import asyncio
from datetime import timedelta

import pytest

from iuran.core.money import Rupiah
from iuran.payments.lost.disputes import DisputedPayment, disputed_payments
from iuran.payments.simulation.bank import SimulatedBank
from tests.payments.lost.conftest import Books
from tests.payments.snap.conftest import Debtor

NOBODY = "09999999999"


async def _disputed(books: Books) -> list[tuple[str, int, int, str | None]]:
    return [
        (one.reference, one.amount, one.our_amount, one.our_result) for one in await _all(books)
    ]


async def _all(books: Books) -> tuple[DisputedPayment, ...]:
    at = books.clock.now()
    async with books.pool.acquire() as connection:
        return await disputed_payments(
            connection, since=at - timedelta(days=1), until=at + timedelta(seconds=1)
        )


def _takes(books: Books, number: str, amount: int) -> None:
    books.server.books.take(number, Rupiah(amount), reference="P1", paid_at=books.clock.now())


async def test_a_payment_that_we_refused_is_disputed_once_and_nothing_is_booked(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    refused = await bank.pay(debtor.customer_number, Rupiah(1_000), request_id="P1")
    _takes(books, debtor.customer_number, 1_000)
    books.later(minutes=5)

    first, again = await books.search(), await books.search()

    assert refused.code == "4042513"
    assert (first.found, first.disputed, again.disputed) == (0, 1, 0)
    assert await _disputed(books) == [("P1", 1_000, 1_000, "AMOUNT_MISMATCH")]
    assert await books.collected() == 0


async def test_a_report_that_names_one_reference_with_two_sums_is_booked_once_and_disputed(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    _takes(books, debtor.customer_number, debtor.owes)
    _takes(books, debtor.customer_number, debtor.owes * 2)
    _takes(books, debtor.customer_number, debtor.owes)
    books.later(minutes=5)

    result = await books.search()
    late = await bank.pay(debtor.customer_number, Rupiah(debtor.owes), request_id="P1")
    other = await bank.pay(debtor.customer_number, Rupiah(debtor.owes * 2), request_id="P1")

    assert (result.reported, result.found, result.disputed) == (3, 1, 1)
    assert await _disputed(books) == [("P1", debtor.owes * 2, debtor.owes, "SETTLED")]
    assert await books.collected() == debtor.owes
    assert (late.code, other.code) == ("2002500", "4042518")


@pytest.mark.parametrize("told_at_once", [True, False])
async def test_one_reference_for_two_accounts_pays_one_and_disputes_the_other(
    books: Books, debtor: Debtor, *, told_at_once: bool
) -> None:
    _takes(books, debtor.customer_number, debtor.owes)
    if not told_at_once:
        books.later(minutes=5)
        await books.search()
    _takes(books, NOBODY, debtor.owes)
    books.later(minutes=5)

    result = await books.search()

    (disputed,) = await _all(books)
    assert result.disputed == 1
    assert (disputed.customer_number, disputed.our_customer_number) == (
        NOBODY,
        debtor.customer_number,
    )
    assert await books.collected() == debtor.owes


async def test_searches_at_once_that_contradict_a_notification_say_so_once(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    """Whoever comes first is booked; the other is refused as inconsistent, or disputed."""
    _takes(books, debtor.customer_number, debtor.owes * 2)
    books.later(minutes=5)
    await bank.token()

    searches, paid = await asyncio.gather(
        asyncio.gather(*(books.search() for _ in range(4))),
        bank.pay(debtor.customer_number, Rupiah(debtor.owes), request_id="P1"),
    )

    disputed = sum(one.disputed for one in searches)
    assert disputed + (paid.code == "4042518") == 1
    assert await books.collected() in {debtor.owes, debtor.owes * 2}
