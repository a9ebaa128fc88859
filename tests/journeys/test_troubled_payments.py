"""The same bill, and everything that goes wrong on the way to it, over signed HTTP."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import cast

import pytest

from iuran.core.clock import WIB
from iuran.core.money import Rupiah
from iuran.payments.ledger import balances, disagreements
from iuran.payments.simulation.bank import Signing, SimulatedBank
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import a_channel, a_family, an_active_family
from tests.journeys.conftest import House

OWED = Rupiah(70_000)


@pytest.fixture
async def account(house: House) -> VirtualAccount:
    """The account of one person in class III who owes February and March of 2026."""
    async with house.pool.acquire() as connection:
        channel = await a_channel(connection, "OLD_BANK")
    _, (account,) = await an_active_family(
        house.pool,
        channel,
        a_family(),
        first_payment_at=datetime(2026, 1, 20, tzinfo=WIB),
    )
    house.clock.set(datetime(2026, 3, 5, 10, tzinfo=WIB))
    return account


async def collected(house: House) -> int:
    """What the channels hold for us beyond the first payment, while all books agree."""
    async with house.pool.acquire() as connection:
        assert await disagreements(connection) == ()
        found = {balance.account: balance.amount for balance in await balances(connection)}
    return found["CHANNEL_CLEARING"] - 35_000


async def test_the_same_payment_sent_twice_takes_effect_once(
    house: House, account: VirtualAccount
) -> None:
    bank = await house.bank("BCA")
    number = account.customer_number

    first = await bank.pay(number, OWED, request_id="ONE", external_id="1001")
    again = await bank.pay(number, OWED, request_id="ONE", external_id="1001")
    advice = await bank.pay(number, OWED, request_id="ONE", external_id="1002", is_advice=True)

    assert [first.code, again.code, advice.code] == ["2002500", "4042518", "2002500"]
    assert {a.account["paymentFlagStatus"] for a in (first, again, advice)} == {"00"}
    assert await collected(house) == OWED


async def test_two_banks_at_once_are_served_one_after_the_other(
    house: House, account: VirtualAccount
) -> None:
    banks = [await house.bank("BCA"), await house.bank("MANDIRI", va_prefix="89888")]
    for bank in banks:
        await bank.token()

    answers = await asyncio.gather(
        *(bank.pay(account.customer_number, OWED) for bank in banks for _ in range(3))
    )

    assert Counter(answer.code for answer in answers) == {"2002500": 1, "4042514": 5}
    assert await collected(house) == OWED


@pytest.mark.parametrize("amount", [69_999, 70_001, 35_000, 1])
async def test_another_amount_is_refused_and_nothing_is_posted(
    house: House, account: VirtualAccount, amount: int
) -> None:
    bank = await house.bank("BCA")

    answer = await bank.pay(account.customer_number, Rupiah(amount))

    assert answer.code == "4042513"
    assert answer.account["paymentFlagStatus"] == "01"
    assert await collected(house) == 0
    assert (await bank.inquire(account.customer_number)).total_amount == OWED


async def test_the_bill_that_grew_at_midnight_is_refused_at_its_old_amount(
    house: House, account: VirtualAccount
) -> None:
    bank = await house.bank("BCA")
    house.clock.set(datetime(2026, 3, 31, 23, 58, tzinfo=WIB))
    asked = await bank.inquire(account.customer_number)
    house.clock.set(datetime(2026, 4, 1, 0, 0, 10, tzinfo=WIB))

    refused = await bank.pay(account.customer_number, asked.total_amount)
    now = await bank.inquire(account.customer_number)

    assert (asked.total_amount, refused.code, now.total_amount) == (70_000, "4042513", 105_000)
    assert await collected(house) == 0


async def test_a_wrong_signature_is_refused_before_anything_is_looked_at(
    house: House, account: VirtualAccount
) -> None:
    bank = await house.bank("BCA")
    await bank.token()
    bank.client_secret += "x"

    refused = await bank.pay(account.customer_number, OWED, external_id="1001")
    bank.client_secret = bank.client_secret[:-1]
    right = await bank.pay(account.customer_number, OWED, external_id="1001")

    assert (refused.http_status, refused.code) == (401, "4012500")
    assert right.code == "2002500", "the external id was not burnt"
    assert await collected(house) == OWED


async def test_an_unknown_virtual_account_is_not_found(
    house: House, account: VirtualAccount
) -> None:
    bank = await house.bank("BCA")

    asked = await bank.inquire("01234567890")
    paid = await bank.pay("01234567890", OWED)

    assert [asked.code, paid.code] == ["4042412", "4042512"]
    assert await collected(house) == 0
    assert account.customer_number != "01234567890"


@pytest.mark.parametrize("signing", Signing)
async def test_both_signatures_pay(house: House, account: VirtualAccount, signing: Signing) -> None:
    bank: SimulatedBank = await house.bank("BCA")
    bank.signing = signing

    bill = await bank.inquire(account.customer_number)
    paid = await bank.pay(account.customer_number, bill.total_amount)

    assert [bill.code, paid.code] == ["2002400", "2002500"]
    texts = cast("list[dict[str, str]]", paid.account["freeTexts"])
    assert any("19" in text["indonesia"] for text in texts), "5 March + 45 days is 19 April"
    assert await collected(house) == OWED
