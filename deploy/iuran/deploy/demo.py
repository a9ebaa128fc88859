"""Loads the demonstration: invented families live their past through the real domain functions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import LiteralString

from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError
from iuran.core.membership import MembershipState
from iuran.core.months import CoverageMonth
from iuran.deploy.banks import bank_folder, ensure_bank
from iuran.deploy.demo_families import DEMO_BANKS, FAMILY_CARD_PREFIX, STORIES, Story
from iuran.deploy.family_file import FamilyFile, family_file, find_family
from iuran.deploy.invented_families import SIMULATED_FAMILY_PREFIX
from iuran.payments.billing import roll_months
from iuran.payments.secrets import Cipher
from iuran.payments.settlement import PaymentInstruction, settle
from iuran.payments.virtual_accounts import payable_at, register_family

PROGRESS_FILE = "demo.json"
PAYING_BANK = "DEMO_BCA"
_PAYING_DAY = 5
_DAYS_BEFORE_FIRST_PAYMENT = 20

SELECT_STRANGERS: LiteralString = """
    SELECT EXISTS (SELECT FROM family
                   WHERE left(kk_number, 14) <> $1 AND left(kk_number, 4) <> $2)
"""

SELECT_CUSTOMER_NUMBER: LiteralString = """
    SELECT v.customer_number
    FROM family_card_number AS k
    JOIN family AS f ON f.family_id = k.family_id
    JOIN virtual_account AS v
      ON v.family_id = f.family_id AND v.participant_id = f.payer_participant_id
    WHERE k.kk_number = $1
    LIMIT 1
"""

SELECT_CHANNEL: LiteralString = """
    SELECT channel_id FROM channel WHERE code = $1
"""

SELECT_LAST_RUN: LiteralString = """
    SELECT max(coverage_month) FROM billing_run
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Step:
    """Something that happened: a family registered, or paid what it owed."""

    at: datetime
    number: int
    pays: bool


async def load_banks(connection: Connection, cipher: Cipher, data: Path) -> None:
    """Register the banks that we play, once."""
    for code, (name, va_prefix) in DEMO_BANKS.items():
        folder = bank_folder(data, code)
        await ensure_bank(connection, cipher, folder, name=name, va_prefix=va_prefix)


async def load_families(pool: Pool, data: Path, *, now: datetime) -> bool:
    """Let the invented families live up to now; return False where others live already.

    What was interrupted goes on where it stopped, from the same point in time.
    """
    async with pool.acquire() as connection:
        if await connection.fetchval(SELECT_STRANGERS, FAMILY_CARD_PREFIX, SIMULATED_FAMILY_PREFIX):
            return False
    began_at, is_finished = _progress(data, now)
    if not is_finished:
        _write_progress(data, began_at, is_finished=False)
        await _live(pool, began_at)
        _write_progress(data, began_at, is_finished=True)
    return True


def _progress(data: Path, now: datetime) -> tuple[datetime, bool]:
    try:
        found = json.loads((data / PROGRESS_FILE).read_text(encoding="utf-8"))
        return datetime.fromisoformat(found["beganAt"]), bool(found["isFinished"])
    except (OSError, ValueError, KeyError, TypeError):
        return now, False


def _write_progress(data: Path, began_at: datetime, *, is_finished: bool) -> None:
    progress = {"beganAt": began_at.isoformat(), "isFinished": is_finished}
    (data / PROGRESS_FILE).write_text(json.dumps(progress) + "\n", encoding="utf-8")


async def _live(pool: Pool, now: datetime) -> None:
    stories = {story.number: story for story in STORIES}
    steps = sorted(step for story in STORIES for step in _steps(story, now))
    month = CoverageMonth.of(wib_date(steps[0].at))
    for step in steps:
        month = await _roll_up_to(pool, month, CoverageMonth.of(wib_date(step.at)))
        story = stories[step.number]
        async with pool.acquire() as connection, connection.transaction():
            await (_pay if step.pays else _register)(connection, story, step.at)
    await _roll_up_to(pool, month, CoverageMonth.of(wib_date(now)))


def _steps(story: Story, now: datetime) -> Iterator[_Step]:
    month = CoverageMonth.of(wib_date(now))
    payments = [
        wib_instant(month.plus(-ago).first_day.replace(day=_PAYING_DAY), time(9, story.number))
        for ago in story.paid_months_ago
    ]
    if story.paid_days_ago is not None:
        payments.append(now - timedelta(days=story.paid_days_ago))
    if story.registered_days_ago is None:
        registered_at = payments[0] - timedelta(days=_DAYS_BEFORE_FIRST_PAYMENT)
    else:
        registered_at = now - timedelta(days=story.registered_days_ago)
    yield _Step(at=registered_at, number=story.number, pays=False)
    for paid_at in payments:
        yield _Step(at=min(paid_at, now), number=story.number, pays=True)


async def _roll_up_to(pool: Pool, month: CoverageMonth, target: CoverageMonth) -> CoverageMonth:
    async with pool.acquire() as connection:
        last_run = await connection.fetchval(SELECT_LAST_RUN) or 0
    while month < target:
        month = month.plus(1)
        if month.ordinal > last_run:
            async for _progress in roll_months(pool, at=wib_instant(month.first_day, time(0, 5))):
                pass
    return month


async def _register(connection: Connection, story: Story, at: datetime) -> None:
    try:
        async with connection.transaction():
            await register_family(connection, story.to_family(), at=at)
    except AlreadyRegisteredError:
        return


async def _pay(connection: Connection, story: Story, at: datetime) -> None:
    customer_number = str(await connection.fetchval(SELECT_CUSTOMER_NUMBER, story.kk_number))
    payable = await payable_at(connection, customer_number, at=at)
    if payable.result != "PAYABLE":
        return
    reference = f"DEMO-{story.number:02d}-{wib_date(at):%Y%m%d}"
    instruction = PaymentInstruction(
        channel_id=int(await connection.fetchval(SELECT_CHANNEL, PAYING_BANK)),
        external_id=reference,
        reference=reference,
        customer_number=customer_number,
        amount=payable.amount,
        channel_time=at,
        target="/snap/v1.0/transfer-va/payment",
        headers={},
        body=b"{}",
    )
    await settle(connection, [instruction], at=at)


async def find_hero(connection: Connection, *, at: datetime) -> FamilyFile | None:
    """Return the family to try things on: suspended with arrears if there still is one.

    Otherwise one that owes something, or None when all of them have paid.
    """
    owing = [
        file
        for file in await families_of_demo(connection, at=at)
        if file.payable.result == "PAYABLE"
    ]
    suspended = [file for file in owing if file.state is MembershipState.SUSPENDED]
    return next(iter(suspended + owing), None)


async def families_of_demo(connection: Connection, *, at: datetime) -> list[FamilyFile]:
    """Return the families that are there, in the order of their stories."""
    numbers = [
        await connection.fetchval(SELECT_CUSTOMER_NUMBER, story.kk_number) for story in STORIES
    ]
    return [
        await family_file(connection, await find_family(connection, number), at=at)
        for number in numbers
        if number is not None
    ]
