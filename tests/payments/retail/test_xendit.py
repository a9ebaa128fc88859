import json
from datetime import timedelta

import pytest

from iuran.core.clock import StandingClock
from iuran.core.money import Rupiah
from iuran.payments.retail.channels import Purpose, replace_secret
from iuran.payments.retail.codes import NothingToPayError, issue_code
from iuran.payments.retail.refusals import NotConfirmedError
from iuran.payments.simulation.xendit import SimulatedXendit, XenditCode
from tests.builders import a_channel
from tests.payments.retail.conftest import OWES, TOKEN, Biller, Debtor

PUBLISHED_FPC = {
    "status": "COMPLETED",
    "fixed_payment_code_payment_id": "61c53c4fdc1b825d9a58ff54",
    "fixed_payment_code_id": "61c53c3727c7a679826dd90a",
    "amount": 2500000,
    "name": "JOHN DOE",
    "prefix": "TEST",
    "payment_code": "TEST892185",
    "payment_id": "1640315983260",
    "external_id": "FPC-1640315959",
    "retail_outlet_name": "ALFAMART",
    "transaction_timestamp": "2021-12-24T03:19:43.260Z",
    "id": "61c53c4f6cc577e4038ab099",
    "owner_id": "60ca10b83ffd534ece8aa856",
}


async def ordered(biller: Biller, xendit: SimulatedXendit, debtor: Debtor) -> XenditCode:
    issued = await issue_code(biller.services, "XENDIT", debtor.customer_number, outlet="ALFAMART")
    return xendit.codes[issued.code]


async def test_a_paid_code_pays_the_bill_once_however_often_it_is_told(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    code = await ordered(biller, xendit, debtor)
    callback = xendit.paid(code)

    answers = [await xendit.send(callback) for _ in range(3)]

    assert [a.json()["code"] for a in answers] == ["BOOKED", "REPEATED", "REPEATED"]
    assert [a.status_code for a in answers] == [200, 200, 200]
    assert code.amount == OWES
    assert await biller.payments() == [(callback["fixed_payment_code_payment_id"], OWES)]
    assert await debtor.owes() == 0
    await biller.agrees()


async def test_a_paid_code_is_remembered_on_another_day(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor, clock: StandingClock
) -> None:
    callback = xendit.paid(await ordered(biller, xendit, debtor))
    await xendit.send(callback)

    clock.set(clock.now() + timedelta(days=1))
    answer = await xendit.send(callback)

    assert answer.json()["code"] == "REPEATED"
    assert len(await biller.payments()) == 1


async def test_the_published_callback_of_an_unknown_code_goes_to_suspense_visibly(
    biller: Biller, xendit: SimulatedXendit
) -> None:
    answer = await xendit.send(dict(PUBLISHED_FPC))

    assert (answer.status_code, answer.json()["code"]) == (200, "IN_SUSPENSE")
    (item,) = await biller.suspense()
    assert item.customer_number == "FPC-1640315959"
    assert item.amount == 2_500_000
    assert item.reason == "VIRTUAL_ACCOUNT_UNKNOWN"
    await biller.agrees()


async def test_money_that_is_too_much_or_too_little_becomes_credit(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    code = await ordered(biller, xendit, debtor)

    little = await xendit.send({**xendit.paid(code), "amount": 10_000})
    much = await xendit.send({**xendit.paid(code), "amount": 60_000})

    assert (little.json()["code"], much.json()["code"]) == ("BOOKED", "BOOKED")
    assert await debtor.owes() == 0
    assert await debtor.credit() == 10_000 + 60_000 - OWES
    await biller.agrees()


async def test_a_bill_paid_elsewhere_meanwhile_makes_the_collected_money_credit(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    first, second = [await ordered(biller, xendit, debtor) for _ in range(2)]
    await xendit.send(xendit.paid(first))

    answer = await xendit.send(xendit.paid(second))

    assert answer.json()["code"] == "BOOKED"
    assert await debtor.credit() == OWES
    await biller.agrees()


async def test_the_value_date_is_the_shops_not_that_of_a_late_callback(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor, clock: StandingClock
) -> None:
    """Paid on 31 January at 23:59 WIB, told on 1 February: January was paid in time."""
    code = await ordered(biller, xendit, debtor)
    callback = {**xendit.paid(code), "transaction_timestamp": "2026-01-31T16:59:00.000Z"}
    clock.set(clock.now().replace(month=2, day=1))

    await xendit.send(callback)

    async with biller.services.pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT value_date::text AS day FROM payment WHERE reference = $1",
            callback["fixed_payment_code_payment_id"],
        )
    assert row is not None
    assert row["day"] == "2026-01-31"


async def test_events_of_payments_v3_are_read(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    code = await ordered(biller, xendit, debtor)
    captured = xendit.event(code.external_id, Rupiah(OWES))

    failed = await xendit.send(
        xendit.event(code.external_id, Rupiah(OWES), event="payment.failure")
    )
    first = await xendit.send(captured)
    again = await xendit.send(captured)
    refunded = await xendit.send(
        xendit.event(code.external_id, Rupiah(OWES), event="refund.succeeded")
    )

    codes = [answer.json()["code"] for answer in (failed, first, again, refunded)]
    assert codes == ["NOTED", "BOOKED", "REPEATED", "NOTED"]
    assert len(await biller.payments()) == 1
    assert await debtor.owes() == 0


async def test_an_order_id_that_is_a_customer_number_needs_no_code_of_ours(
    xendit: SimulatedXendit, debtor: Debtor
) -> None:
    answer = await xendit.send(xendit.event(debtor.customer_number, Rupiah(OWES)))

    assert answer.json()["code"] == "BOOKED"
    assert await debtor.owes() == 0


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1]])
async def test_a_wrong_token_is_refused_and_nothing_is_kept(
    biller: Biller, xendit: SimulatedXendit, token: str
) -> None:
    xendit.token = token

    answer = await xendit.send(dict(PUBLISHED_FPC))

    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTIC")
    assert await biller.messages() == []


async def test_both_tokens_are_good_while_one_replaces_the_other(
    biller: Biller, xendit: SimulatedXendit
) -> None:
    services = biller.services
    now = services.real_clock.now()
    async with services.pool.acquire() as connection, connection.transaction():
        await replace_secret(
            connection,
            services.cipher,
            "XENDIT",
            Purpose.NOTIFICATION,
            "the-new-token",
            at=now,
            old_valid_until=now + timedelta(hours=1),
        )

    old = await xendit.send(dict(PUBLISHED_FPC))
    xendit.token = "the-new-token"
    new = await xendit.send(dict(PUBLISHED_FPC))

    assert (old.status_code, new.status_code) == (200, 200)


async def test_the_bytes_are_kept_but_never_the_token(
    biller: Biller, xendit: SimulatedXendit
) -> None:
    body = json.dumps(PUBLISHED_FPC, indent=2).encode()

    await xendit.send(body)

    ((_, kept, headers),) = await biller.messages()
    assert kept == body
    assert TOKEN not in json.dumps(headers)
    assert "webhook-id" in headers


async def test_an_authentic_message_that_cannot_be_read_is_kept_and_asked_for_again(
    biller: Biller, xendit: SimulatedXendit
) -> None:
    answer = await xendit.send({**PUBLISHED_FPC, "amount": 10.5})

    assert (answer.status_code, answer.json()["code"]) == (422, "UNREADABLE")
    assert "amount" in answer.json()["message"]
    assert len(await biller.messages()) == 1


async def test_another_amount_under_the_same_payment_changes_nothing_but_is_noticed(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    callback = xendit.paid(await ordered(biller, xendit, debtor))
    await xendit.send(callback)

    answer = await xendit.send({**callback, "amount": 1})

    assert (answer.status_code, answer.json()["code"]) == (200, "INCONSISTENT")
    assert len(await biller.payments()) == 1
    assert len(await biller.messages()) == 2


async def test_another_business_cannot_speak_with_a_token_of_ours(
    xendit: SimulatedXendit,
) -> None:
    answer = await xendit.send({**PUBLISHED_FPC, "owner_id": "somebody-else"})

    assert answer.status_code == 401


async def test_a_code_is_ordered_only_for_what_is_owed(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    await xendit.send(xendit.paid(await ordered(biller, xendit, debtor)))

    with pytest.raises(NothingToPayError, match="ALREADY_PAID"):
        await ordered(biller, xendit, debtor)


async def test_an_aggregator_that_cannot_be_reached_leaves_an_order_and_no_code(
    biller: Biller, xendit: SimulatedXendit, debtor: Debtor
) -> None:
    del biller.outside.apps["xendit.test"]

    with pytest.raises(NotConfirmedError, match="cannot be reached"):
        await ordered(biller, xendit, debtor)

    async with biller.services.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM payment_order") == 1


async def test_only_the_dialect_of_the_channel_is_served(
    biller: Biller, xendit: SimulatedXendit
) -> None:
    async with biller.services.pool.acquire() as connection:
        await a_channel(connection, "BCA")

    for path in ("/retail/NOBODY/xendit", "/retail/XENDIT/doku", "/retail/BCA/xendit"):
        xendit.path = path
        assert (await xendit.send(dict(PUBLISHED_FPC))).status_code == 404
