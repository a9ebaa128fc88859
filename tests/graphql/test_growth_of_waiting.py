"""A list of what waits touches as many pages after thousands of decisions as after some."""

from datetime import datetime
from typing import LiteralString

import pytest

from iuran.core.clock import WIB
from iuran.core.database.pool import Pool, connected
from iuran.graphql.compiler.answers import CompiledReads
from iuran.graphql.compiler.flights import Flights, Ticket
from iuran.graphql.compiler.plans import Plans
from iuran.graphql.declared import declarations_of
from iuran.graphql.documents import Documents
from iuran.graphql.identity import Role, Viewer
from iuran.graphql.limits import Limits
from iuran.graphql.reads.reading import Question
from iuran.graphql.schema import executable_schema
from iuran.graphql.scope import Scope
from tests.builders import a_channel
from tests.graphql.test_growth import Asked, pages_touched

DECIDED = (200, 4_000)
WAITING = 5
SLACK_PAGES = 4 * WAITING
"""Some indexes are one level higher among the many."""
OFFICER = Viewer(subject="somebody", role=Role.FINANCE_OFFICER)
QUESTION = Question(viewer=OFFICER, scope=Scope.of(OFFICER), at=datetime(2026, 1, 5, tzinfo=WIB))
LISTS = {
    "suspense": "{ suspenseItems(first: 5) { nodes { id amount channelName } } }",
    "suspense from the end": "{ suspenseItems(last: 5) { nodes { id amount channelName } } }",
    "refunds to payers": "{ payerRefundsWaiting(first: 5) { nodes { refundNumber amount } } }",
    "approvals": "{ approvalsWaiting(first: 5) { nodes { kind number } } }",
    "approvals of a kind": "{ approvalsWaiting(first: 5, filter: {kind: {eq: PAYER_REFUND}}) "
    "{ nodes { number } } }",
}

REFERENCES: LiteralString = """
    INSERT INTO payment_reference (channel_id, reference, customer_number, amount, received_at)
    SELECT $1, $2 || n, '09999999999', 50000, '2026-01-05 09:00+07'
    FROM generate_series(1, $3::integer) AS n
"""
ITEMS: LiteralString = """
    INSERT INTO suspense_item (channel_id, reference, customer_number, amount, reason,
                               received_at, value_date)
    SELECT channel_id, reference, customer_number, amount, 'VIRTUAL_ACCOUNT_UNKNOWN', received_at,
           '2026-01-05'
    FROM payment_reference WHERE starts_with(reference, $1)
"""
PROPOSALS: LiteralString = """
    INSERT INTO suspense_proposal (channel_id, reference, kind, payee_name, payee_bank,
                                   payee_account, reason, proposed_by, proposed_at)
    SELECT channel_id, reference, 'PAYER', 'SITI CONTOH', 'Bank Contoh', '990000012345',
           'salah nomor', 'petugas-1', '2026-01-06 09:00+07'
    FROM suspense_item WHERE starts_with(reference, $1)
"""
PLACEMENTS: LiteralString = """
    INSERT INTO suspense_placement (channel_id, reference, proposal_id, proposed_by, approved_by,
                                    approved_at, result, detail)
    SELECT channel_id, reference, proposal_id, proposed_by, 'petugas-2', '2026-01-07 09:00+07',
           'RETURNED', '{}'
    FROM suspense_proposal WHERE starts_with(reference, $1)
"""
WAITING_ITEMS: LiteralString = """
    INSERT INTO suspense_waiting (channel_id, reference, suspense_id)
    SELECT channel_id, reference, suspense_id FROM suspense_item WHERE starts_with(reference, $1)
"""
EMPLOYER: LiteralString = """
    INSERT INTO employer (name, ppu_group, region, registered_at)
    VALUES ('PT Contoh', 'PRIVATE', '3171', '2026-01-05 09:00+07')
"""
REFUNDS: LiteralString = """
    INSERT INTO payer_refund (employer_id, amount, note, payee_name, payee_bank, payee_account,
                              requested_by, requested_at, pay_by)
    SELECT (SELECT min(employer_id) FROM employer), n, $1, 'PT CONTOH', 'Bank Contoh',
           '990000012345', 'petugas-1', '2026-01-08 09:00+07', '2026-01-23'
    FROM generate_series(1, $2::integer) AS n
"""
DECISIONS: LiteralString = """
    INSERT INTO payer_refund_decision (refund_id, requested_by, is_approved, reason, decided_by,
                                       decided_at)
    SELECT refund_id, requested_by, false, 'tidak sesuai', 'petugas-2', '2026-01-09 09:00+07'
    FROM payer_refund WHERE note = $1
"""
WAITING_REFUNDS: LiteralString = """
    WITH refunds AS (
        INSERT INTO payer_refund_waiting (refund_id)
        SELECT refund_id FROM payer_refund WHERE note = $1
        RETURNING refund_id
    )
    INSERT INTO approval_waiting (family_id, kind, number, reason, proposed_by, proposed_at)
    SELECT 0, 'PAYER_REFUND', refund_id::text, $1, 'petugas-1', '2026-01-08 09:00+07' FROM refunds
"""
SWEPT = "VACUUM ANALYZE"
NO_LONGER: tuple[LiteralString, ...] = (
    "DELETE FROM suspense_waiting",
    "DELETE FROM payer_refund_waiting",
    "DELETE FROM approval_waiting",
)


async def _arrive(pool: Pool, channel: int, batch: str, count: int) -> None:
    async with pool.acquire() as connection:
        await connection.execute(REFERENCES, channel, batch, count)
        await connection.execute(REFUNDS, batch, count)
        for statement in (ITEMS, WAITING_ITEMS, WAITING_REFUNDS):
            await connection.execute(statement, batch)


async def _decide(pool: Pool, batch: str) -> None:
    async with pool.acquire() as connection:
        for statement in (PROPOSALS, PLACEMENTS, DECISIONS):
            await connection.execute(statement, batch)
        for statement in NO_LONGER:
            await connection.execute(statement)


async def _statement(pool: Pool, monkeypatch: pytest.MonkeyPatch, query: str) -> Asked:
    schema, limits = executable_schema(), Limits()
    reads = CompiledReads(Plans(declarations_of(schema), bytes_max=10**6), pool, limits)
    seen: list[Asked] = []

    async def note(_: Flights, ticket: Ticket) -> None:
        seen.append((ticket.alone, ticket.values))

    monkeypatch.setattr(Flights, "row", note)
    prepared = Documents(schema, limits).prepare(
        query, operation_name=None, variables={}, only_queries=True
    )
    with pytest.raises(Exception, match="not what the schema promises"):
        await reads.answer(prepared, {}, QUESTION)
    (asked,) = seen
    return asked


async def test_what_was_decided_makes_no_list_of_what_waits_longer_to_read(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        await connection.execute(EMPLOYER)
    asked = {name: await _statement(pool, monkeypatch, query) for name, query in LISTS.items()}

    touched: list[dict[str, float]] = []
    for count in DECIDED:
        await _arrive(pool, channel, f"DECIDED-{count}-", count)
        await _decide(pool, f"DECIDED-{count}-")
        await _arrive(pool, channel, f"WAITS-{count}-", WAITING)
        async with connected(database_url, role=None) as owner:
            await owner.execute(SWEPT)  # as PostgreSQL does by itself, a while later
        touched.append({name: await pages_touched(pool, [one]) for name, one in asked.items()})
        await _decide(pool, f"WAITS-{count}-")

    before, after = touched
    for name in LISTS:
        assert after[name] <= before[name] + SLACK_PAGES, (name, before, after)
