"""Autodebit from the mandate to the warning, on the real database."""

from collections.abc import Sequence
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.payments.autodebit.collection import (
    Bank,
    banks_with_mandates,
    collection_days,
    latest_collection_day,
    prepare,
    send,
)
from iuran.payments.autodebit.failures import warn_of_failures, warning_day
from iuran.payments.autodebit.files import (
    CollectionFile,
    CollectionLine,
    ResultsFileError,
    read_results,
    written,
)
from iuran.payments.autodebit.mandates import (
    MandateExistsError,
    NewMandate,
    NoMandateError,
    give_mandate,
    mandates,
    revoke_mandate,
)
from iuran.payments.autodebit.results import ResultsProgress, strangers, take_results
from iuran.payments.billing import roll_months
from iuran.payments.credit import credit_of
from iuran.payments.ledger import balances, disagreements
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes

OWES = 35_000
ACCOUNT = "0012345678"
CIPHER = Cipher.of([generate_installation_key()])


def wib(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=WIB)


class Collected:
    """A bank, a family with a mandate, and what happens between them."""

    def __init__(self, pool: Pool, channel_id: int) -> None:
        self.pool = pool
        self.bank = Bank(channel_id=channel_id, code="BRI")
        self.numbers: list[str] = []
        self.family_ids: list[tuple[int, int]] = []

    async def joins(self) -> str:
        """A family that owes January 2026 gives a mandate; returns its customer number."""
        family, (account,) = await an_active_family(
            self.pool,
            self.bank.channel_id,
            a_family(),
            first_payment_at=wib(1, 1).replace(year=2025, month=12, day=20),
        )
        self.numbers.append(account.customer_number)
        self.family_ids.append((family.family_id, family.membership_id))
        async with self.pool.acquire() as connection, connection.transaction():
            await give_mandate(
                connection, CIPHER, a_mandate(account.customer_number), by="loket", at=wib(1, 2)
            )
        return account.customer_number

    async def prepared(self, day: date, at: datetime) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            return await prepare(connection, self.bank, day, at=at)

    async def sent(self, day: date, at: datetime) -> CollectionFile:
        async with self.pool.acquire() as connection, connection.transaction():
            return await send(connection, CIPHER, self.bank, day, at=at)

    async def takes(self, content: bytes, at: datetime) -> ResultsProgress:
        file, clock = read_results(content), StandingClock(at)
        taken = take_results(self.pool, self.bank, file, content, clock=clock)
        return [progress async for progress in taken][-1]

    async def owes(self, number: str, at: datetime) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            return (await payable_at(connection, number, at=at)).amount

    async def credit(self) -> int:
        async with self.pool.acquire() as connection:
            return await credit_of(connection, *self.family_ids[0])

    async def warned(self, month: int, at: datetime) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            return await warn_of_failures(connection, CoverageMonth(2026, month), at=at)

    async def agrees(self) -> None:
        async with self.pool.acquire() as connection:
            assert await disagreements(connection) == ()
            assert sum(balance.amount for balance in await balances(connection)) == 0


def a_mandate(customer_number: str) -> NewMandate:
    return NewMandate(
        customer_number=customer_number,
        channel_code="BRI",
        account_number=ACCOUNT,
        holder_name="BUNGA, CONTOH",
        signed_at_place="Loket Contoh, 2 Januari 2026",
    )


def results(
    file: CollectionFile,
    *,
    status: str = "SUCCESS",
    lines: Sequence[CollectionLine] | None = None,
    at: str = "2026-01-05T20:00:00+07:00",
) -> bytes:
    chosen = file.lines if lines is None else lines
    rows: list[Sequence[object]] = [
        ("H", "IURAN-AUTODEBIT-RESULT", "1", file.file_id, file.bank, file.collection_date)
    ]
    rows += [
        ("R", line.reference, line.customer_number, line.amount, status, "SALDO", at)
        for line in chosen
    ]
    total = sum(line.amount for line in chosen) if status == "SUCCESS" else 0
    return written([*rows, ("T", len(chosen), total)])


@pytest.fixture
async def world(pool: Pool) -> Collected:
    async with pool.acquire() as connection:
        return Collected(pool, await a_channel(connection, "BRI"))


FIFTH, TWENTIETH = date(2026, 1, 5), date(2026, 1, 20)


async def test_the_bank_debits_what_is_owed_and_the_bill_is_paid_once(world: Collected) -> None:
    number = await world.joins()
    assert await world.prepared(FIFTH, wib(1, 5, 0, 1)) == 1
    file = await world.sent(FIFTH, wib(1, 5, 8))

    first = await world.takes(results(file), wib(1, 6))
    again = await world.takes(results(file), wib(1, 7))

    assert [(line.amount, line.account_number) for line in file.lines] == [(OWES, ACCOUNT)]
    assert (first.settled, first.repeated) == (1, 0)
    assert (again.settled, again.repeated) == (0, 1)
    assert await world.owes(number, wib(1, 7)) == 0
    assert await world.credit() == 0
    await world.agrees()


async def test_a_sent_file_never_changes(world: Collected) -> None:
    await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    first = (await world.sent(FIFTH, wib(1, 5))).content()

    await world.joins()
    added = await world.prepared(FIFTH, wib(1, 6))
    second = (await world.sent(FIFTH, wib(1, 6))).content()

    assert added == 0
    assert second == first


async def test_a_bill_paid_in_cash_before_sending_is_left_out(world: Collected) -> None:
    number = await world.joins()
    other = await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    await pay_in_cash(world, number, wib(1, 5, 10))

    file = await world.sent(FIFTH, wib(1, 5, 11))

    assert [line.customer_number for line in file.lines] == [other]
    async with world.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT outcome, reason FROM autodebit_result")
    assert row is not None
    assert tuple(row) == ("EXCLUDED", "ALREADY_PAID")


async def test_a_bill_paid_in_cash_after_sending_makes_the_debit_credit(world: Collected) -> None:
    number = await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))
    await pay_in_cash(world, number, wib(1, 5, 10))

    progress = await world.takes(results(file), wib(1, 6))

    assert (progress.settled, progress.credited) == (0, 1)
    assert await world.credit() == OWES
    await world.agrees()


async def test_what_failed_is_tried_again_on_the_next_day_and_then_warned_of_once(
    world: Collected,
) -> None:
    number = await world.joins()
    for day in (FIFTH, TWENTIETH):
        at = wib(1, day.day)
        assert await world.prepared(day, at) == 1
        file = await world.sent(day, at)
        progress = await world.takes(results(file, status="FAILED"), at)
        assert progress.failed == 1

    warned = [await world.warned(1, wib(1, 25)) for _ in range(2)]

    assert warned == [1, 0]
    assert await world.owes(number, wib(1, 25)) == OWES
    async with world.pool.acquire() as connection:
        payload = await connection.fetchval(
            "SELECT payload FROM outbox WHERE kind = 'autodebit.failed'"
        )
    assert payload["attempts"] == 2
    assert payload["last_attempt"] == "2026-01-20"


async def test_who_was_debited_or_paid_is_not_warned(world: Collected) -> None:
    debited, paid = await world.joins(), await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))
    (line,) = [line for line in file.lines if line.customer_number == debited]
    await world.takes(results(file, lines=[line]), wib(1, 6))
    await pay_in_cash(world, paid, wib(1, 21))

    assert await world.warned(1, wib(1, 25)) == 0


async def test_a_failure_that_the_bank_corrects_counts(world: Collected) -> None:
    number = await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))
    await world.takes(results(file, status="FAILED"), wib(1, 6))

    await world.takes(results(file), wib(1, 7))

    assert await world.owes(number, wib(1, 7)) == 0
    assert await world.warned(1, wib(1, 25)) == 0


async def test_the_debits_own_time_dates_its_value(world: Collected) -> None:
    """Debited on 31 January at 23:59 WIB, reported on 2 February after the month's end."""
    await world.joins()
    await world.prepared(TWENTIETH, wib(1, 31))
    file = await world.sent(TWENTIETH, wib(1, 31))
    async for _ in roll_months(world.pool, at=wib(2, 1, 0, 1)):
        pass

    await world.takes(results(file, at="2026-01-31T23:59:00+07:00"), wib(2, 2))

    async with world.pool.acquire() as connection:
        state = await connection.fetchval("SELECT state FROM membership")
        windows = await connection.fetchval("SELECT count(*) FROM fine_window")
    assert (state, windows) == ("ACTIVE", 0)
    await world.agrees()


async def test_lines_that_do_not_fit_are_named_and_the_others_are_taken(world: Collected) -> None:
    good, bad = await world.joins(), await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))
    content = results(file).replace(f"{bad},35000".encode(), f"{bad},35.000".encode())

    read = read_results(content)
    progress = await world.takes(content, wib(1, 6))
    mended = await world.takes(results(file), wib(1, 7))

    assert [str(error) for error in read.errors] == [
        "line 3: the amount is whole rupiah above 0, only digits"
    ]
    assert progress.settled == 1
    assert await world.owes(good, wib(1, 6)) == 0
    assert (mended.settled, mended.repeated) == (1, 1)
    await world.agrees()


async def test_money_of_nobody_goes_to_suspense_and_is_pointed_out(world: Collected) -> None:
    await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))
    content = results(file).replace(file.lines[0].customer_number.encode(), b"99999999999")
    content = content.replace(b"AD1-99999999999", b"OTHER-REF")

    progress = await world.takes(content, wib(1, 6))

    assert progress.in_suspense == 1
    assert [one.number for one in strangers(read_results(content))] == [2]
    await world.agrees()


async def test_a_file_that_answers_none_of_ours_is_refused(world: Collected) -> None:
    await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))

    for content in (
        results(file).replace(b"RESULT,1,1,", b"RESULT,1,77,"),
        results(file).replace(b",BRI,", b",BNI,"),
    ):
        with pytest.raises(ResultsFileError, match="was sent no file"):
            await world.takes(content, wib(1, 6))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"T,1,35000", b"T,2,35000", "counts 2 lines, the file has 1"),
        (b"T,1,35000", b"T,1,1", "says 1 rupiah, the lines 35000"),
        (b"T,1,35000\n", b"", "needs a header|last line must be"),
        (b"IURAN-AUTODEBIT-RESULT", b"SOMETHING", "first line must begin"),
        (b"R,", b"\xff,", "no CSV in UTF-8"),
    ],
)
def test_a_file_that_may_be_cut_off_is_refused_as_a_whole(
    old: bytes, new: bytes, message: str
) -> None:
    content = (
        b"H,IURAN-AUTODEBIT-RESULT,1,1,BRI,2026-01-05\n"
        b"R,AD1-02233913523,02233913523,35000,SUCCESS,,2026-01-05T20:00:00+07:00\n"
        b"T,1,35000\n"
    )
    assert len(read_results(content).lines) == 1

    with pytest.raises(ResultsFileError, match=message):
        read_results(content.replace(old, new))


@given(st.binary(max_size=400) | st.text(alphabet='HRT,"\n0123456789AD-', max_size=200))
def test_nonsense_is_refused_by_name(content: bytes | str) -> None:
    data = content.encode() if isinstance(content, str) else content

    with pytest.raises(ResultsFileError):
        read_results(data)


async def test_one_mandate_lives_and_its_history_stays(world: Collected) -> None:
    number = await world.joins()
    async with world.pool.acquire() as connection:
        async with connection.transaction():
            with pytest.raises(MandateExistsError):
                async with connection.transaction():
                    await give_mandate(
                        connection, CIPHER, a_mandate(number), by="loket", at=wib(1, 3)
                    )
            await revoke_mandate(connection, number, by="loket", reason="pindah", at=wib(1, 3))
            with pytest.raises(NoMandateError):
                await revoke_mandate(connection, number, by="loket", reason="x", at=wib(1, 3))
            await give_mandate(connection, CIPHER, a_mandate(number), by="loket", at=wib(1, 4))
        kept = await mandates(connection)
        stored = await connection.fetchval("SELECT account_ciphertext FROM autodebit_mandate")
        assert await banks_with_mandates(connection) == (world.bank,)

    assert [one.revoked_at is None for one in kept] == [False, True]
    assert {one.account_masked for one in kept} == {"******5678"}
    assert ACCOUNT.encode() not in stored


async def test_a_mandate_revoked_before_sending_is_left_out(world: Collected) -> None:
    number = await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    async with world.pool.acquire() as connection, connection.transaction():
        await revoke_mandate(connection, number, by="loket", reason="pindah", at=wib(1, 5))

    assert (await world.sent(FIFTH, wib(1, 5, 10))).lines == ()


async def test_a_mandate_revoked_after_sending_leaves_the_money_where_it_belongs(
    world: Collected,
) -> None:
    """The bank has debited already, and says so late: the bill is paid, nobody is debited again."""
    number = await world.joins()
    await world.prepared(FIFTH, wib(1, 5))
    file = await world.sent(FIFTH, wib(1, 5))
    async with world.pool.acquire() as connection, connection.transaction():
        await revoke_mandate(connection, number, by="loket", reason="pindah", at=wib(1, 5, 10))

    late = await world.takes(results(file), wib(1, 12))
    again = await world.takes(results(file), wib(1, 12, 10))

    assert (late.settled, again.settled, again.repeated) == (1, 0, 1)
    assert await world.owes(number, wib(1, 12)) == 0
    assert await world.prepared(TWENTIETH, wib(1, 20)) == 0
    await world.agrees()


@pytest.mark.parametrize("day", [date(2026, 1, 6), date(2026, 1, 20)])
async def test_nothing_is_collected_on_other_days_or_before(world: Collected, day: date) -> None:
    with pytest.raises(InvalidInputError):
        await world.prepared(day, wib(1, 5))


async def test_what_was_not_prepared_cannot_be_sent(world: Collected) -> None:
    with pytest.raises(InvalidInputError, match="nothing was prepared"):
        await world.sent(FIFTH, wib(1, 5))


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 1, 4), None),
        (date(2026, 1, 5), date(2026, 1, 5)),
        (date(2026, 1, 19), date(2026, 1, 5)),
        (date(2026, 1, 31), date(2026, 1, 20)),
        (date(2028, 2, 29), date(2028, 2, 20)),
    ],
)
def test_the_collection_day_that_counts(today: date, expected: date | None) -> None:
    assert latest_collection_day(today) == expected


def test_the_days_are_data() -> None:
    month = CoverageMonth(2026, 2)

    assert collection_days(month) == (date(2026, 2, 5), date(2026, 2, 20))
    assert warning_day(month) == date(2026, 2, 25)


async def pay_in_cash(world: Collected, number: str, at: datetime) -> None:
    account = VirtualAccount(participant_id=1, customer_number=number)
    outcome = await pays_what_it_owes(world.pool, world.bank.channel_id, account, at=at)
    assert outcome.is_settled
