"""Three banks, 64 tasks, 500 families, and every notification up to four times, over HTTP."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.payments.channels import NewChannel
from iuran.payments.ledger import balances, disagreements
from iuran.payments.simulation.bank import SimulatedBank
from iuran.payments.simulation.bank_answer import BankAnswer
from tests.payments.snap.conftest import Biller
from tests.payments.test_lanes import NOW, OWED, SELECT_DEADLOCKS, a_town

TASKS = 64
FAMILIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One payment as its bank tells it, the same each time."""

    bank: SimulatedBank
    number: str
    name: str

    async def told(self) -> BankAnswer:
        return await self.bank.pay(
            self.number, Rupiah(OWED), request_id=self.name, external_id=self.name
        )


async def three_banks(biller: Biller) -> list[SimulatedBank]:
    banks: list[SimulatedBank] = []
    for code in ("BCA", "BRI", "MANDIRI"):
        channel = NewChannel(code=code, name=code, public_key_pem=biller.keys.public_key_pem)
        bank = biller.bank(await biller.opens(channel))
        await bank.token()
        banks.append(bank)
    return banks


def payment_of(answer: BankAnswer) -> str:
    """What an answer says of the payment, without the echoes of its own message."""
    echoes = {"trxDateTime", "referenceNo"}
    return str({name: value for name, value in answer.account.items() if name not in echoes})


async def delivered(notices: Sequence[Notice]) -> dict[str, list[BankAnswer]]:
    waiting = iter(notices)
    answers: defaultdict[str, list[BankAnswer]] = defaultdict(list)

    async def deliver() -> None:
        for notice in waiting:
            answers[notice.name].append(await notice.told())

    await asyncio.gather(*(deliver() for _ in range(TASKS)))
    return answers


async def test_every_payment_has_one_effect_and_every_answer_says_so(
    biller: Biller, pool: Pool, clock: StandingClock, database_url: str
) -> None:
    clock.set(NOW)
    chance = random.Random(500)  # noqa: S311 - a repeatable disorder, no secret
    numbers = await a_town(pool, database_url, families=FAMILIES)
    banks = await three_banks(biller)
    deadlocks = await pool.fetchval(SELECT_DEADLOCKS)
    owed = [
        Notice(bank=chance.choice(banks), number=number, name=f"{n:012d}")
        for n, number in enumerate(numbers)
    ]
    notices = [one for one in owed for _ in range(chance.randint(1, 4))]
    chance.shuffle(notices)

    answers = await delivered(notices)

    assert len(answers) == FAMILIES
    for told in answers.values():
        codes = sorted(answer.code for answer in told)
        assert codes == ["2002500", *["4042518"] * (len(told) - 1)]
        assert len({payment_of(answer) for answer in told}) == 1
        assert {answer.account["paymentFlagStatus"] for answer in told} == {"00"}
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM payment") == FAMILIES
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0
        assert await connection.fetchval(SELECT_DEADLOCKS) == deadlocks
