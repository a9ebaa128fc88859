"""A payment that the bank has and we do not is found, once, whatever races with it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from iuran.core.clock import WIB
from iuran.core.money import Rupiah
from iuran.payments.credentials import ChannelUnknownError
from iuran.payments.lost.booking import SearchResult
from iuran.payments.lost.connections import BankConnection, NewConnection, connect, stop_search
from iuran.payments.lost.figures import due_searches, lost_figures
from iuran.payments.lost.search import search
from iuran.payments.lost.sources import PaymentSource
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap_client.answers import BankAnswer as Answer
from iuran.payments.snap_client.answers import BankPayment, BankRefusedError, Meaning
from iuran.payments.snap_client.peculiarities import Peculiarities
from iuran.payments.snap_client.reports import ReportPage
from tests.payments.lost.conftest import OURS, REAL, SECRET, Books
from tests.payments.snap.conftest import Biller, Debtor

UNREADABLE = "iuran_lost_lines_unreadable_total"
A_LINE: dict[str, object] = {
    "paymentRequestId": "P1",
    "virtualAccountNo": "   8888802233913523",
    "paidAmount": JsonObject({"value": "35000.00", "currency": "IDR"}),
    "trxDateTime": "2026-01-05T08:59:00+07:00",
}


async def test_an_inquiry_without_a_payment_is_asked_about_after_three_minutes(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number, request_id="P1")
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=books.clock.now()
    )
    switches = Peculiarities(pulls_report=False)
    books.connected = _with(books.connected, switches)

    books.later(minutes=2, seconds=59)
    early = await books.search()
    books.later(seconds=1)
    found = await books.search()
    again = await books.search()

    assert [(r.asked, r.found) for r in (early, found, again)] == [(0, 0), (1, 1), (0, 0)]
    assert await books.collected() == debtor.owes
    assert (await bank.inquire(debtor.customer_number)).code == "4042414"


async def test_a_payment_without_an_inquiry_is_in_the_report(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=books.clock.now()
    )
    books.later(minutes=5)

    found = await books.search()
    late = await bank.pay(debtor.customer_number, Rupiah(debtor.owes), request_id="P1")

    assert (found.asked, found.reported, found.found) == (0, 1, 1)
    assert (late.code, late.account["paymentFlagStatus"]) == ("2002500", "00")
    assert await books.collected() == debtor.owes
    async with books.pool.acquire() as connection:
        at = books.clock.now()
        (figures,) = await lost_figures(
            connection, since=at - timedelta(days=1), until=at + timedelta(seconds=1)
        )
    assert (figures.by_status, figures.by_report, figures.amount) == (0, 1, debtor.owes)
    assert figures.wait_max_seconds == 300


async def test_it_counts_from_the_banks_own_time(books: Books, debtor: Debtor) -> None:
    """Paid at 23:59 WIB on the last day of the month, found on the 1st: no month closed unpaid."""
    paid_at = datetime(2026, 1, 31, 23, 59, tzinfo=WIB)
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=paid_at
    )
    books.clock.set(datetime(2026, 2, 1, 0, 5, tzinfo=WIB))

    await books.search()

    async with books.pool.acquire() as connection:
        days = await connection.fetch("SELECT value_date FROM payment ORDER BY received_at")
        state = await connection.fetchval("SELECT state FROM membership")
    assert [str(row["value_date"]) for row in days][-1] == "2026-01-31"
    assert state == "ACTIVE"


async def test_notifications_that_race_with_the_search_take_effect_once(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number, request_id="P1")
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=books.clock.now()
    )
    books.later(minutes=5)
    await bank.token()

    results = await asyncio.gather(
        *(books.search() for _ in range(4)),
        *(bank.pay(debtor.customer_number, Rupiah(debtor.owes), request_id="P1") for _ in range(2)),
        *(
            bank.notify(debtor.customer_number, Rupiah(debtor.owes), request_id="P1")
            for _ in range(2)
        ),
    )

    codes = {r.code for r in results if isinstance(r, BankAnswer)}
    assert codes == {"2002500", "2003400"}
    assert sum(r.found for r in results if isinstance(r, SearchResult)) <= 1
    assert await books.collected() == debtor.owes


async def test_money_for_nobody_waits_in_suspense(books: Books, debtor: Debtor) -> None:
    books.server.books.take("00000000000", Rupiah(9_000), reference="P1", paid_at=books.clock.now())
    books.later(minutes=5)

    result = await books.search()

    assert result.found == 1
    assert await books.collected() == 9_000
    async with books.pool.acquire() as connection:
        held = await connection.fetchval("SELECT sum(amount) FROM suspense_item")
    assert held == 9_000
    assert debtor.customer_number != "00000000000"


async def test_a_line_without_money_does_not_keep_the_others_from_being_found(
    books: Books, debtor: Debtor
) -> None:
    now = books.clock.now()
    books.server.books.take(debtor.customer_number, Rupiah(0), reference="P0", paid_at=now)
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P1", paid_at=now
    )
    books.later(minutes=5)

    result = await books.search()

    assert (result.found, result.problems) == (1, [])
    assert await books.collected() == debtor.owes


@pytest.mark.parametrize("prefix", ["88888", "   88888", "00088888"])
async def test_the_company_code_may_be_padded(books: Books, debtor: Debtor, prefix: str) -> None:
    books.server.books.take(
        debtor.customer_number,
        Rupiah(debtor.owes),
        reference="P1",
        paid_at=books.clock.now(),
        prefix=prefix,
    )
    books.later(minutes=5)

    await books.search()

    async with books.pool.acquire() as connection:
        assert (
            await connection.fetchval(
                "SELECT result FROM payment_answer ORDER BY answered_at DESC LIMIT 1"
            )
            == "SETTLED"
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"paymentFlagStatus": None},
        {"paymentFlagStatus": ""},
        {"trxDateTime": "05/01/2026 08:59"},
        {"trxDateTime": None, "transactionDate": "2026-01-05T08:59:00+07:00"},
    ],
)
def test_a_line_of_a_report_is_money_however_it_is_dated(changes: dict[str, object]) -> None:
    payment = BankPayment.of(JsonObject({**A_LINE, **changes}))

    assert payment is not None
    assert (payment.reference, payment.amount) == ("P1", 35_000)


def test_a_line_that_cannot_be_read_is_counted() -> None:
    before = REGISTRY.get_sample_value(UNREADABLE) or 0

    nothing = BankPayment.of(JsonObject({**A_LINE, "paidAmount": "much"}))
    unpaid = BankPayment.of(JsonObject({**A_LINE, "paymentFlagStatus": "01", "paidAmount": None}))

    assert (nothing, unpaid) == (None, None)
    assert REGISTRY.get_sample_value(UNREADABLE) == before + 1


async def test_a_bank_that_is_away_is_asked_again_and_its_report_begins_where_it_ended(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number, request_id="P1")
    await books.search()
    books.server.books.take(
        debtor.customer_number, Rupiah(debtor.owes), reference="P9", paid_at=books.clock.now()
    )
    books.later(days=3)
    books.server.failures = [503] * 6
    away = await books.search()
    books.server.failures = []

    back = await books.search()

    assert any("503" in problem for problem in away.problems)
    assert back.found == 1, "the payment is three days old, and the report's window 26 hours"
    assert await books.collected() == debtor.owes


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """A source whose report ends in the middle."""

    whole: PaymentSource

    async def status(self, reference: str, customer_number: str) -> BankPayment | None:
        return await self.whole.status(reference, customer_number)

    async def report(self, *, since: datetime, until: datetime) -> AsyncIterator[ReportPage]:
        async for page in self.whole.report(since=since, until=until):
            yield page
            raise BankRefusedError(_gone())


async def test_a_report_that_was_cut_off_is_booked_so_far_and_goes_on_there(
    books: Books, debtor: Debtor
) -> None:
    books.connected = _with(books.connected, Peculiarities(report_hours=3, report_page_minutes=60))
    for reference in ("P1", "P2", "P3"):
        books.server.books.take(
            debtor.customer_number, Rupiah(1_000), reference=reference, paid_at=books.clock.now()
        )
        books.later(minutes=60)
    whole = books.sources.source_of(books.connected)

    cut_off = await search(
        books.pool, books.connected, CutOff(whole=whole), at=books.clock.now(), real=REAL
    )
    books.server.calls.clear()
    went_on = await books.search()
    pages_of_the_rest = len(books.server.calls)
    books.server.calls.clear()
    again = await books.search()

    assert (cut_off.found, went_on.found, again.found) == (1, 2, 0)
    assert cut_off.problems == ["the bank answered nothing gone"]
    assert (pages_of_the_rest, len(books.server.calls)) == (2, 3)
    assert await books.collected() == 3_000


async def test_an_unpaid_inquiry_is_asked_about_less_and_less_often(
    books: Books, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.inquire(debtor.customer_number, request_id="P1")
    asked: list[int] = []
    for _ in range(30):
        books.later(minutes=3)
        asked.append((await books.search()).asked)

    assert sum(asked) == 4, "after 3, 9, 21 and 45 minutes"
    assert books.server.calls.count("26 P1") == 4


async def test_searches_are_due_at_their_own_pace_until_they_are_stopped(books: Books) -> None:
    async with books.pool.acquire() as connection:
        first = await due_searches(connection, real=REAL)
        await books.search()
        soon = await due_searches(connection, real=REAL + timedelta(seconds=59))
        then = await due_searches(connection, real=REAL + timedelta(seconds=60))
        await stop_search(connection, "BCA")
        never = await due_searches(connection, real=REAL + timedelta(days=999))

    assert (first, soon, then, never) == (("BCA",), (), ("BCA",), ())


async def test_secrets_are_stored_encrypted_and_an_unknown_channel_is_refused(
    books: Books, biller: Biller
) -> None:
    new = NewConnection(
        code="NOBODY",
        base_url="https://bank.test",
        client_id="IURAN",
        client_secret=SECRET,
        private_key_pem=OURS.private_key_pem,
    )
    async with books.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT * FROM channel_api")
        with pytest.raises(ChannelUnknownError):
            await connect(connection, biller.cipher, new, at=REAL)

    assert row is not None
    stored = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert SECRET.encode() not in stored
    assert b"PRIVATE" not in stored


def _gone() -> Answer:
    return Answer(code="", message="gone", meaning=Meaning.TRY_LATER, document=JsonObject())


def _with(connected: BankConnection, switches: Peculiarities) -> BankConnection:
    return replace(connected, api=replace(connected.api, peculiarities=switches))
