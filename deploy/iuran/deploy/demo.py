"""Loads the demonstration: invented families live their past through the real domain functions."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import LiteralString

from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError
from iuran.core.membership import MembershipState
from iuran.core.months import CoverageMonth
from iuran.core.segments import Segment
from iuran.deploy.banks import bank_folder, ensure_bank
from iuran.deploy.demo_desk import live_the_desk
from iuran.deploy.demo_families import DEMO_BANKS, FAMILY_CARD_PREFIX, STORIES, Story
from iuran.deploy.demo_payers import employer_pays, register_paid_for
from iuran.deploy.demo_payments import pay_all
from iuran.deploy.family_file import FamilyFile, family_file
from iuran.deploy.invented_families import SIMULATED_FAMILY_PREFIX
from iuran.payments.billing import roll_months
from iuran.payments.secrets import Cipher
from iuran.payments.virtual_accounts import register_family

PROGRESS_FILE = "demo.json"
_PAYING_DAY = 5
_EMPLOYER_PAYS_ON = 8
_EMPLOYER_PAID_MONTHS_AGO = range(3, 0, -1)
_DAYS_BEFORE_FIRST_PAYMENT = 20

SELECT_STRANGERS: LiteralString = """
    SELECT EXISTS (SELECT FROM family
                   WHERE left(kk_number, 14) <> $1 AND left(kk_number, 4) <> $2)
"""

SELECT_FAMILY: LiteralString = """
    SELECT family_id FROM family_card_number WHERE kk_number = $1
"""

SELECT_LAST_RUN: LiteralString = """
    SELECT max(coverage_month) FROM billing_run
"""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class _Step:
    """Something that happened, and that changes nothing when it happens again."""

    at: datetime
    number: int
    act: Callable[[Connection, datetime], Awaitable[None]] = field(compare=False)


async def load_banks(connection: Connection, cipher: Cipher, data: Path) -> None:
    """Register the banks that we play, once."""
    for code, (name, va_prefix) in DEMO_BANKS.items():
        folder = bank_folder(data, code)
        await ensure_bank(connection, cipher, folder, name=name, va_prefix=va_prefix)


async def load_families(pool: Pool, cipher: Cipher, data: Path, *, now: datetime) -> bool:
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
        async with pool.acquire() as connection, connection.transaction():
            await live_the_desk(connection, cipher, now=began_at)
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
    lives = (step for story in STORIES for step in _steps(story, now))
    steps = sorted([*lives, *_employer_steps(now)])
    month = CoverageMonth.of(wib_date(steps[0].at))
    for step in steps:
        month = await _roll_up_to(pool, month, CoverageMonth.of(wib_date(step.at)))
        async with pool.acquire() as connection, connection.transaction():
            await step.act(connection, step.at)
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
    yield _Step(at=registered_at, number=story.number, act=partial(_register, story))
    for paid_at in payments:
        yield _Step(at=min(paid_at, now), number=story.number, act=partial(_pay, story))


def _employer_steps(now: datetime) -> Iterator[_Step]:
    month, number = CoverageMonth.of(wib_date(now)), len(STORIES) + 1
    for ago in _EMPLOYER_PAID_MONTHS_AGO:
        day = month.plus(-ago).first_day.replace(day=_EMPLOYER_PAYS_ON)
        yield _Step(at=wib_instant(day, time(10)), number=number, act=employer_pays)


async def _roll_up_to(pool: Pool, month: CoverageMonth, target: CoverageMonth) -> CoverageMonth:
    async with pool.acquire() as connection:
        last_run = await connection.fetchval(SELECT_LAST_RUN) or 0
    while month < target:
        month = month.plus(1)
        if month.ordinal > last_run:
            async for _progress in roll_months(pool, at=wib_instant(month.first_day, time(0, 5))):
                pass
    return month


async def _register(story: Story, connection: Connection, at: datetime) -> None:
    try:
        async with connection.transaction():
            if story.segment is Segment.PBPU_SELF:
                await register_family(connection, story.to_family(), at=at)
            else:
                await register_paid_for(connection, story, at=at)
    except AlreadyRegisteredError:
        return


async def _pay(story: Story, connection: Connection, at: datetime) -> None:
    await pay_all(connection, story.kk_number, at=at)


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
    found = [await connection.fetchval(SELECT_FAMILY, story.kk_number) for story in STORIES]
    return [
        await family_file(connection, family_id, at=at)
        for family_id in found
        if family_id is not None
    ]
