"""Stored messages run again against the code of today, and nothing comes of it."""

from datetime import UTC, datetime

import pytest

from iuran.core.database.pool import connected
from iuran.core.money import Rupiah
from iuran.payments.quirks import RepeatAnswer
from iuran.payments.replays import Comparison, Replayed, replay
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.snap import payment
from iuran.payments.snap.messages import Span
from iuran.payments.snap.rulings import Ruling, ruling_of_outcome
from tests.payments.snap.conftest import Biller, Debtor

OWED = Rupiah(35_000)
EVER = Span(since=datetime(2000, 1, 1, tzinfo=UTC), until=datetime(2100, 1, 1, tzinfo=UTC))


async def replayed(biller: Biller) -> list[Replayed]:
    await biller.services.vault.flushed()
    return [one async for one in replay(biller.services.pool, biller.cipher, EVER)]


async def counted(biller: Biller) -> tuple[int, ...]:
    async with biller.services.pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM payment), (SELECT count(*) FROM ledger_entry),"
            " (SELECT count(*) FROM channel_message), (SELECT count(*) FROM inquiry),"
            " (SELECT count(*) FROM kept_message)"
        )
    assert row is not None
    return tuple(row)


async def a_day(bank: SimulatedBank, debtor: Debtor) -> None:
    await bank.inquire(debtor.customer_number, request_id="P1")
    await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    await bank.pay(debtor.customer_number, OWED, request_id="P1", is_advice=True)
    await bank.pay(debtor.customer_number, OWED, request_id="P2", external_id="X1")
    await bank.pay(debtor.customer_number, OWED, request_id="P3")
    await bank.transact("/transfer-va/payment", b"{")
    await bank.transact("/transfer-va/payment", b"{}", headers={"X-SIGNATURE": "AAAA"})


async def test_the_same_code_gives_the_same_answers_and_posts_nothing(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await a_day(bank, debtor)
    await biller.services.vault.flushed()
    before = await counted(biller)

    found = await replayed(biller)

    told = [(one.message.response_code, one.comparison.value) for one in found]
    assert await counted(biller) == before
    assert [code for code, _ in told] == [
        *("2007300", "2002400", "2002500"),
        *("4042518", "2002500", "4092500", "4042514", "4002500", "4012500"),
    ]
    assert [comparison for code, comparison in told if code != "2002400"] == ["SAME"] * 8
    assert [comparison for code, comparison in told if code == "2002400"] == ["MOVED_ON"]


async def test_code_that_answers_otherwise_is_told(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_day(bank, debtor)

    def otherwise(outcome: object, _answer: RepeatAnswer, *, is_own: bool) -> Ruling:
        return ruling_of_outcome(outcome, RepeatAnswer.REPLAY, is_own=is_own)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(payment, "ruling_of_outcome", otherwise)
    found = await replayed(biller)

    (differing,) = [one for one in found if one.comparison is Comparison.DIFFERS]
    assert (differing.message.response_code, differing.response_code) == ("4042518", "2002500")


async def test_a_message_that_was_tampered_with_no_longer_verifies(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, database_url: str
) -> None:
    await a_day(bank, debtor)
    await biller.services.vault.flushed()
    async with connected(database_url, role=None) as owner:
        await owner.execute(
            "UPDATE channel_message SET body = replace(convert_from(body, 'UTF8'), '35000.00',"
            " '45000.00')::bytea WHERE external_id = 'X1' AND service = 25"
        )

    found = await replayed(biller)

    codes = [
        one.response_code
        for one in found
        if one.message.external_id == "X1" and one.message.response_code == "2002500"
    ]
    assert codes == ["4012500"]
