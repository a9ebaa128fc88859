"""Results: what a bank debited goes through settlement, line by line and each line once."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import LiteralString

from iuran.core.clock import Clock, wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.payments.autodebit.collection import Bank, reference_of
from iuran.payments.autodebit.files import LineError, ResultLine, ResultsFile, ResultsFileError
from iuran.payments.settlement import (
    Outcome,
    PaymentInstruction,
    Result,
    Verdict,
    book_collected,
)

LINES_A_COMMIT = 100
RESULTS_SERVICE = 91
"""Stands where SNAP BI has its service: a bank's results file."""

SELECT_FILE: LiteralString = """
    SELECT file_id FROM autodebit_file
    WHERE channel_id = $1 AND file_id = $2 AND sent_at IS NOT NULL
"""

INSERT_FILE_BYTES: LiteralString = """
    INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference, received_at,
                                 target, headers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', $8)
    ON CONFLICT DO NOTHING
"""

INSERT_RESULT: LiteralString = """
    INSERT INTO autodebit_result (family_id, file_id, customer_number, outcome, reason, recorded_at)
    SELECT i.family_id, i.file_id, i.customer_number, r.outcome, r.reason, $2
    FROM unnest($3::text[], $4::text[], $5::text[]) AS r (customer_number, outcome, reason)
    JOIN virtual_account_number AS n ON n.customer_number = r.customer_number
    JOIN autodebit_item AS i
      ON i.family_id = n.family_id AND i.file_id = $1 AND i.customer_number = n.customer_number
    ON CONFLICT DO NOTHING
    RETURNING customer_number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsProgress:
    """How far a results file has been taken; amounts are counted by what came of the lines."""

    lines_done: int = 0
    lines_total: int
    settled: int = 0
    credited: int = 0
    in_suspense: int = 0
    repeated: int = 0
    inconsistent: int = 0
    failed: int = 0


async def take_results(
    pool: Pool, bank: Bank, file: ResultsFile, content: bytes, *, clock: Clock
) -> AsyncGenerator[ResultsProgress]:
    """Take a results file in commits of some lines each; a repeated file changes nothing.

    What was debited cannot be refused: if the bill was paid meanwhile it becomes credit. Raises
    ResultsFileError for a file that answers none of ours.
    """
    async with pool.acquire() as connection, connection.transaction():
        await _keep(connection, bank, file, content, at=clock.now())
    progress = ResultsProgress(lines_total=len(file.lines))
    lines = iter(file.lines)
    while batch := list(islice(lines, LINES_A_COMMIT)):
        async with pool.acquire() as connection, connection.transaction():
            outcomes = await _book(connection, bank, file.file_id, batch, at=clock.now())
        progress = _advanced(progress, outcomes, len(batch))
        yield progress


async def _keep(
    connection: Connection, bank: Bank, file: ResultsFile, content: bytes, *, at: datetime
) -> None:
    is_known = await connection.fetchval(SELECT_FILE, bank.channel_id, file.file_id)
    if file.bank != bank.code or is_known is None:
        raise ResultsFileError(f"{bank.code} was sent no file of number {file.file_id}")
    await connection.execute(
        INSERT_FILE_BYTES,
        bank.channel_id,
        RESULTS_SERVICE,
        wib_date(at),
        hashlib.sha256(content).hexdigest(),
        f"AD{file.file_id}",
        at,
        "results",
        content,
    )


async def _book(
    connection: Connection,
    bank: Bank,
    file_id: int,
    lines: Sequence[ResultLine],
    *,
    at: datetime,
) -> Sequence[Outcome]:
    debited = [line for line in lines if line.is_debited]
    outcomes: Sequence[Outcome] = ()
    if debited:
        instructions = [_instruction(bank, line) for line in debited]
        outcomes = await book_collected(connection, instructions, at=at)
    ours = [line for line in lines if line.reference == reference_of(file_id, line.customer_number)]
    await connection.fetch(
        INSERT_RESULT,
        file_id,
        at,
        [line.customer_number for line in ours],
        ["DEBITED" if line.is_debited else "FAILED" for line in ours],
        [line.reason for line in ours],
    )
    return outcomes


def _instruction(bank: Bank, line: ResultLine) -> PaymentInstruction:
    return PaymentInstruction(
        channel_id=bank.channel_id,
        external_id=line.reference,
        reference=line.reference,
        customer_number=line.customer_number,
        amount=line.amount,
        channel_time=line.debited_at,
        target="autodebit",
        headers={},
        body=line.raw,
    )


def _advanced(
    progress: ResultsProgress, outcomes: Sequence[Outcome], lines: int
) -> ResultsProgress:
    new = [one.result for one in outcomes if one.verdict is Verdict.NEW]
    inconsistent = {Verdict.INCONSISTENT, Verdict.EXTERNAL_ID_REUSED}
    odd = sum(one.verdict in inconsistent for one in outcomes)
    return ResultsProgress(
        lines_done=progress.lines_done + lines,
        lines_total=progress.lines_total,
        settled=progress.settled + new.count(Result.SETTLED),
        credited=progress.credited + new.count(Result.CREDITED),
        in_suspense=progress.in_suspense + new.count(Result.IN_SUSPENSE),
        repeated=progress.repeated + len(outcomes) - len(new) - odd,
        inconsistent=progress.inconsistent + odd,
        failed=progress.failed + lines - len(outcomes),
    )


def strangers(file: ResultsFile) -> tuple[LineError, ...]:
    """Return the lines whose reference is not their account's; they are booked all the same."""
    return tuple(
        LineError(number=line.number, message=f"{line.reference} is no reference of ours")
        for line in file.lines
        if line.reference != reference_of(file.file_id, line.customer_number)
    )
