"""Our client of a bank's services, against a simulated bank that verifies every signature."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from iuran.core.clock import WIB, StandingClock
from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.payments.credentials import parse_public_key
from iuran.payments.quirks import SignatureEncoding
from iuran.payments.simulation.bank import generate_key_pair, parse_private_key
from iuran.payments.simulation.bank_server import BankBooks, BankServer
from iuran.payments.snap.document import parse_object
from iuran.payments.snap_client.answers import (
    BankAnswer,
    BankPayment,
    BankRefusedError,
    Meaning,
    meaning_of,
)
from iuran.payments.snap_client.client import BankApi, SnapClient
from iuran.payments.snap_client.peculiarities import (
    DeleteMethod,
    Peculiarities,
    ReportMethod,
    Signing,
    read_peculiarities,
)
from iuran.payments.snap_client.reports import pull_report
from iuran.payments.snap_client.services import (
    BankAccount,
    NewBankAccount,
    ask_status,
    create_account,
    delete_account,
    inquire_account,
    update_account,
    update_paid_status,
)

ACCOUNT = BankAccount(prefix="88888", customer_number="02233913523")
NEW = NewBankAccount(account=ACCOUNT, name="BUNGA CONTOH", trx_id="TRX-1", amount=Rupiah(150_000))
SAMPLES = Path(__file__).parent.parent / "snap" / "samples"
KEYS = generate_key_pair()
SECRET = "a-shared-secret"


@dataclass(kw_only=True)
class Bank:
    server: BankServer
    http: httpx.AsyncClient

    def client(
        self, peculiarities: Peculiarities | None = None, secret: str = SECRET
    ) -> SnapClient:
        api = BankApi(
            base_url="http://bank.test/openapi/v1.0",
            client_id="IURAN",
            partner_id="88888",
            client_secret=secret,
            private_key=parse_private_key(KEYS.private_key_pem),
            peculiarities=peculiarities or Peculiarities(),
        )
        return SnapClient(http=self.http, api=api, clock=self.server.clock)


@pytest.fixture
async def bank(clock: StandingClock) -> AsyncIterator[Bank]:
    server = BankServer(
        books=BankBooks(),
        client_id="IURAN",
        client_secret=SECRET,
        public_key=parse_public_key(KEYS.public_key_pem),
        mount="/openapi/v1.0",
        clock=clock,
    )
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport) as http:
        yield Bank(server=server, http=http)


@pytest.mark.parametrize("signing", Signing)
@pytest.mark.parametrize("encoding", SignatureEncoding)
@pytest.mark.parametrize("delete", DeleteMethod)
async def test_the_life_of_an_account_at_a_bank(
    bank: Bank, signing: Signing, encoding: SignatureEncoding, delete: DeleteMethod
) -> None:
    switches = Peculiarities(signing=signing, signature_encoding=encoding, delete_method=delete)
    client = bank.client(switches)

    created = await create_account(client, NEW)
    again = await create_account(client, NEW)
    updated = await update_account(client, NEW)
    paid = await update_paid_status(client, ACCOUNT, trx_id="TRX-1", is_paid=True)
    asked = await inquire_account(client, ACCOUNT, trx_id="TRX-1")
    deleted = await delete_account(client, ACCOUNT, trx_id="TRX-1")
    gone = await delete_account(client, ACCOUNT, trx_id="TRX-1")

    answers = (created, again, updated, paid, asked, deleted, gone)
    assert [a.code for a in answers] == [
        *("2002700", "4042718", "2002800", "2002900", "2003000", "2003100", "4043112"),
    ]
    assert [again.meaning, gone.meaning] == [Meaning.REPEATED, Meaning.NOT_FOUND]
    assert asked.account["paidStatus"] == "Y"
    assert asked.account["totalAmount"] == {"value": "150000.00", "currency": "IDR"}
    assert bank.server.tokens_issued == (1 if signing is Signing.HMAC else 0)


@pytest.mark.parametrize("method", ReportMethod)
async def test_a_report_holds_the_payments_of_its_time(
    bank: Bank, clock: StandingClock, method: ReportMethod
) -> None:
    now = clock.now()
    for hours in (30, 5, 1):
        paid_at = now - timedelta(hours=hours)
        bank.server.books.take("02233913523", Rupiah(1000), reference=f"P{hours}", paid_at=paid_at)

    client = bank.client(Peculiarities(report_method=method))
    pages = pull_report(client, "88888", since=now - timedelta(hours=26), until=now)
    found = [payment async for page in pages for payment in page.payments]

    assert [payment.reference for payment in found] == ["P5", "P1"]
    assert {payment.virtual_account for payment in found} == {"8888802233913523"}


async def test_one_token_serves_many_calls_at_once_and_is_renewed_when_the_bank_forgets_it(
    bank: Bank, clock: StandingClock
) -> None:
    bank.server.books.take("02233913523", Rupiah(1000), reference="P1", paid_at=clock.now())
    client = bank.client()

    first = await asyncio.gather(*(ask_status(client, ACCOUNT, "P1") for _ in range(8)))
    bank.server.tokens.clear()
    then = await ask_status(client, ACCOUNT, "P1")

    assert {answer.code for answer in (*first, then)} == {"2002600"}
    assert bank.server.tokens_issued == 2


async def test_a_wrong_secret_is_no_reason_to_go_on_asking(bank: Bank) -> None:
    answer = await ask_status(bank.client(secret="other"), ACCOUNT, "P1")

    assert (answer.code, answer.meaning) == ("4012600", Meaning.UNAUTHORIZED)
    assert bank.server.tokens_issued == 2


async def test_what_is_safe_is_asked_again_and_what_is_not_is_left_open(bank: Bank) -> None:
    client = bank.client()
    bank.server.failures = [500, 504]
    asked = await ask_status(client, ACCOUNT, "P1")
    bank.server.failures = [504]
    created = await create_account(client, NEW)

    assert (asked.code, asked.attempts) == ("4042601", 3)
    assert (created.code, created.meaning, created.attempts) == ("5042700", Meaning.TRY_LATER, 1)
    assert bank.server.books.accounts == {}


async def test_a_bank_that_is_not_there_or_talks_nonsense_means_later(clock: StandingClock) -> None:
    def nonsense(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("b2b"):
            raise httpx.ConnectError("nobody", request=request)
        return httpx.Response(200, text="<html>")

    async with httpx.AsyncClient(transport=httpx.MockTransport(nonsense)) as http:
        here = Bank(server=_nowhere(clock), http=http)
        unreachable = await create_account(here.client(), NEW)
        page = await create_account(here.client(Peculiarities(signing=Signing.RSA)), NEW)

    assert unreachable.meaning is Meaning.TRY_LATER
    assert page.meaning is Meaning.TRY_LATER
    with pytest.raises(BankRefusedError, match="cannot be reached"):
        unreachable.done()


def _nowhere(clock: StandingClock) -> BankServer:
    key = parse_public_key(KEYS.public_key_pem)
    return BankServer(
        books=BankBooks(), client_id="-", client_secret="-", public_key=key, clock=clock
    )


@pytest.mark.parametrize(
    ("code", "http_status", "meaning"),
    [
        ("2002600", 200, Meaning.DONE),
        ("2022600", 202, Meaning.IN_PROGRESS),
        ("4042601", 404, Meaning.NOT_FOUND),
        ("4042612", 404, Meaning.NOT_FOUND),
        ("4042618", 404, Meaning.REPEATED),
        ("4092600", 409, Meaning.REPEATED),
        ("4012601", 401, Meaning.UNAUTHORIZED),
        ("4012600", 200, Meaning.UNAUTHORIZED),
        ("4292600", 429, Meaning.TRY_LATER),
        ("5042600", 504, Meaning.TRY_LATER),
        ("4002602", 400, Meaning.REFUSED),
        ("", 502, Meaning.TRY_LATER),
        ("", 200, Meaning.TRY_LATER),
        ("oops", 403, Meaning.REFUSED),
    ],
)
def test_a_code_has_one_meaning(code: str, http_status: int, meaning: Meaning) -> None:
    assert meaning_of(code, http_status=http_status) is meaning


@pytest.mark.parametrize("name", ["aspi_26_status_response", "aspi_35_report_response"])
def test_published_samples_are_read(name: str) -> None:
    body = json.dumps(json.loads((SAMPLES / f"{name}.json").read_text())["body"])
    told = BankAnswer(
        code="", message="", meaning=Meaning.DONE, document=parse_object(body.encode())
    )

    payment = BankPayment.of(told.lines[0])

    assert payment is not None
    assert payment.reference == "abcdef-123456-abcdef"
    assert payment.amount == 12_345_678
    assert payment.paid_at is not None
    assert payment.paid_at.date() == datetime(2020, 12, 31, tzinfo=WIB).date()


@pytest.mark.parametrize(
    "fields",
    [
        {"paymentFlagStatus": "01"},
        {"paidAmount": {"value": "10.50", "currency": "IDR"}},
        {"paidAmount": None},
        {"paymentRequestId": ""},
    ],
)
def test_a_line_that_tells_of_no_money_or_cannot_be_read_is_no_payment(
    fields: dict[str, object],
) -> None:
    line: dict[str, object] = {
        "virtualAccountNo": "8888802233913523",
        "paymentRequestId": "P1",
        "paidAmount": {"value": "1000.00", "currency": "IDR"},
    }

    assert BankPayment.of(parse_object(json.dumps(line).encode())) is not None
    assert BankPayment.of(parse_object(json.dumps({**line, **fields}).encode())) is None


def test_money_without_a_readable_time_is_a_payment_all_the_same() -> None:
    line = {
        "virtualAccountNo": "8888802233913523",
        "paymentRequestId": "P1",
        "paidAmount": {"value": "1000.00", "currency": "IDR"},
        "trxDateTime": "yesterday",
    }

    paid = BankPayment.of(parse_object(json.dumps(line).encode()))

    assert paid is not None
    assert (paid.amount, paid.paid_at) == (1000, None)


def test_switches_are_data_and_wrong_ones_are_named() -> None:
    switches = read_peculiarities({"signing": "RSA", "timeout_seconds": "5"})

    assert (switches.signing, switches.timeout_seconds) == (Signing.RSA, 5)
    assert read_peculiarities(switches.to_document()) == switches
    with pytest.raises(InvalidInputError, match="no such switch"):
        read_peculiarities({"colour": "red"})
    with pytest.raises(InvalidInputError, match="status_path"):
        read_peculiarities({"status_path": "no path"})
