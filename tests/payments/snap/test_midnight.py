"""Midnight in Jakarta: a day ends for X-EXTERNAL-IDs, and money keeps the day it was paid on."""

from datetime import datetime, timedelta

from iuran.core.clock import WIB, StandingClock
from iuran.core.money import Rupiah
from iuran.payments.ledger import disagreements
from iuran.payments.simulation.bank import SimulatedBank
from tests.payments.snap.conftest import Biller, Debtor

BEFORE = datetime(2026, 1, 20, 23, 59, 59, tzinfo=WIB)
MONTH_ENDS = datetime(2026, 1, 31, 23, 59, 59, tzinfo=WIB)
OWED = Rupiah(35_000)


async def payments(biller: Biller) -> list[tuple[int, str]]:
    """Amount and value date of each payment but the builder's first."""
    async with biller.services.pool.acquire() as connection:
        assert await disagreements(connection) == ()
        rows = await connection.fetch(
            "SELECT amount, value_date FROM payment ORDER BY received_at OFFSET 1"
        )
    return [(row["amount"], str(row["value_date"])) for row in rows]


async def test_a_payment_told_again_after_midnight_is_the_same_payment(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    clock.set(BEFORE)
    first = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="E1")
    clock.set(BEFORE + timedelta(seconds=6))

    again = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="E1")
    once_more = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="E1")

    assert (first.code, again.code) == ("2002500", "2002500"), "a new day, so an advice"
    assert (once_more.code, once_more.account["paymentFlagStatus"]) == ("4042518", "00")
    assert await payments(biller) == [(OWED, "2026-01-20")]


async def test_an_external_id_may_name_another_payment_after_midnight(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    clock.set(BEFORE)
    first = await bank.pay(debtor.customer_number, Rupiah(1), request_id="P1", external_id="E1")
    conflict = await bank.pay(debtor.customer_number, OWED, request_id="P2", external_id="E1")
    clock.set(BEFORE + timedelta(seconds=6))

    free = await bank.pay(debtor.customer_number, OWED, request_id="P2", external_id="E1")

    assert (first.code, conflict.code, free.code) == ("4042513", "4092500", "2002500")
    assert await payments(biller) == [(OWED, "2026-01-21")]


async def test_money_collected_before_midnight_and_told_after_suspends_nobody(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, clock: StandingClock
) -> None:
    clock.set(MONTH_ENDS + timedelta(seconds=6))

    told = await bank.notify(
        debtor.customer_number, OWED, request_id="P1", external_id="E1", paid_at=MONTH_ENDS
    )
    again = await bank.notify(
        debtor.customer_number, OWED, request_id="P1", external_id="E2", paid_at=MONTH_ENDS
    )

    assert (told.code, again.code) == ("2003400", "2003400")
    assert await payments(biller) == [(OWED, "2026-01-31")]
    async with biller.services.pool.acquire() as connection:
        causes = await connection.fetch(
            "SELECT state, cause FROM membership_event ORDER BY recorded_at, event_id"
        )
    assert "SUSPENDED" not in {row["state"] for row in causes}
