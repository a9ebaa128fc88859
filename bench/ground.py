"""The ground to measure on: a durable embedded PostgreSQL with many invented families."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from iuran.core.database.migrations import migrate
from iuran.core.database.pool import Connection, Pool, connected, open_pool
from iuran.deploy.embedded import EmbeddedServices, embedded_services
from iuran.deploy.schema import MIGRATION_PACKAGES

FILL = """
    WITH f AS (
        INSERT INTO family (kk_number, registered_at)
        SELECT lpad(n::text, 16, '9'), $2 FROM generate_series(1, $1::integer) AS n
        RETURNING family_id
    ), p AS (
        INSERT INTO participant (family_id, nik, card_number, name, birth_date, sex, relation,
                                 registered_at)
        SELECT f.family_id, lpad((f.family_id * 10 + k)::text, 16, '9'),
               lpad((f.family_id * 10 + k)::text, 13, '0'), 'BUNGA CONTOH', '1990-01-01', 'F',
               CASE k WHEN 1 THEN 'HEAD' ELSE 'CHILD' END, $2
        FROM f, generate_series(1, 3) AS k
        RETURNING family_id, participant_id, card_number, relation
    ), m AS (
        INSERT INTO membership (family_id, segment, care_class, class_since, state, paid_through)
        SELECT family_id, 'PBPU_SELF', 3, '2025-01-01', 'ACTIVE', $3 FROM f
        RETURNING family_id, membership_id
    ), e AS (
        INSERT INTO enrolment (family_id, membership_id, participant_id, first_month)
        SELECT m.family_id, m.membership_id, p.participant_id, $3 FROM m JOIN p USING (family_id)
    ), v AS (
        INSERT INTO virtual_account (family_id, customer_number, membership_id, participant_id,
                                     issued_on)
        SELECT p.family_id, right(p.card_number, 11), m.membership_id, p.participant_id,
               '2025-01-01'
        FROM p JOIN m USING (family_id) WHERE p.relation = 'HEAD'
        RETURNING customer_number, family_id
    )
    INSERT INTO virtual_account_number (customer_number, family_id) SELECT * FROM v
"""

NAME_PAYERS = """
    UPDATE family AS f SET payer_participant_id = p.participant_id
    FROM participant AS p WHERE p.family_id = f.family_id AND p.relation = 'HEAD'
"""

INSERT_BILLS = """
    INSERT INTO bill (family_id, membership_id, coverage_month, care_class, members, amount,
                      central_subsidy, regional_subsidy, due_date, issued_at)
    SELECT m.family_id, m.membership_id, $1::integer - n, 3, 3, 105000, 12600, 8400,
           first_day_of($1::integer - n) + 9, first_day_of($1::integer - n)::timestamptz
    FROM membership AS m, generate_series(0, 49) AS n
    WHERE m.family_id <= $2
"""

INSERT_CARDS = """
    INSERT INTO participant_card (card_number, family_id, participant_id)
    SELECT card_number, family_id, participant_id FROM participant
"""


@asynccontextmanager
async def connected_as_owner(pool: Pool) -> AsyncGenerator[Connection]:
    """A connection of the pool with the rights of the schema's owner, for a while."""
    async with pool.acquire() as connection:
        await connection.execute("SET ROLE postgres; SET statement_timeout = 0")
        try:
            yield connection
        finally:
            await connection.execute("RESET ROLE; RESET statement_timeout")


@asynccontextmanager
async def many_families(
    families: int, *, paid_through: int, connections: int = 16
) -> AsyncGenerator[Pool]:
    """A migrated, durable database with that many families of three, paid through a month."""
    async with served_families(families, paid_through=paid_through) as services:
        pool = await open_pool(services.database_url, connections_max=connections)
        try:
            yield pool
        finally:
            await pool.close()


@asynccontextmanager
async def served_families(
    families: int, *, paid_through: int, with_bills: int = 0
) -> AsyncGenerator[EmbeddedServices]:
    """The same for servers: where the services listen. The first families may have 50 bills."""
    with TemporaryDirectory() as folder, embedded_services(Path(folder)) as services:
        async with connected(services.database_url, role=None) as owner:
            await migrate(owner, MIGRATION_PACKAGES)
            at = await owner.fetchval("SELECT first_day_of($1)::timestamptz", paid_through)
            await owner.execute(FILL, families, at, paid_through)
            await owner.execute(NAME_PAYERS)
            if with_bills:
                await give_bills(owner, families=with_bills, last_month=paid_through)
            await owner.execute("VACUUM ANALYZE")
        yield services


async def give_bills(owner: Connection, *, families: int, last_month: int) -> None:
    """Give the first families 50 bills each, up to a month, and everybody his card's number."""
    await owner.execute(INSERT_BILLS, last_month, families)
    await owner.execute(INSERT_CARDS)
    await owner.execute("VACUUM ANALYZE bill, participant_card")
