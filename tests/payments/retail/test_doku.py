import json

import pytest

from iuran.core.clock import StandingClock
from iuran.core.money import Rupiah
from iuran.payments.retail.codes import issue_code
from iuran.payments.retail.doku import SignedParts, sign
from iuran.payments.simulation.doku import DokuOrder, SimulatedDoku
from tests.payments.retail.conftest import OWES, Biller, Debtor

INQUIRY = "/retail/DOKU/doku/inquiry"


async def ordered(biller: Biller, doku: SimulatedDoku, debtor: Debtor) -> DokuOrder:
    issued = await issue_code(biller.services, "DOKU", debtor.customer_number, outlet="alfamart")
    return doku.orders[issued.code]


def test_the_signed_text_is_dokus() -> None:
    parts = SignedParts(
        client_id="MCH-1",
        request_id="r-1",
        timestamp="2020-08-11T08:45:42Z",
        target="/notify",
        body=b'{"a":1}',
    )

    assert parts.text().splitlines() == [
        "Client-Id:MCH-1",
        "Request-Id:r-1",
        "Request-Timestamp:2020-08-11T08:45:42Z",
        "Request-Target:/notify",
        "Digest:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=",
    ]
    assert sign(parts, "SK").startswith("HMACSHA256=")


async def test_a_paid_code_pays_the_bill_once(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor
) -> None:
    order = await ordered(biller, doku, debtor)

    answers = [await doku.send(doku.notification(order)) for _ in range(2)]

    assert [a.json()["code"] for a in answers] == ["BOOKED", "REPEATED"]
    assert await biller.payments() == [(order.request_id, OWES)]
    assert await debtor.owes() == 0
    await biller.agrees()


async def test_direct_inquiry_says_what_is_owed_and_the_notification_pays_it(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor
) -> None:
    code = "88888" + debtor.customer_number

    inquired = await doku.inquire(code)
    told = inquired.json()
    order = DokuOrder(
        invoice_number=told["order"]["invoice_number"],
        amount=Rupiah(told["order"]["amount"]),
        payment_code=code,
        request_id=inquired.headers["Request-Id"],
    )
    paid = await doku.send(doku.notification(order))
    again = await doku.inquire(code)

    assert inquired.status_code == 200
    assert told["online_to_offline_inquiry"]["status"] == "success"
    assert told["order"]["amount"] == OWES
    assert told["customer"]["name"] == "B**** C*****"
    assert doku.has_signed(inquired, target=INQUIRY)
    assert paid.json()["code"] == "BOOKED"
    assert await debtor.owes() == 0
    assert again.status_code == 400
    assert again.json()["online_to_offline_inquiry"]["status"] == "billing_already_paid"
    await biller.agrees()


@pytest.mark.parametrize("code", ["8888899999999999", "1", "88888", "88888ABCDEFGHIJK"])
async def test_direct_inquiry_of_a_code_that_is_nobodys(doku: SimulatedDoku, code: str) -> None:
    answer = await doku.inquire(code)

    assert answer.status_code == 404
    assert answer.json()["online_to_offline_inquiry"]["status"] == "billing_not_found"
    assert doku.has_signed(answer, target=INQUIRY)


async def test_direct_inquiry_of_a_code_that_was_ordered(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor
) -> None:
    order = await ordered(biller, doku, debtor)

    answer = await doku.inquire(order.payment_code)

    assert answer.json()["order"]["amount"] == OWES


async def test_what_failed_at_the_shop_changes_nothing(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor
) -> None:
    order = await ordered(biller, doku, debtor)

    answer = await doku.send(doku.notification(order, status="FAILED"))

    assert answer.json()["code"] == "NOTED"
    assert await debtor.owes() == OWES


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Signature", "HMACSHA256=AAAA"),
        ("Signature", ""),
        ("Client-Id", "MCH-other"),
        ("Request-Id", "another"),
        ("Request-Timestamp", "2026-01-01T00:00:00Z"),
    ],
)
async def test_each_signed_header_counts(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor, header: str, value: str
) -> None:
    body = json.dumps(doku.notification(await ordered(biller, doku, debtor))).encode()
    parts = SignedParts(
        client_id=doku.client_id,
        request_id="r-1",
        timestamp=doku.timestamp(),
        target=doku.path,
        body=body,
    )
    headers = {
        "Client-Id": parts.client_id,
        "Request-Id": parts.request_id,
        "Request-Timestamp": parts.timestamp,
        "Signature": sign(parts, doku.secret),
    }

    right = await biller.http.post(doku.path, content=body, headers=headers)
    wrong = await biller.http.post(doku.path, content=body, headers={**headers, header: value})
    other_body = await biller.http.post(doku.path, content=body + b" ", headers=headers)
    other_path = await biller.http.post(doku.path + "?x=1", content=body, headers=headers)

    assert right.status_code == 200
    assert [r.status_code for r in (wrong, other_body, other_path)] == [401, 401, 401]


async def test_an_old_signature_is_no_reason_to_lose_money(
    biller: Biller, doku: SimulatedDoku, debtor: Debtor, clock: StandingClock
) -> None:
    order = await ordered(biller, doku, debtor)
    doku.clock = StandingClock(clock.now().replace(year=2025))

    answer = await doku.send(doku.notification(order))

    assert answer.json()["code"] == "BOOKED"
