"""What a bank hears when we fail: in time, in SNAP's JSON, and never a false "rejected"."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
import structlog
from asyncpg.transaction import Transaction
from starlette.applications import Starlette

from iuran.core.database.pool import Connection, Pool
from iuran.core.money import Rupiah
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from iuran.payments.snap import inquiry
from iuran.payments.snap.app import snap_routes
from iuran.payments.snap.authentication import Sender
from iuran.payments.snap.message import Exchange
from tests.payments.snap.conftest import Biller, Debtor
from tests.payments.snap.strays import no_strays

OWED = Rupiah(35_000)

SELECT_BACKENDS = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name = 'iuran' AND datname = current_database()
"""


def flag(answer: BankAnswer) -> tuple[str, object]:
    return answer.code, answer.account.get("paymentFlagStatus")


def a_body(customer_number: str, reference: str) -> dict[str, object]:
    return {
        "partnerServiceId": "88888",
        "customerNo": customer_number,
        "virtualAccountNo": f"88888{customer_number}",
        "paymentRequestId": reference,
        "paidAmount": {"value": "35000.00", "currency": "IDR"},
    }


def as_bytes(body: dict[str, object]) -> bytes:
    return json.dumps(body).encode()


@asynccontextmanager
async def hurried(biller: Biller, bank: SimulatedBank, seconds: float) -> AsyncGenerator[None]:
    """Within it the bank is answered after `seconds` at the latest."""
    services = replace(biller.services, answer_timeout_seconds=seconds)
    transport = httpx.ASGITransport(Starlette(routes=snap_routes(services)))
    before = bank.http
    async with httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http:
        bank.http = http
        yield
    bank.http = before


async def test_a_commit_that_takes_too_long_is_no_rejection(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bank.inquire(debtor.customer_number)
    real = Transaction.__aexit__

    async def slow(self: Transaction, *error: Any) -> None:  # noqa: ANN401 - passed through
        await asyncio.sleep(0.6)
        await real(self, *error)

    async with hurried(biller, bank, 0.3):
        monkeypatch.setattr(Transaction, "__aexit__", slow)
        late = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
        monkeypatch.undo()
    await no_strays()
    advice = await bank.pay(debtor.customer_number, OWED, request_id="P1", is_advice=True)

    assert (late.http_status, *flag(late)) == (504, "5042500", "02")
    assert flag(advice) == ("2002500", "00")


async def test_a_lost_database_is_no_rejection(
    bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_args: object, **_kwargs: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr("iuran.payments.lanes.settle", breaks)

    answer = await bank.pay(debtor.customer_number, OWED)

    assert (answer.http_status, *flag(answer)) == (504, "5042500", "02")


async def test_a_hung_postgresql_does_not_hold_the_answer(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, pool: Pool
) -> None:
    await bank.inquire(debtor.customer_number)
    backends = [int(row["pid"]) for row in await pool.fetch(SELECT_BACKENDS)]
    async with hurried(biller, bank, 0.5):
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):  # far beyond the limit, far below for ever
                late = await bank.pay(debtor.customer_number, OWED, request_id="P1")
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)
    await no_strays()
    advice = await bank.pay(debtor.customer_number, OWED, request_id="P1", is_advice=True)

    assert flag(late) == ("5042500", "02")
    assert flag(advice) == ("2002500", "00")


async def test_a_hung_directory_does_not_hold_the_answer(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bank.token()
    may_end = asyncio.Event()
    loads = 0

    async def hangs(*_args: object, **_kwargs: object) -> tuple[()]:
        nonlocal loads
        loads += 1
        while not may_end.is_set():  # as a driver does that waits for its server
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue
        return ()

    biller.services.directory.refresh_seconds = 0
    async with hurried(biller, bank, 0.3):
        monkeypatch.setattr("iuran.payments.snap.directory.list_channels", hangs)
        async with asyncio.timeout(20):
            answers = [await bank.pay(debtor.customer_number, OWED) for _ in range(2)]
        monkeypatch.undo()
    may_end.set()
    await asyncio.sleep(0)

    assert [flag(answer) for answer in answers] == [("5042500", "02")] * 2
    assert loads == 1


async def test_too_many_strays_are_answered_at_once(
    biller: Biller, bank: SimulatedBank, debtor: Debtor
) -> None:
    await bank.token()
    biller.services.transactions.strays_max = 0

    payment = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    inquiry_ = await bank.inquire(debtor.customer_number)
    biller.services.transactions.strays_max = 1
    again = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert flag(payment) == ("5042500", "02")
    assert inquiry_.code == "5042400"
    assert flag(again) == ("2002500", "00")


async def test_an_inquiry_that_we_repeat_is_no_conflict_with_itself(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = inquiry._ask  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # replaced below
    calls = 0

    async def commits_and_breaks(
        connection: Connection,
        sender: Sender,
        exchange: Exchange,
        question: inquiry.Inquiry,
        at: datetime,
    ) -> object:
        nonlocal calls
        calls += 1
        if calls > 1:
            return await ask(connection, sender, exchange, question, at)
        async with biller.services.pool.acquire() as other, other.transaction():
            await ask(other, sender, exchange, question, at)
        raise ConnectionResetError

    monkeypatch.setattr(inquiry, "_ask", commits_and_breaks)

    answer = await bank.inquire(debtor.customer_number)

    assert (calls, answer.code) == (2, "2002400")


async def test_an_inquiry_that_we_failed_to_answer_may_come_again(
    bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashes(*_args: object) -> None:
        raise RuntimeError("after the commit")

    monkeypatch.setattr("iuran.payments.snap.inquiry._data", crashes)
    number = debtor.customer_number
    failed = await bank.inquire(number, request_id="R1", external_id="X1")
    monkeypatch.undo()
    again = await bank.inquire(number, request_id="R1", external_id="X1")
    other = await bank.inquire(number, request_id="R2", external_id="X1")

    assert [failed.code, again.code, other.code] == ["5002400", "2002400", "4092400"]


async def test_an_inquiry_that_was_answered_is_a_conflict_when_it_comes_again(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    number = debtor.customer_number
    answers = [await bank.inquire(number, request_id="R1", external_id="X1") for _ in range(2)]

    assert [answer.code for answer in answers] == ["2002400", "4092400"]


@pytest.mark.parametrize(
    "named", ["iuran.payments.snap.app.write", "iuran.payments.snap.app.write_instant"]
)
async def test_a_crash_while_the_answer_is_written_is_an_answer_too(
    bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    await bank.token()

    def crashes(*_args: object) -> bytes:
        raise ValueError(f"the account {debtor.customer_number}")

    monkeypatch.setattr(named, crashes)
    with structlog.testing.capture_logs() as lines:
        failed = await bank.pay(debtor.customer_number, OWED, request_id="P1")
    monkeypatch.undo()
    advice = await bank.pay(debtor.customer_number, OWED, request_id="P1", is_advice=True)

    assert (failed.http_status, *flag(failed)) == (500, "5002500", "02")
    assert failed.headers["Content-Type"] == "application/json"
    assert {line["event"] for line in lines} == {"snap.failed", "snap.answered"}
    assert debtor.customer_number not in str(lines)
    assert flag(advice) == ("2002500", "00")


async def test_an_answer_that_cannot_be_counted_is_sent(
    bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bank.token()

    def crashes(*_args: object) -> None:
        raise ValueError(f"the account {debtor.customer_number}")

    monkeypatch.setattr("iuran.payments.snap.app._count", crashes)
    with structlog.testing.capture_logs() as lines:
        answer = await bank.pay(debtor.customer_number, OWED)

    assert flag(answer) == ("2002500", "00")
    assert [line["event"] for line in lines] == ["snap.failed"]
    assert debtor.customer_number not in str(lines)


async def test_ids_made_of_the_account_are_masked_in_logs(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    number = debtor.customer_number
    await bank.token()

    with structlog.testing.capture_logs() as lines:
        await bank.pay(
            number, OWED, request_id=f"88888{number}-202601", external_id=f"{number}0001"
        )
        await bank.pay(number, Rupiah(1), request_id="202601050900000001", external_id="7" * 12)
        await bank.transact(
            "/transfer-va/payment",
            f'{{"paymentRequestId":"{number}"}}'.encode(),
            external_id=f"{number}0002",
        )

    assert number not in str(lines)
    assert number.lstrip("0") not in str(lines)
    answered = [line for line in lines if line["event"] == "snap.answered"]
    assert (answered[1]["reference"], answered[1]["external_id"]) == (
        "202601050900000001",
        "7" * 12,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"customerNo": "{n}0", "virtualAccountNo": "88888{n}0"},
        {"partnerServiceId": "89888", "virtualAccountNo": "89888{n}"},
        {"customerNo": "{n}X"},
        {"customerNo": ""},
        {"paidAmount": {"value": "35.000,00", "currency": "IDR"}},
    ],
)
async def test_a_payment_that_stands_is_not_rejected_whatever_names_it_wrongly(
    bank: SimulatedBank, debtor: Debtor, pool: Pool, changes: dict[str, object]
) -> None:
    number = debtor.customer_number
    wrong = {
        name: value.format(n=number) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    body = {**a_body(number, "P1"), **wrong}
    unknown = {**a_body(number, "P2"), **wrong}
    await bank.pay(number, OWED, request_id="P1")

    known_answer = await bank.transact("/transfer-va/payment", as_bytes(body))
    unknown_answer = await bank.transact("/transfer-va/payment", as_bytes(unknown))

    assert flag(known_answer) == ("4042518", "00")
    assert known_answer.account["virtualAccountName"] == debtor.name
    assert unknown_answer.code[:3] in {"400", "404"}
    assert unknown_answer.account["paymentFlagStatus"] == "01"
    assert await pool.fetchval("SELECT count(*) FROM payment WHERE reference = 'P1'") == 1


async def test_a_refused_payment_keeps_its_refusal_whatever_names_it_wrongly(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    first = await bank.pay(debtor.customer_number, Rupiah(1), request_id="P1")
    again = await bank.pay(debtor.customer_number + "0", Rupiah(1), request_id="P1")

    assert (flag(first), flag(again)) == (("4042513", "01"), ("4042518", "01"))
    assert again.account["paymentFlagReason"] == first.account["paymentFlagReason"]


async def test_blanks_around_a_reference_are_no_part_of_it(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    first = await bank.pay(debtor.customer_number, OWED, request_id="P1")
    padded = await bank.pay(debtor.customer_number, OWED, request_id=" P1  ")

    assert flag(first) == flag(padded) == ("2002500", "00")
    assert padded.account["paymentRequestId"] == " P1  "


async def test_an_advice_under_a_used_external_id_hears_of_its_own_payment(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    number = debtor.customer_number
    await bank.pay(number, Rupiah(1), request_id="P1", external_id="X1")
    await bank.pay(number, OWED, request_id="P2", external_id="X2")

    settled = await bank.pay(number, OWED, request_id="P2", external_id="X1", is_advice=True)
    refused = await bank.pay(number, Rupiah(1), request_id="P1", external_id="X2", is_advice=True)
    unknown = await bank.pay(number, OWED, request_id="P3", external_id="X2")

    assert flag(settled) == ("4092500", "00")
    assert settled.account["paymentFlagReason"] == {"english": "Success", "indonesia": "Sukses"}
    assert flag(refused) == ("4092500", "01")
    assert flag(unknown) == ("4092500", "01")
