"""A receipt says what was paid, for what, and what became of it."""

from datetime import date

import pytest

from iuran.core.database.pool import Connection, Pool
from iuran.core.months import CoverageMonth
from iuran.payments.instalment_plans import register_plan
from iuran.payments.receipts.keys import ReceiptKey
from iuran.payments.receipts.records import (
    ReceiptState,
    ReceiptUnknownError,
    find_receipt,
    payment_of_reference,
)
from iuran.payments.receipts.words import sheet_of
from tests.builders import (
    a_channel,
    a_family,
    pays_what_it_owes,
    registered,
)
from tests.moments import wib
from tests.payments.payers import roll
from tests.payments.receipts.stories import a_paying_family, collected, receipts_of
from tests.payments.test_refunds import approved, complete
from tests.payments.test_suspense import astray, placed, proposed


async def test_a_first_payment_has_all_that_a_struk_shows(pool: Pool) -> None:
    _, family, account = await a_paying_family(pool)

    (receipt,) = await receipts_of(pool, family)

    assert receipt.state is ReceiptState.VALID
    assert receipt.amount == receipt.total == 300_000
    assert receipt.fee == 0
    assert receipt.channel_code == "BCA"
    assert receipt.payer == "B**** C*****"
    assert receipt.account == "88888*******" + account.customer_number[-4:]
    assert receipt.members == 2
    assert [one.month for one in receipt.months] == [CoverageMonth(2026, 3)]
    assert receipt.paid_at == wib(2026, 3, 20)
    assert receipt.value_date == date(2026, 3, 20)
    assert receipt.is_activation
    assert not receipt.is_reactivation


async def test_paying_arrears_says_until_when_a_stay_is_fined(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await roll(pool, wib(2026, 6, 1, 0, 1))

    await pays_what_it_owes(pool, channel, account, at=wib(2026, 6, 10, 23, 59))

    receipt = (await receipts_of(pool, family))[-1]
    assert [str(one.month) for one in receipt.months] == ["2026-04", "2026-05", "2026-06"]
    assert receipt.is_reactivation
    assert receipt.window_last_day == date(2026, 7, 25)
    sheet = sheet_of(receipt)
    assert any("25 Juli 2026" in note and "aktif kembali" in note for note in sheet.notes)
    assert "10 Juni 2026, 23.59 WIB" in [line.value for line in sheet.facts]
    assert "April 2026 s.d. Juni 2026" in [line.value for line in sheet.facts]


async def test_what_is_too_much_is_shown_as_credit_and_later_as_used(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await collected(pool, channel, account, 100_000, month=3)
    await roll(pool, wib(2026, 4, 1, 0, 1))

    await collected(pool, channel, account, 200_000, month=4)

    _, too_much, rest = await receipts_of(pool, family)
    assert too_much.credited == 100_000
    assert not too_much.months
    assert [(one.amount, one.from_credit) for one in rest.months] == [(200_000, 100_000)]
    assert "dengan saldo Rp100.000" in sheet_of(rest).items[0].label


@pytest.mark.parametrize(
    ("refund", "state"),
    [(60_000, ReceiptState.PARTLY_REFUNDED), (100_000, ReceiptState.REFUNDED)],
)
async def test_a_refund_shows_on_the_receipt_whose_money_it_was(
    pool: Pool, refund: int, state: ReceiptState
) -> None:
    channel, family, account = await a_paying_family(pool)
    await collected(pool, channel, account, 100_000, month=3)

    key = await complete(pool, family, refund, at=wib(2026, 3, 26))
    await approved(pool, key, at=wib(2026, 3, 27))

    first, refunded = await receipts_of(pool, family)
    assert first.state is ReceiptState.VALID
    assert (refunded.state, refunded.refunded) == (state, refund)
    is_proof = any("bukti pembayaran yang sah" in note for note in sheet_of(refunded).notes)
    assert is_proof is (state is ReceiptState.PARTLY_REFUNDED)


async def test_a_step_of_a_plan_is_a_receipt_of_its_own(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await roll(pool, wib(2026, 9, 1, 0, 1))
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=2,
            registered_by="petugas-1",
            at=wib(2026, 9, 10),
        )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 9, 15))

    receipt = (await receipts_of(pool, family))[-1]

    assert receipt.step is not None
    assert (receipt.step.number, receipt.step.steps) == (1, 2)
    assert receipt.step.amount == receipt.amount
    assert "Instalment 1 of 2 (REHAB)" in [
        line.label for line in sheet_of(receipt, language="en").items
    ]


async def test_placed_money_is_found_by_its_reference_with_the_right_number(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool)
    await roll(pool, wib(2026, 4, 1, 0, 1))
    key = await astray(pool, channel, 300_000, at=wib(2026, 4, 2))
    proposal = await proposed(pool, key, account.number, at=wib(2026, 4, 3))
    await placed(pool, key, proposal, at=wib(2026, 4, 3, 10))

    async with pool.acquire() as connection:
        found = await payment_of_reference(connection, channel_code="bca", reference=key.reference)
        receipt = await find_receipt(connection, found)

    assert isinstance(found, ReceiptKey)
    assert found.family_id == family.family_id
    assert receipt.account.endswith(account.customer_number[-4:])
    assert receipt.value_date == date(2026, 4, 2)
    assert receipt.members == 2


async def test_who_paid_nothing_has_no_receipt(pool: Pool, connection: Connection) -> None:
    channel = await a_channel(connection)
    family, (account, *_) = await registered(connection, a_family(), at=wib(2026, 3, 6))
    await astray(pool, channel, 5_000, at=wib(2026, 3, 7))
    refused = await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 7))
    assert not refused.is_settled

    with pytest.raises(ReceiptUnknownError, match="has no payment 1"):
        await find_receipt(connection, ReceiptKey(family_id=family.family_id, payment_id=1))
    for row in await connection.fetch("SELECT reference FROM payment_reference"):
        with pytest.raises(ReceiptUnknownError, match="suspense"):
            await payment_of_reference(connection, channel_code="BCA", reference=row["reference"])


async def test_the_items_of_any_receipt_add_up_to_what_was_paid(pool: Pool) -> None:
    channel, family, account = await a_paying_family(pool, members=3)
    for month, amount in ((4, 450_000), (5, 10_000), (6, 900_000), (7, 440_000), (8, 1)):
        await roll(pool, wib(2026, month, 1, 0, 1))
        await collected(pool, channel, account, amount, month=month)

    receipts = await receipts_of(pool, family)

    assert len(receipts) == 6
    for receipt in receipts:
        settled = sum(one.amount for one in receipt.months)
        assert settled + receipt.credited == receipt.amount
