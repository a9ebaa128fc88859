import asyncio
from typing import Any

import asyncpg
import pytest
import structlog
from asyncpg.transaction import Transaction

from iuran.core.database.pool import Connection, Pool, connected
from iuran.payments.snap.attempts import OutcomeUnknownError
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.transactions import Transactions
from tests.conftest import PATIENCE_SECONDS
from tests.payments.snap.strays import no_strays, strays


@pytest.fixture
def transactions(pool: Pool) -> Transactions:
    return Transactions(pool=pool, strays_max=1)


async def test_a_deadlock_is_tried_again(transactions: Transactions) -> None:
    attempts = 0

    async def work(connection: Connection) -> int:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise asyncpg.DeadlockDetectedError("deadlock")
        return int(await connection.fetchval("SELECT 7"))

    committed = await transactions.commit(work)

    assert (committed.value, committed.may_repeat, attempts) == (7, False, 3)


async def test_deadlocks_are_not_tried_for_ever(transactions: Transactions) -> None:
    attempts = 0

    async def work(_connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        raise asyncpg.DeadlockDetectedError("deadlock")

    with pytest.raises(asyncpg.DeadlockDetectedError):
        await transactions.commit(work)

    assert attempts == 3


async def test_a_lost_connection_is_tried_on_another(
    transactions: Transactions, database_url: str
) -> None:
    seen: list[int] = []

    async def work(connection: Connection) -> int:
        seen.append(int(await connection.fetchval("SELECT pg_backend_pid()")))
        if len(seen) == 1:
            async with connected(database_url, role=None) as other:
                await other.execute("SELECT pg_terminate_backend($1)", seen[0])
        return int(await connection.fetchval("SELECT 7"))

    committed = await transactions.commit(work)

    assert (committed.value, committed.may_repeat) == (7, True)
    assert seen[0] != seen[1]


async def test_a_connection_that_is_lost_every_time_leaves_the_outcome_unknown(
    transactions: Transactions,
) -> None:
    async def work(_connection: Connection) -> None:
        raise ConnectionResetError

    with pytest.raises(OutcomeUnknownError):
        await transactions.commit(work)


@pytest.mark.parametrize("arguments", [(), (1, 2), ("not a number",)])
async def test_a_wrong_argument_is_no_lost_connection(
    transactions: Transactions, arguments: tuple[object, ...]
) -> None:
    attempts = 0

    async def work(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        await connection.fetchval("SELECT $1::bigint", *arguments)

    with pytest.raises((asyncpg.InterfaceError, asyncpg.DataError)):
        await transactions.commit(work)

    assert attempts == 1


async def test_a_connection_that_was_lost_between_two_statements_is_lost(
    transactions: Transactions,
) -> None:
    attempts = 0

    async def work(connection: Connection) -> int:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            connection.terminate()
        return int(await connection.fetchval("SELECT 7"))

    committed = await transactions.commit(work)

    assert (committed.value, committed.may_repeat, attempts) == (7, True, 2)


async def test_who_gives_up_waiting_leaves_a_rollback_behind(
    transactions: Transactions, pool: Pool
) -> None:
    begun = asyncio.Event()

    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO billing_run VALUES (24312, 0, now())")
        begun.set()
        await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(transactions.commit(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = strays()
    await no_strays()

    assert left == 1
    assert await pool.fetchval("SELECT count(*) FROM billing_run") == 0


async def test_a_commit_under_way_is_never_stopped_and_crowds_out_the_next(
    transactions: Transactions, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits, may_end = asyncio.Event(), asyncio.Event()
    real = Transaction.__aexit__

    async def slow(self: Transaction, *error: Any) -> None:  # noqa: ANN401 - passed through
        commits.set()
        await may_end.wait()
        await real(self, *error)

    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO billing_run VALUES (24312, 0, now())")

    monkeypatch.setattr(Transaction, "__aexit__", slow)
    task = asyncio.create_task(transactions.commit(work))
    await commits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(SnapRefusedError) as crowded:
        transactions.check_room()
    monkeypatch.undo()
    with structlog.testing.capture_logs() as lines:
        may_end.set()
        await no_strays()

    assert crowded.value.case is Case.TIMED_OUT
    transactions.check_room()
    assert await pool.fetchval("SELECT count(*) FROM billing_run") == 1
    assert [line for line in lines if line["event"] == "snap.stray_ended"] == [
        {"event": "snap.stray_ended", "log_level": "warning", "committed": True, "error": None}
    ]


async def test_an_answer_does_not_wait_until_its_connection_is_clean(
    transactions: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_clean = asyncio.Event()
    real = asyncpg.Connection.reset

    async def slow(self: "asyncpg.Connection[asyncpg.Record]", **limits: float | None) -> None:
        await is_clean.wait()
        await real(self, **limits)

    async def work(connection: Connection) -> int:
        return int(await connection.fetchval("SELECT 7"))

    monkeypatch.setattr(asyncpg.Connection, "reset", slow)

    async with asyncio.timeout(PATIENCE_SECONDS):
        committed = await transactions.commit(work)
    is_clean.set()

    assert committed.value == 7
