import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.types import Message

from iuran.core.database.pool import Connection, connected
from iuran.core.money import Rupiah
from iuran.payments.memory import EXTRA_RELOADS_MAX
from iuran.payments.settlement import settle
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.snap.app import SnapEndpoint, snap_routes
from iuran.payments.snap.codes import Case, Service
from tests.payments.snap.conftest import Biller, Debtor

OWED = Rupiah(35_000)


@pytest.mark.parametrize("service", list(Service))
@pytest.mark.parametrize("case", list(Case))
def test_a_code_begins_with_its_http_status(service: Service, case: Case) -> None:
    code = case.response_code(service)

    assert len(code) == 7
    assert int(code[:3]) == case.http_status
    assert int(code[3:5]) == service
    assert len(case.response_message("x" * 500)) <= 150
    assert all(len(text) <= 64 for text in case.reason("x" * 500).values())


def test_no_two_cases_share_a_code() -> None:
    codes = [case.response_code(Service.PAYMENT) for case in Case]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("access-token/b2b", "4057300"),
        ("transfer-va/inquiry", "4052400"),
        ("transfer-va/payment", "4052500"),
        ("transfer-va/status", "4052600"),
        ("transfer-va/notify-payment-intrabank", "4053400"),
    ],
)
async def test_another_method_is_not_supported(
    biller: Biller, method: str, path: str, code: str
) -> None:
    response = await biller.http.request(method, f"/snap/v1.0/{path}")

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert response.json()["responseCode"] == code


@pytest.mark.parametrize("path", ["transfer-va/report", "x/y/z", ""])
async def test_an_unknown_service_is_answered_in_json(biller: Biller, path: str) -> None:
    response = await biller.http.post(f"/v1.0/{path}", content=b"{}")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["responseCode"] == "4040001"


async def test_a_large_body_is_not_read_to_its_end(biller: Biller) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 16 * 1024
            yield b" " * 16 * 1024
            if sent > 1024 * 1024:
                raise AssertionError("the biller reads on")

    transport_of_a_stream = biller.http.build_request(
        "POST", "/snap/v1.0/transfer-va/payment", content=endless()
    )
    response = await biller.http.send(transport_of_a_stream)

    assert (response.status_code, response.json()["responseCode"]) == (400, "4002500")
    assert sent <= 128 * 1024


async def test_a_long_path_is_refused(biller: Biller) -> None:
    response = await biller.http.post(f"/snap/v1.0/transfer-va/inquiry?{'q' * 2_000}")

    assert response.json()["responseCode"] == "4002400"


async def test_every_answer_is_counted_and_logged_without_whole_numbers(
    bank: SimulatedBank, debtor: Debtor
) -> None:
    def counted() -> float:
        labels = {"service": "25", "channel": "BCA", "response_code": "2002500"}
        return REGISTRY.get_sample_value("iuran_snap_answers_total", labels) or 0.0

    before = counted()
    with structlog.testing.capture_logs() as lines:
        await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert counted() == before + 1
    (line,) = [line for line in lines if line.get("service") == 25]
    assert line["event"] == "snap.answered"
    assert (line["channel"], line["code"]) == ("BCA", "2002500")
    assert (line["external_id"], line["reference"]) == ("X1", "P1")
    assert debtor.customer_number not in str(lines)
    assert str(line["account"]).endswith(debtor.customer_number[-4:])


async def test_a_failure_books_nothing_and_the_retry_is_accepted(
    bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(connection: Connection, *args: object, **kwargs: object) -> None:
        await settle(connection, *args, **kwargs)  # type: ignore[arg-type]  # passed through
        raise RuntimeError(f"the account {debtor.customer_number} has a secret")

    monkeypatch.setattr("iuran.payments.lanes.settle", fails)
    with structlog.testing.capture_logs() as lines:
        failed = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
    monkeypatch.undo()
    retried = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert (failed.http_status, failed.code) == (500, "5002500")
    assert failed.account["paymentFlagStatus"] == "02"
    assert failed.account["paymentRequestId"] == "P1"
    assert b"secret" not in failed.content
    assert "the account *******" in str(lines)
    assert debtor.customer_number not in str(lines)
    assert retried.code == "2002500"


async def test_a_slow_database_is_a_timeout_and_books_nothing(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, database_url: str
) -> None:
    await bank.token()
    hurried = replace(biller.services, answer_timeout_seconds=0.3)
    patient = bank.http
    transport = httpx.ASGITransport(Starlette(routes=snap_routes(hurried)))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://biller.test") as http,
        connected(database_url) as other,
    ):
        bank.http = http
        async with other.transaction():
            await other.execute("SELECT FROM membership FOR NO KEY UPDATE")
            late = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")
        bank.http = patient
        retried = await bank.pay(debtor.customer_number, OWED, request_id="P1", external_id="X1")

    assert (late.http_status, late.code) == (504, "5042500")
    assert late.account["paymentFlagStatus"] == "02"
    assert late.account["paymentFlagReason"] == {
        "english": "No answer in time; please send again",
        "indonesia": "Waktu habis; mohon kirim ulang",
    }
    assert retried.code == "2002500"


async def test_a_payment_whose_commit_was_in_doubt_is_answered_as_booked(
    biller: Biller, bank: SimulatedBank, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def commits_and_breaks(connection: Connection, *args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 1:
            return await settle(connection, *args, **kwargs)  # type: ignore[arg-type]  # the same
        async with biller.services.pool.acquire() as other, other.transaction():
            await settle(other, *args, **kwargs)  # type: ignore[arg-type]  # passed through
        raise ConnectionResetError

    monkeypatch.setattr("iuran.payments.lanes.settle", commits_and_breaks)

    answer = await bank.pay(debtor.customer_number, OWED)

    assert calls == 2
    assert (answer.code, answer.account["paymentFlagStatus"]) == ("2002500", "00")


async def test_strangers_cannot_make_the_directory_reload_without_end(bank: SimulatedBank) -> None:
    def reloads() -> float:
        labels = {"cause": "unknown"}
        return REGISTRY.get_sample_value("iuran_channel_reloads_total", labels) or 0.0

    before = reloads()
    bank.client_id = "stranger"

    answers = await asyncio.gather(*(bank.token() for _ in range(40)))

    assert {answer.message for answer in answers} == {"Unauthorized. [Unknown client]"}
    assert 1 <= reloads() - before <= EXTRA_RELOADS_MAX + 1


def a_scope() -> dict[str, object]:
    path = "/snap/v1.0/transfer-va/payment"
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }


async def test_a_body_that_does_not_end_is_given_up(
    biller: Biller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iuran.payments.snap.message.BODY_TIMEOUT_SECONDS", 0.01)
    sent: list[Message] = []
    endpoint = SnapEndpoint(services=biller.services, service=Service.PAYMENT)

    async def receives_nothing() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing sets it")

    async def send(message: Message) -> None:
        sent.append(message)

    await endpoint(a_scope(), receives_nothing, send)

    assert sent[0]["status"] == 400
    assert b'"4002500"' in sent[1]["body"]
    assert b"did not arrive in time" in sent[1]["body"]


async def test_a_bank_that_leaves_gets_no_answer_and_books_nothing(biller: Biller) -> None:
    sent: list[Message] = []
    endpoint = SnapEndpoint(services=biller.services, service=Service.PAYMENT)

    async def leaves() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await endpoint(a_scope(), leaves, send)

    assert sent == []
