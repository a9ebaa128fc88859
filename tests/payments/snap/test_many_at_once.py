"""Three banks, three aggregators, 64 tasks, 500 families, every notification up to four times."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel
from iuran.payments.ledger import balances, disagreements
from iuran.payments.retail.app import retail_routes
from iuran.payments.retail.channels import Dialect, NewRetailChannel, register_retail_channel
from iuran.payments.retail.context import RetailServices
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.doku import DokuOrder, SimulatedDoku
from iuran.payments.simulation.midtrans import SimulatedMidtrans
from iuran.payments.simulation.xendit import SimulatedXendit
from tests.payments.snap.conftest import PATIENCE_SECONDS, Biller
from tests.payments.test_lanes import NOW, OWED, SELECT_DEADLOCKS, a_town

TASKS = 64
FAMILIES = 500
CONTESTED = 60
"""Families that pay at a bank and at a shop, at about the same time."""

SECRET = "invented-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a channel was told of a payment: in which word, and whether the money counts."""

    code: str
    counts: bool
    answer: str


Tell = Callable[[], Awaitable[Heard]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One payment as its channel tells it, the same each time."""

    name: str
    tell: Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Shops:
    """The aggregators, served beside the banks."""

    xendit: SimulatedXendit
    midtrans: SimulatedMidtrans
    doku: SimulatedDoku

    def notice(self, dialect: Dialect, number: str, name: str) -> Notice:
        """The order is the customer number itself, as for an account that needs no code."""
        match dialect:
            case Dialect.XENDIT:
                event = self.xendit.event(number, Rupiah(OWED), payment_id=name)
                return Notice(name=name, tell=lambda: heard(self.xendit.send(event)))
            case Dialect.MIDTRANS:
                order = self.midtrans.order(number, Rupiah(OWED))
                self.midtrans.change(number, "settlement")
                settled = self.midtrans.document(order)
                return Notice(name=name, tell=lambda: heard(self.midtrans.send(settled)))
            case Dialect.DOKU:
                paid = DokuOrder(
                    invoice_number=number, amount=Rupiah(OWED), payment_code="", request_id=name
                )
                document = self.doku.notification(paid)
                return Notice(name=name, tell=lambda: heard(self.doku.send(document)))


async def heard(answering: Awaitable[httpx.Response]) -> Heard:
    response = await answering
    code = str(response.json()["code"])
    return Heard(code=code, counts=code in {"BOOKED", "REPEATED"}, answer="")


def notice_of_bank(bank: SimulatedBank, number: str, name: str) -> Notice:
    async def tell() -> Heard:
        answer = await bank.pay(number, Rupiah(OWED), request_id=name, external_id=name)
        echoes = {"trxDateTime", "referenceNo"}
        told = {field: value for field, value in answer.account.items() if field not in echoes}
        counts = answer.account["paymentFlagStatus"] == "00"
        return Heard(code=answer.code, counts=counts, answer=str(told))

    return Notice(name=name, tell=tell)


async def three_banks(biller: Biller) -> list[SimulatedBank]:
    banks: list[SimulatedBank] = []
    for code in ("BCA", "BRI", "MANDIRI"):
        channel = NewChannel(code=code, name=code, public_key_pem=biller.keys.public_key_pem)
        bank = biller.bank(await biller.opens(channel))
        await bank.token()
        banks.append(bank)
    return banks


@pytest.fixture
async def shops(biller: Biller, clock: StandingClock) -> AsyncIterator[Shops]:
    """The aggregators over the lanes of the banks, as the server has them."""
    at_midtrans = SimulatedMidtrans(
        http=biller.http, path="/retail/MIDTRANS/midtrans", server_key=SECRET, clock=clock
    )
    way_out = httpx.AsyncClient(transport=httpx.ASGITransport(at_midtrans.app))
    services = replace(
        RetailServices.beside(biller.services, cipher=biller.cipher, http=way_out),
        answer_timeout_seconds=PATIENCE_SECONDS,
    )
    app = Starlette(routes=retail_routes(services))
    transport = httpx.ASGITransport(app)
    async with way_out, httpx.AsyncClient(transport=transport, base_url="http://us.test") as http:
        at_midtrans.http = http
        shops = Shops(
            xendit=SimulatedXendit(http=http, path="/retail/XENDIT/xendit", token=SECRET),
            midtrans=at_midtrans,
            doku=SimulatedDoku(http=http, path="/retail/DOKU/doku", secret=SECRET),
        )
        await registered(services, shops)
        yield shops


async def registered(services: RetailServices, shops: Shops) -> None:
    accounts = {Dialect.XENDIT: "", Dialect.MIDTRANS: "", Dialect.DOKU: shops.doku.client_id}
    async with services.pool.acquire() as connection, connection.transaction():
        for dialect, account in accounts.items():
            channel = NewRetailChannel(
                code=dialect.value,
                name=dialect.value,
                dialect=dialect,
                base_url="https://aggregator.test",
                api_secret=SECRET,
                notification_secret=SECRET if dialect is Dialect.XENDIT else "",
                account=account,
            )
            await register_retail_channel(
                connection, services.cipher, channel, at=datetime.now(UTC)
            )


async def delivered(notices: Sequence[Notice]) -> dict[str, list[Heard]]:
    waiting = iter(notices)
    answers: defaultdict[str, list[Heard]] = defaultdict(list)

    async def deliver() -> None:
        for notice in waiting:
            answers[notice.name].append(await notice.tell())

    await asyncio.gather(*(deliver() for _ in range(TASKS)))
    return answers


async def test_every_payment_has_one_effect_and_every_answer_says_so(
    biller: Biller, shops: Shops, pool: Pool, clock: StandingClock, database_url: str
) -> None:
    # given 500 families, some of which pay at a bank and at a shop as well
    clock.set(NOW)
    chance = random.Random(500)  # noqa: S311 - a repeatable disorder, no secret
    numbers = await a_town(pool, database_url, families=FAMILIES)
    banks, dialects = await three_banks(biller), list(Dialect)
    deadlocks = await pool.fetchval(SELECT_DEADLOCKS)
    owed: list[Notice] = []
    for n, number in enumerate(numbers):
        if n < CONTESTED or n % 2:
            owed.append(notice_of_bank(chance.choice(banks), number, f"{n:012d}"))
        if n < CONTESTED or not n % 2:
            owed.append(shops.notice(chance.choice(dialects), number, f"shop-{n:012d}"))
    notices = [one for one in owed for _ in range(chance.randint(1, 4))]
    chance.shuffle(notices)

    # when 64 tasks tell of them
    answers = await delivered(notices)

    # then each payment's first answer stands for all that follow
    counted = 0
    for name, told in answers.items():
        codes = Counter(one.code for one in told)
        counted += told[0].counts
        assert len({(one.counts, one.answer) for one in told}) == 1
        if name.startswith("shop-"):
            assert codes == Counter(BOOKED=1) + Counter(REPEATED=len(told) - 1)
        else:
            assert codes["2002500"] + codes["4042514"] == 1
            assert codes["4042518"] == len(told) - 1

    # and what counts is in the ledger, once
    assert len(answers) == len(owed) == FAMILIES + CONTESTED
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM payment") == counted
        assert await connection.fetchval("SELECT count(*) FROM bill WHERE state = 'OPEN'") == 0
        credit = await connection.fetchval("SELECT sum(credit) FROM membership")
        assert credit == (counted - FAMILIES) * OWED
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0
        assert await connection.fetchval(SELECT_DEADLOCKS) == deadlocks
