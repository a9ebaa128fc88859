import json
from pathlib import Path

import pytest

from iuran.core.clock import StandingClock
from iuran.core.money import Rupiah
from iuran.payments.retail.codes import issue_code
from iuran.payments.retail.midtrans import signature_key
from iuran.payments.simulation.midtrans import MidtransOrder, SimulatedMidtrans
from tests.payments.retail.conftest import OWES, Biller, Debtor

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())["vectors"]


async def ordered(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor, outlet: str = "INDOMARET"
) -> MidtransOrder:
    issued = await issue_code(biller.services, "MIDTRANS", debtor.customer_number, outlet=outlet)
    return midtrans.orders[issued.order_id]


def test_the_published_signature_key_is_ours_too() -> None:
    (vector,) = [v for v in VECTORS if v["kind"] == "midtrans_signature_key"]

    assert signature_key(**vector["inputs"]) == vector["expected"]


@pytest.mark.parametrize("outlet", ["ALFAMART", "INDOMARET", "BCA"])
async def test_a_settled_order_pays_the_bill_once(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor, outlet: str
) -> None:
    order = await ordered(biller, midtrans, debtor, outlet)
    midtrans.change(order.order_id, "settlement")

    answers = [await midtrans.send(midtrans.document(order)) for _ in range(2)]

    assert [a.json()["code"] for a in answers] == ["BOOKED", "REPEATED"]
    assert await biller.payments() == [(order.transaction_id, OWES)]
    assert await debtor.owes() == 0
    await biller.agrees()


async def test_pending_after_settlement_never_goes_backwards(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor
) -> None:
    order = await ordered(biller, midtrans, debtor)
    pending = midtrans.document(order)
    midtrans.change(order.order_id, "settlement")

    settled = await midtrans.send(midtrans.document(order))
    late = await midtrans.send(pending)

    assert (settled.json()["code"], late.json()["code"]) == ("BOOKED", "NOTED")
    assert await debtor.owes() == 0
    await biller.agrees()


async def test_a_status_that_the_signature_does_not_cover_is_not_believed(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor
) -> None:
    """The signature of the pending notification is genuine; only its status was changed."""
    order = await ordered(biller, midtrans, debtor)
    forged = {**midtrans.document(order), "transaction_status": "settlement"}

    answer = await midtrans.send(forged)

    assert (answer.status_code, answer.json()["code"]) == (502, "NOT_CONFIRMED")
    assert await biller.payments() == []
    assert await debtor.owes() == OWES


async def test_the_amount_is_the_one_that_midtrans_confirms(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor
) -> None:
    order = await ordered(biller, midtrans, debtor)
    midtrans.change(order.order_id, "settlement")
    note = {**midtrans.document(order), "gross_amount": "1.00"}

    unsigned = await midtrans.send(note)
    note["signature_key"] = signature_key(
        order_id=order.order_id,
        status_code="200",
        gross_amount="1.00",
        server_key=midtrans.server_key,
    )
    signed = await midtrans.send(note)

    assert unsigned.status_code == 401
    assert signed.json()["code"] == "BOOKED"
    assert await biller.payments() == [(order.transaction_id, OWES)]


async def test_while_midtrans_cannot_be_asked_it_is_told_to_come_again(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor
) -> None:
    order = await ordered(biller, midtrans, debtor)
    midtrans.change(order.order_id, "settlement")
    app = biller.outside.apps.pop("midtrans.test")
    first = await midtrans.send(midtrans.document(order))

    biller.outside.apps["midtrans.test"] = app
    second = await midtrans.send(midtrans.document(order))

    assert (first.status_code, first.json()["code"]) == (502, "NOT_CONFIRMED")
    assert second.json()["code"] == "BOOKED"


async def test_an_order_of_somebody_else_goes_to_suspense(
    biller: Biller, midtrans: SimulatedMidtrans
) -> None:
    order = midtrans.order("alfamart-01", Rupiah(OWES))
    midtrans.change("alfamart-01", "settlement")

    answer = await midtrans.send(midtrans.document(order))

    assert answer.json()["code"] == "IN_SUSPENSE"
    (item,) = await biller.suspense()
    assert (item.customer_number, item.amount) == ("alfamart-01", OWES)


async def test_money_of_another_currency_is_no_rupiah(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await ordered(biller, midtrans, debtor)
    midtrans.change(order.order_id, "settlement")
    foreign = {**midtrans.document(order), "currency": "USD"}

    def confirmed(_midtrans: SimulatedMidtrans, _order: MidtransOrder) -> dict[str, object]:
        return foreign

    monkeypatch.setattr(SimulatedMidtrans, "document", confirmed)

    answer = await midtrans.send(foreign)

    assert (answer.status_code, answer.json()["code"]) == (422, "UNREADABLE")
    assert await biller.payments() == []
    assert await debtor.owes() == OWES


async def test_a_refund_is_noted_and_changes_nothing(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor
) -> None:
    order = await ordered(biller, midtrans, debtor)
    midtrans.change(order.order_id, "settlement")
    await midtrans.send(midtrans.document(order))
    midtrans.change(order.order_id, "refund")

    answer = await midtrans.send(midtrans.document(order))

    assert answer.json()["code"] == "NOTED"
    assert await debtor.owes() == 0
    await biller.agrees()


async def test_unknown_fields_are_ignored_and_the_settlement_time_dates_the_value(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor, clock: StandingClock
) -> None:
    order = await ordered(biller, midtrans, debtor)
    midtrans.change(order.order_id, "settlement")
    order.settled_at = "2026-01-31 23:59:00"
    clock.set(clock.now().replace(month=2, day=1))

    await midtrans.send({**midtrans.document(order), "new_field": {"of": ["theirs"]}})

    async with biller.services.pool.acquire() as connection:
        day = await connection.fetchval(
            "SELECT value_date::text FROM payment WHERE reference = $1", order.transaction_id
        )
    assert day == "2026-01-31"


@pytest.mark.parametrize("signature", ["", "0" * 128, None, 7, "é" * 128])
async def test_a_wrong_signature_is_refused(
    biller: Biller, midtrans: SimulatedMidtrans, debtor: Debtor, signature: object
) -> None:
    order = await ordered(biller, midtrans, debtor)
    midtrans.change(order.order_id, "settlement")

    answer = await midtrans.send({**midtrans.document(order), "signature_key": signature})

    assert (answer.status_code, answer.json()["code"]) == (401, "NOT_AUTHENTIC")
    assert await biller.messages() == []
