"""`kill -9` in the middle of 200 payments: what was answered stands once, the rest comes again."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from iuran.core.clock import SystemClock, wib_date
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.deploy.installation import installation_cipher
from iuran.deploy.settings import Settings
from iuran.payments.billing import roll_months
from iuran.payments.channels import NewChannel, register_channel
from iuran.payments.ledger import disagreements
from iuran.payments.retail.channels import Dialect, NewRetailChannel, register_retail_channel
from iuran.payments.simulation.bank import SimulatedBank, parse_private_key
from iuran.payments.simulation.bank_answer import BankAnswer
from iuran.payments.simulation.xendit import SimulatedXendit
from iuran.payments.virtual_accounts import VirtualAccount
from tests.builders import a_channel, a_family, an_active_family
from tests.journeys.conftest import KEYS

PAYMENTS = 200
ANSWERS_BEFORE_THE_KILL = 40
START_SECONDS_MAX = 60
BILL = Rupiah(35_000)
TOKEN = "invented-token"
SERVE = ("-m", "iuran.deploy.cli", "serve")

COUNT_BOOKED = """
    SELECT count(*) FROM payment WHERE reference IN ('PAY-BANK', 'PAY-SHOP')
"""

DIES_AFTER_ITS_COMMIT = """
import os, signal, sys
from iuran.deploy import cli
from iuran.payments.snap.transactions import Transactions

commit = Transactions.commit

async def commit_and_die(self, *asked):
    await commit(self, *asked)
    os.kill(os.getpid(), signal.SIGKILL)

Transactions.commit = commit_and_die
sys.argv = ["iuran", "serve"]
cli.main()
"""
"""A server that is gone between two lines: its first commit is durable, its answer never sent."""


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def a_server(
    database_url: str, data: Path, port: int, *, program: Sequence[str] = SERVE
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`iuran serve` as a process of its own, ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program),
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "IURAN_DATA": str(data),
            "IURAN_PORT": str(port),
            "IURAN_LOG_LEVEL": "error",
        },
    )
    try:
        async with (
            asyncio.timeout(START_SECONDS_MAX),
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as probe,
        ):
            while not await _is_ready(probe):
                assert process.returncode is None, "the server did not start"
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _is_ready(probe: httpx.AsyncClient) -> bool:
    try:
        return (await probe.get("/healthz")).status_code == 200
    except httpx.TransportError:
        return False


async def a_bank(pool: Pool, settings: Settings, http: httpx.AsyncClient) -> SimulatedBank:
    new = NewChannel(code="BCA", name="Bank BCA", public_key_pem=KEYS.public_key_pem)
    async with pool.acquire() as connection, connection.transaction():
        issued = await register_channel(
            connection, installation_cipher(settings), new, at=SystemClock().now()
        )
    assert issued.client_secret is not None
    return SimulatedBank(
        http=http,
        private_key=parse_private_key(KEYS.private_key_pem),
        client_id=issued.client_id,
        client_secret=issued.client_secret,
    )


async def many_debtors(pool: Pool, families: int = PAYMENTS) -> list[VirtualAccount]:
    """Families that paid last month and owe this one."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection, "OLD_BANK")
    now = datetime.now(UTC)
    last_month = CoverageMonth.of(wib_date(now)).first_day - timedelta(days=10)
    paid_at = datetime.combine(last_month, now.timetz())
    accounts = [
        (await an_active_family(pool, channel, a_family(), first_payment_at=paid_at))[1][0]
        for _ in range(families)
    ]
    async for _ in roll_months(pool, at=now):
        pass
    return accounts


async def test_every_payment_answered_with_success_is_in_the_ledger_once(
    pool: Pool, database_url: str, tmp_path: Path
) -> None:
    # given 200 families that owe a month, and a bank
    accounts = await many_debtors(pool)
    port, settings = a_free_port(), Settings(data=tmp_path)
    limits = httpx.Limits(max_connections=PAYMENTS)
    answers: dict[str, BankAnswer] = {}
    enough = asyncio.Event()

    async def pay(bank: SimulatedBank, account: VirtualAccount) -> None:
        reference = f"PAY-{account.customer_number}"
        try:
            answer = await bank.pay(account.customer_number, BILL, request_id=reference)
        except httpx.TransportError:
            return
        answers[reference] = answer
        if len(answers) >= ANSWERS_BEFORE_THE_KILL:
            enough.set()

    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", limits=limits, timeout=30
    ) as http:
        bank = await a_bank(pool, settings, http)

        # when the server is killed while they pay
        async with a_server(database_url, tmp_path, port) as process:
            await bank.token()
            paying = [asyncio.create_task(pay(bank, account)) for account in accounts]
            await enough.wait()
            process.kill()
            await asyncio.gather(*paying)
        before = dict(answers)

        # and the bank repeats all it got no answer for, and some that it did
        async with a_server(database_url, tmp_path, port):
            answers.clear()
            await asyncio.gather(*(pay(bank, account) for account in accounts))

    # then every payment has taken effect, once
    assert ANSWERS_BEFORE_THE_KILL <= len(before) < PAYMENTS, "the kill came too late to say much"
    assert {answer.code for answer in before.values()} == {"2002500"}
    assert {answer.code for answer in answers.values()} == {"2002500"}
    assert len(answers) == PAYMENTS
    assert {answer.account["paymentFlagStatus"] for answer in answers.values()} == {"00"}
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT p.reference, count(e.entry_id) AS entries FROM payment AS p"
            " JOIN ledger_entry AS e USING (family_id, payment_id)"
            " WHERE p.reference LIKE 'PAY-0%' GROUP BY p.family_id, p.reference"
        )
        assert await disagreements(connection) == ()
    assert len(rows) == PAYMENTS
    assert {row["entries"] for row in rows} == {1}


async def a_shop(pool: Pool, settings: Settings, http: httpx.AsyncClient) -> SimulatedXendit:
    new = NewRetailChannel(
        code="XENDIT",
        name="Xendit",
        dialect=Dialect.XENDIT,
        base_url="https://xendit.test",
        api_secret=TOKEN,
        notification_secret=TOKEN,
    )
    async with pool.acquire() as connection, connection.transaction():
        cipher = installation_cipher(settings)
        await register_retail_channel(connection, cipher, new, at=SystemClock().now())
    return SimulatedXendit(http=http, path="/retail/XENDIT/xendit", token=TOKEN)


async def test_what_was_committed_but_not_answered_is_answered_when_it_comes_again(
    pool: Pool, database_url: str, tmp_path: Path
) -> None:
    # given two families, a bank and a shop, and a server that dies after its first commit
    at_bank, at_shop = await many_debtors(pool, families=2)
    port, settings = a_free_port(), Settings(data=tmp_path)
    dying = ("-c", DIES_AFTER_ITS_COMMIT)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        bank, shop = await a_bank(pool, settings, http), await a_shop(pool, settings, http)
        event = shop.event(at_shop.customer_number, BILL, payment_id="PAY-SHOP")

        async def pays() -> BankAnswer:
            number = at_bank.customer_number
            return await bank.pay(number, BILL, request_id="PAY-BANK", external_id="1")

        # when each tells of a payment and hears nothing
        async with a_server(database_url, tmp_path, port, program=dying):
            await bank.token()
            with pytest.raises(httpx.TransportError):
                await pays()
        async with a_server(database_url, tmp_path, port, program=dying):
            with pytest.raises(httpx.TransportError):
                await shop.send(event)
        booked = await pool.fetchval(COUNT_BOOKED)

        # and tells the same again
        async with a_server(database_url, tmp_path, port):
            again = await pays()
            advice = await bank.pay(at_bank.customer_number, BILL, request_id="PAY-BANK")
            of_shop = await shop.send(event)

    # then it stands, once, and nobody hears that it was refused
    assert booked == 2
    assert (again.code, again.account["paymentFlagStatus"]) == ("4042518", "00")
    assert (advice.code, advice.account["paymentFlagStatus"]) == ("2002500", "00")
    assert (of_shop.status_code, of_shop.json()["code"]) == (200, "REPEATED")
    async with pool.acquire() as connection:
        assert await connection.fetchval(COUNT_BOOKED) == 2
        assert await disagreements(connection) == ()
