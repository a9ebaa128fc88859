"""What is settled together and what is settled one by one come to the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB
from iuran.core.database.pool import Connection, Pool, connected
from iuran.core.families import RegisteredFamily, Relation
from iuran.payments.inquiries import inquire
from iuran.payments.instalment_plans import register_plan
from iuran.payments.lanes import Deed
from iuran.payments.members import add_newborn
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.settlement import (
    Outcome,
    PaymentInstruction,
    Result,
    Verdict,
    book_collected,
    settle,
)
from iuran.payments.virtual_accounts import payable_at
from tests.builders import (
    a_channel,
    a_family,
    a_participant,
    an_active_family,
    an_instruction,
    registered,
)
from tests.moments import wib
from tests.payments.payers import an_employer, roll

NOW = wib(2026, 2, 5)

NOTHING_IS_PLAIN = """
    CREATE OR REPLACE FUNCTION lock_payers(
        p_instructions payment_instruction[], p_new integer[],
        OUT items integer[], OUT families bigint[], OUT memberships bigint[],
        OUT may_be_plain boolean, OUT may_come_back boolean
    ) LANGUAGE plpgsql AS 'BEGIN END'
"""

UNKNOWN = "01234567890"
CREDIT = 30_000
LATE = (0, 11, 12)
"""Accounts that are suspended: for two months, for longer than is demanded, for five."""

TABLES = (
    *("channel_message", "payment_reference", "payment_answer", "payment", "payment_allocation"),
    *("bill", "bill_line", "membership", "membership_event", "fine_window", "ledger_entry"),
    *(
        "suspense_item",
        "credit_entry",
        "instalment_plan",
        "instalment_payment",
        "outbox",
        "employer_payment",
    ),
)

ROWS = """
    SELECT (to_jsonb(t) - '{{payment_id,entry_id,event_id,window_id,suspense_id}}'::text[])
           #- '{{detail,payment_id}}' #- '{{payload,payment_id}}' AS row
    FROM {table} AS t ORDER BY 1
"""
"""All but the numbers that sequences gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Two banks, and accounts of every kind with what each may pay on the day."""

    database_url: str
    channels: Sequence[int]
    accounts: Sequence[tuple[str, int]]


@pytest.fixture
async def town(pool: Pool, database_url: str) -> Town:
    async with pool.acquire() as connection:
        channels = [await a_channel(connection, code) for code in ("BCA", "BRI")]
    starts = [wib(2025, 12, 20), wib(2025, 6, 20), *[wib(2026, 1, 20)] * 6]
    families = [
        await an_active_family(pool, channels[0], a_family(members=2), first_payment_at=start)
        for start in starts
    ]
    late = [
        await an_active_family(pool, channels[0], a_family(members=2), first_payment_at=start)
        for start in (wib(2023, 6, 20), wib(2025, 9, 20))
    ]
    await roll(pool, NOW)
    families.append(
        await an_active_family(pool, channels[0], a_family(), first_payment_at=wib(2026, 1, 20))
    )
    async with pool.acquire() as connection:
        families.append(await registered(connection, a_family(), at=wib(2026, 1, 10)))
        families.append(await registered(connection, a_family(), at=wib(2026, 2, 1)))
    numbers = [accounts[0].customer_number for _, accounts in [*families, *late]]
    numbers.append(families[7][1][1].customer_number)
    async with pool.acquire() as connection, connection.transaction():
        await _make_some_special(connection, [family for family, _ in families])
        surplus = an_instruction(channels[0], numbers[2], CREDIT)
        await book_collected(connection, [surplus], at=wib(2026, 2, 4))
    amounts = [await _asked(pool, channels[0], n, number) for n, number in enumerate(numbers)]
    _, of_employer = await an_employer(pool, at=wib(2025, 12, 20))
    accounts = [*zip(numbers, amounts, strict=True), (of_employer, 35_000), (UNKNOWN, 35_000)]
    return Town(database_url=database_url, channels=channels, accounts=accounts)


async def _make_some_special(connection: Connection, families: Sequence[RegisteredFamily]) -> None:
    """Give one family a plan, let one ask for months ahead, and one have a child."""
    _, planned, _, ahead, grown, *_ = [(one.family_id, one.membership_id) for one in families]
    await register_plan(connection, *planned, steps=3, registered_by="petugas", at=NOW)
    await ask_to_pay_ahead(connection, *ahead, months=2, at=NOW)
    child = a_participant(relation=Relation.CHILD, birth_date=date(2026, 1, 30))
    await add_newborn(connection, *grown, child=child, at=NOW)


async def _asked(pool: Pool, channel: int, n: int, number: str) -> int:
    """Inquire yesterday and today; return what may be paid today."""
    async with pool.acquire() as connection:
        for at in (wib(2026, 2, 4), NOW):
            reference = f"ASKED-{at:%d}-{n}"
            await inquire(connection, channel, reference=reference, customer_number=number, at=at)
        return (await payable_at(connection, number, at=NOW)).amount or 35_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A payment by numbers; `error` is added to what the account may pay, `asked` is a day.

    `paid_at` is the time that a channel proves; it counts for collected money alone.
    """

    channel: int
    account: int
    error: int
    asked: int | None
    reference: int
    external_id: int
    paid_at: datetime | None = None

    def instruction(self, town: Town) -> PaymentInstruction:
        number, amount = town.accounts[self.account]
        inquired = f"ASKED-{self.asked or 0:02d}-{self.account}"
        made = an_instruction(
            town.channels[self.channel],
            number,
            amount + self.error,
            reference=f"R{self.reference}" if self.asked is None else inquired,
            external_id=str(self.external_id),
        )
        return replace(made, channel_time=self.paid_at)


PROVED_TIMES = (
    *(None, None, wib(2026, 2, 5), datetime(2026, 2, 1, tzinfo=WIB)),
    *(datetime(2026, 1, 31, 23, 59, 59, tzinfo=WIB), wib(2026, 1, 20), wib(2026, 2, 6)),
)
PAYMENTS = st.builds(
    Sent,
    channel=st.sampled_from([0, 0, 0, 1]),
    account=st.integers(0, 15),
    error=st.sampled_from([0, 0, 0, 1, CREDIT]),
    asked=st.sampled_from([None, None, 4, 5]),
    reference=st.integers(0, 30),
    external_id=st.integers(0, 60),
    paid_at=st.sampled_from(PROVED_TIMES),
)
BATCHES = st.lists(st.lists(PAYMENTS, min_size=1, max_size=9), min_size=1, max_size=3)
EVERY_ACCOUNT = [
    [
        Sent(channel=0, account=n, error=error, asked=asked, reference=n, external_id=n + 100 * at)
        for n in range(16)
    ]
    for at, (error, asked) in enumerate([(CREDIT, None), (1, 5), (0, 4), (0, 5), (0, None)])
]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=BATCHES, deed=st.sampled_from([settle, book_collected]))
@example(sent=[EVERY_ACCOUNT[0]], deed=settle)
@example(sent=EVERY_ACCOUNT[2:4], deed=settle)
@example(sent=EVERY_ACCOUNT, deed=settle)
@example(sent=EVERY_ACCOUNT, deed=book_collected)
@example(sent=[EVERY_ACCOUNT[4]], deed=book_collected)
async def test_together_or_one_by_one_is_the_same(
    town: Town, sent: list[list[Sent]], deed: Deed
) -> None:
    batches = [[one.instruction(town) for one in batch] for batch in sent]

    async with connected(town.database_url, role=None) as connection:
        together = await _told(connection, batches, deed, one_by_one=False)
        one_by_one = await _told(connection, batches, deed, one_by_one=True)

    assert together == one_by_one


@pytest.mark.parametrize("deed", [settle, book_collected])
async def test_a_plain_payment_is_settled_with_others(town: Town, deed: Deed) -> None:
    due = town.accounts[5:8]
    batch = [
        an_instruction(town.channels[0], number, amount, reference=f"ASKED-05-{5 + n}")
        for n, (number, amount) in enumerate(due)
    ]

    outcomes = await _told_in_sets(town, batch, deed)

    assert {(o.verdict, o.result) for o in outcomes} == {(Verdict.NEW, Result.SETTLED)}


@pytest.mark.parametrize("deed", [settle, book_collected])
async def test_reactivations_are_settled_with_others(town: Town, deed: Deed) -> None:
    """Some months of arrears, more of them than are ever demanded, and a plain payment between."""
    batch = [
        an_instruction(town.channels[0], *town.accounts[n], reference=f"ASKED-05-{n}") for n in LATE
    ]
    batch.insert(1, an_instruction(town.channels[0], *town.accounts[5]))

    outcomes = await _told_in_sets(town, batch, deed)

    assert [(o.verdict, o.result) for o in outcomes] == [(Verdict.NEW, Result.SETTLED)] * 4
    assert [o.detail.get("was") for o in outcomes].count("SUSPENDED") == len(LATE)


async def _told_in_sets(
    town: Town, batch: Sequence[PaymentInstruction], deed: Deed
) -> tuple[Outcome, ...]:
    """Settle where nothing can go one by one, and undo it."""
    async with connected(town.database_url, role=None) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("DROP FUNCTION settle_one_by_one")
        outcomes = await deed(connection, batch, at=NOW)
        await transaction.rollback()
    return outcomes


async def _told(
    connection: Connection,
    batches: list[list[PaymentInstruction]],
    deed: Deed,
    *,
    one_by_one: bool,
) -> tuple[object, ...]:
    """Settle in a transaction that is undone; return the answers and every row."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        if one_by_one:
            await connection.execute(NOTHING_IS_PLAIN)
        outcomes = [
            _without_number(outcome)
            for batch in batches
            for outcome in await deed(connection, batch, at=NOW)
        ]
        rows = [await connection.fetch(ROWS.format(table=table)) for table in TABLES]
        return outcomes, [[row["row"] for row in found] for found in rows]
    finally:
        await transaction.rollback()


def _without_number(outcome: Outcome) -> tuple[object, ...]:
    detail = {name: value for name, value in outcome.detail.items() if name != "payment_id"}
    return outcome.verdict, outcome.result, detail
