"""One family, from its registration to its reactivation, as everybody around it sees it."""

from collections.abc import Mapping
from typing import cast

from iuran.core.segments import CareClass
from iuran.graphql.identity import Role
from iuran.payments.ledger import disagreements
from iuran.workers.execution import run_due
from iuran.workers.services import WorkerServices
from tests.builders import a_family, registered
from tests.journeys.conftest import House
from tests.moments import wib
from tests.workers.conftest import Mailbox
from tests.workers.stories import text_of

FAMILY = """
    query Family($va: VANumber!) {
      family(by: {vaNumber: $va}) {
        participants { name }
        membership { state paidThrough fineWindow { firstDay lastDay arrearsMonths isOpen } }
        payable { status amount arrearsMonths firstMonth lastMonth }
        bills(first: 12) { nodes { coverageMonth amount state lines { amount legalBasis } } }
      }
    }
"""


async def seen(house: House, family_id: int, va_number: str) -> Mapping[str, object]:
    """What the family's own app shows."""
    data = await house.ask(FAMILY, {"va": va_number}, role=Role.PARTICIPANT, family_id=family_id)
    return cast("Mapping[str, object]", data["family"])


async def test_a_family_registers_falls_behind_pays_and_is_insured_again(
    house: House, workers: WorkerServices, mailbox: Mailbox
) -> None:
    # January: it registers, and is told by the bank from when it may pay
    house.clock.set(wib(2026, 1, 5))
    async with house.pool.acquire() as connection:
        family, (_, child_account, *_) = await registered(
            connection,
            a_family(members=3, care_class=CareClass.II, email="bunga@example.org"),
            at=house.clock.now(),
        )
    bank = await house.bank("BCA")
    number = child_account.customer_number
    early = await bank.inquire(number)
    assert early.code == "4042412"
    assert "19-01-2026" in str(early.account["inquiryReason"])
    assert (
        cast(
            "Mapping[str, object]",
            (await seen(house, family.family_id, child_account.number))["membership"],
        )["state"]
        == "PENDING"
    )

    # day 14: the first payment, under the number of a child, activates everybody
    house.clock.set(wib(2026, 1, 19))
    assert (await bank.inquire(number)).total_amount == 300_000
    paid = await bank.pay(number, (await bank.inquire(number)).total_amount)
    assert paid.code == "2002500"
    assert paid.account["paymentFlagStatus"] == "00"

    # February: the worker bills the month and reminds; nobody pays
    house.clock.set(wib(2026, 2, 1, 0, 1))
    await run_due(workers)
    house.clock.set(wib(2026, 2, 3))
    await run_due(workers)
    subjects = [str(message["Subject"]) for message in mailbox.messages]
    assert mailbox.recipients[-1] == "bunga@example.org"
    reminder = text_of(mailbox.messages[-1])
    assert "300.000" in reminder, subjects
    assert number not in reminder
    shown = await seen(house, family.family_id, child_account.number)
    assert shown["membership"] == {
        "state": "ACTIVE",
        "paidThrough": "2026-01",
        "fineWindow": None,
    }

    # March: suspended from the 1st
    house.clock.set(wib(2026, 3, 1, 0, 0))
    await run_due(workers)
    shown = await seen(house, family.family_id, child_account.number)
    assert cast("Mapping[str, object]", shown["membership"])["state"] == "SUSPENDED"
    assert shown["payable"] == {
        "status": "PAYABLE",
        "amount": "600000",
        "arrearsMonths": 1,
        "firstMonth": "2026-02",
        "lastMonth": "2026-03",
    }

    # April: the bank asks and pays; in the same commit everything is well again
    house.clock.set(wib(2026, 4, 2))
    bill = await bank.inquire(number)
    assert (bill.code, bill.total_amount) == ("2002400", 900_000)
    paid = await bank.pay(number, bill.total_amount)
    assert paid.code == "2002500"
    shown = await seen(house, family.family_id, child_account.number)
    assert shown["membership"] == {
        "state": "ACTIVE",
        "paidThrough": "2026-04",
        "fineWindow": {
            "firstDay": "2026-04-02",
            "lastDay": "2026-05-17",
            "arrearsMonths": 2,
            "isOpen": True,
        },
    }
    bills = cast("Mapping[str, list[Mapping[str, object]]]", shown["bills"])["nodes"]
    assert [(one["coverageMonth"], one["state"]) for one in bills] == [
        ("2026-04", "PAID"),
        ("2026-03", "PAID"),
        ("2026-02", "PAID"),
        ("2026-01", "PAID"),
    ]
    assert cast("Mapping[str, object]", shown["payable"])["status"] == "ALREADY_PAID"

    # and the family is told at once until when to take care
    before = len(mailbox.messages)
    await run_due(workers)
    assert len(mailbox.messages) > before
    assert "17 Mei 2026" in text_of(mailbox.messages[-1])
    async with house.pool.acquire() as connection:
        assert await disagreements(connection) == ()
