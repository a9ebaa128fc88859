"""The schema stays ready to be spread over machines (law 13), and facts stay facts (law 6)."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import LiteralString

import asyncpg
import pytest

import iuran.core
import iuran.deploy
import iuran.graphql
import iuran.payments
import iuran.workers
from iuran.core.database.migrations import find_migrations, pending
from iuran.core.database.pool import Connection, connected
from iuran.core.database.routines import find_routines
from iuran.deploy.schema import MIGRATION_PACKAGES

ROOT = Path(__file__).parent.parent
ROOMS = (iuran.core, iuran.payments, iuran.graphql, iuran.workers, iuran.deploy)

LOOK_UPS = {
    "family_card_number",
    "participant_nik",
    "participant_card",
    "virtual_account_number",
    "care_number",
    "employer_account_number",
    "reminder_key",
}
REFERENCE = {
    "segment",
    "contribution_rate",
    "fine_rate",
    "regulation_parameter",
    "public_holiday",
    "capitation_range",
    "capitation_tariff",
    "write_off_rule",
    "write_off_order",
    "write_off_approval",
    "payer_refund",
    "payer_refund_decision",
    "payer_refund_payout",
    "payer_refund_waiting",
    "ledger_account",
    "facility",
    "facility_service",
    "facility_contract",
    "ppu_rate",
    "wage_floor",
    "government",
    "reminder_rule",
    "reminder_rule_change",
    "reminder_rule_approval",
    "trusted_document",
}
BY_EMPLOYER = {
    "employer",
    "employer_bill",
    "employer_payment",
    "employer_payment_allocation",
    "employer_ledger_entry",
    "employer_credit_entry",
    "employer_event",
}
BY_GOVERNMENT = {
    "government_bill_line",
    "government_ledger_entry",
    "government_payment",
    "government_payment_approval",
    "government_allocation",
}
BY_FACILITY = {
    "care_number_counter",
    "capitation_statement",
    "capitation_approval",
    "facility_ledger_entry",
}
BY_CHANNEL = {
    "channel",
    "channel_public_key",
    "channel_secret",
    "channel_message",
    "payment_reference",
    "payment_answer",
    "inquiry",
    "suspense_item",
    "channel_change",
    "suspense_proposal",
    "suspense_placement",
    "suspense_waiting",
    "retail_channel",
    "retail_secret",
    "payment_order",
    "payment_code",
    "kept_message",
    "autodebit_file",
    "channel_api",
    "lost_search",
    "status_query",
    "found_payment",
    "disputed_payment",
    "dispute_proposal",
    "dispute_closing",
}
BY_ENDPOINT = {"webhook_endpoint", "webhook_cursor", "webhook_secret", "webhook_change"}
ELSEWHERE = BY_ENDPOINT | BY_CHANNEL | BY_EMPLOYER | BY_GOVERNMENT | BY_FACILITY
FACTS = {
    "job_retry",
    "webhook_change",
    "webhook_attempt",
    "membership_event",
    "fine_window",
    "bill_line",
    "event",
    "ledger_entry",
    "channel_message",
    "payment_reference",
    "payment_answer",
    "payment",
    "payment_allocation",
    "home_facility",
    "care_number",
    "facility_visit",
    "referral",
    "eligibility_letter",
    "discharge",
    "claim_document",
    "claim_event",
    "complaint_event",
    "satisfaction",
    "fine_payment",
    "fine_relief",
    "claim_payment",
    "employee_contribution",
    "employer_ledger_entry",
    "employer_payment",
    "employer_payment_allocation",
    "employment_report",
    "government_bill_line",
    "government_ledger_entry",
    "capitation_statement",
    "capitation_approval",
    "facility_ledger_entry",
    "write_off_order",
    "write_off_approval",
    "write_off",
    "payer_refund",
    "payer_refund_decision",
    "payer_refund_payout",
    "sponsorship_end",
    "wage",
    "manual_change",
    "manual_change_approval",
    "bill_revision",
    "class_change",
    "segment_change",
    "data_change",
    "college_letter",
    "family_move",
    "registration_step",
    "instalment_payment",
    "credit_entry",
    "prepayment_request",
    "inquiry",
    "suspense_item",
    "channel_change",
    "payment_order",
    "payment_code",
    "reminder_rule_change",
    "reminder_rule_approval",
    "contact_preference_change",
    "reminder_key",
    "reminder_report",
    "kept_message",
    "autodebit_item",
    "autodebit_mandate_event",
    "autodebit_result",
    "autodebit_warning",
    "found_payment",
    "dispute_proposal",
    "dispute_closing",
}

SELECT_TABLES = """
    SELECT c.relname AS name,
           EXISTS (SELECT FROM pg_attribute AS a
                   WHERE a.attrelid = c.oid AND a.attname = 'family_id') AS has_family,
           EXISTS (SELECT FROM pg_attribute AS a
                   WHERE a.attrelid = c.oid AND a.attname = 'bucket') AS has_bucket
    FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""

SELECT_UNIQUE = """
    SELECT i.indrelid::regclass::text AS relation, i.indexrelid::regclass::text AS name,
           (SELECT array_agg(a.attname::text ORDER BY k.n)
            FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) AS columns
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indrelid
    WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
"""

SELECT_FOREIGN_KEYS = """
    SELECT conrelid::regclass::text AS relation, confrelid::regclass::text AS target,
           (SELECT attname::text FROM pg_attribute
            WHERE attrelid = conrelid AND attnum = conkey[1]) AS first_column
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""

SELECT_PRIVILEGES = """
    SELECT privilege_type FROM information_schema.column_privileges
    WHERE grantee = 'iuran_app' AND table_name = $1
    UNION
    SELECT privilege_type FROM information_schema.table_privileges
    WHERE grantee = 'iuran_app' AND table_name = $1
"""


def _sql_constants() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for found in walk_packages(room.__path__, room.__name__ + "."):
            if found.name.endswith("__main__"):
                continue
            module = import_module(found.name)
            for name, annotation in getattr(module, "__annotations__", {}).items():
                if annotation is LiteralString:
                    yield f"{found.name}.{name}", getattr(module, name)


CONSTANTS = dict(_sql_constants())


@pytest.mark.parametrize("name", CONSTANTS)
async def test_every_sql_constant_is_understood_by_the_migrated_schema(
    connection: Connection, name: str
) -> None:
    await connection.prepare(CONSTANTS[name])


def test_sql_is_found() -> None:
    """The test above says nothing if it prepares nothing."""
    assert len(CONSTANTS) > 40
    assert "iuran.payments.settlement.SETTLE" in CONSTANTS


def test_sql_stands_in_constants() -> None:
    inline = re.compile(
        r"""\.(?:fetch|fetchrow|fetchval|execute|executemany|cursor)\(\s*f?["']""", re.VERBOSE
    )
    allowed = {"core/iuran/core/database/migrations.py"}  # SET LOCAL takes no parameters

    found = {
        str(file.relative_to(ROOT))
        for room in ("core", "payments", "graphql", "workers", "deploy")
        for file in (ROOT / room).rglob("*.py")
        if inline.search(file.read_text())
    }

    assert found <= allowed


async def test_family_owned_tables_start_every_key_with_the_family(
    connection: Connection,
) -> None:
    owned = {row["name"] for row in await connection.fetch(SELECT_TABLES) if row["has_family"]}
    owned -= LOOK_UPS

    wrong = [
        row["name"]
        for row in await connection.fetch(SELECT_UNIQUE)
        if row["relation"] in owned and row["columns"][0] != "family_id"
    ]

    assert "membership" in owned
    assert wrong == []


async def test_foreign_keys_between_families_data_carry_the_family(connection: Connection) -> None:
    owned = {row["name"] for row in await connection.fetch(SELECT_TABLES) if row["has_family"]}
    owned -= LOOK_UPS

    wrong = [
        (row["relation"], row["target"])
        for row in await connection.fetch(SELECT_FOREIGN_KEYS)
        if row["relation"] in owned
        and row["first_column"] != "family_id"
        and row["target"] not in REFERENCE | {"channel"}
    ]

    assert wrong == []


async def test_every_table_has_its_place_when_data_are_spread(connection: Connection) -> None:
    singles = {"migration", "routine", "test_clock", "event_dispatch", "billing_run", "scheduler"}

    homeless = {
        row["name"]
        for row in await connection.fetch(SELECT_TABLES)
        if not row["has_family"]
        and not row["has_bucket"]
        and row["name"] not in LOOK_UPS | REFERENCE | ELSEWHERE | singles
    }

    assert homeless == set()


async def test_the_picture_of_the_house_names_every_table(connection: Connection) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page.partition("## The tables")[2].partition("\n## ")[0]))

    tables = {row["name"] for row in await connection.fetch(SELECT_TABLES)}

    assert "membership" in tables
    assert tables - named == set()


@pytest.mark.parametrize(
    ("tables", "owner"), [(BY_EMPLOYER, "employer_id"), (BY_GOVERNMENT, "region")]
)
async def test_other_payers_tables_start_every_key_with_the_payer(
    connection: Connection, tables: set[str], owner: str
) -> None:
    keys = [row for row in await connection.fetch(SELECT_UNIQUE) if row["relation"] in tables]

    assert {row["relation"] for row in keys} == tables
    assert [row["name"] for row in keys if row["columns"][0] != owner] == []


async def test_there_are_no_triggers(connection: Connection) -> None:
    assert await connection.fetchval("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0


def test_migrations_and_routines_use_nothing_that_does_not_spread() -> None:
    sql = "\n".join(
        [migration.sql for migration in find_migrations(MIGRATION_PACKAGES)]
        + [routine.sql for routine in find_routines(MIGRATION_PACKAGES)]
    )
    statements = re.split(r";\s*\n", sql + "\n" + ";\n".join(CONSTANTS.values()))
    code = [re.sub(r"--[^\n]*", "", statement) for statement in statements]

    skipping = [s for s in code if "SKIP LOCKED" in s.upper() and "bucket" not in s]
    volatile = [
        s for s in code if re.search(r"\bUPDATE\b[^;]*\b(random|nextval|clock_timestamp)\(", s)
    ]
    by_server_time = [
        s for s in code if re.search(r"\bnow\(\)|current_date|localtime", s, re.IGNORECASE)
    ]

    assert skipping == []
    assert volatile == []
    assert [s for s in by_server_time if "CREATE TABLE IF NOT EXISTS migration" not in s] == []


@pytest.mark.parametrize("table", sorted(FACTS))
async def test_the_application_can_only_append_facts(connection: Connection, table: str) -> None:
    rows = await connection.fetch(SELECT_PRIVILEGES, table)

    assert {row["privilege_type"] for row in rows} == {"SELECT", "INSERT"}


@pytest.mark.parametrize("verb", ["UPDATE ledger_entry SET amount = 1", "DELETE FROM ledger_entry"])
async def test_the_database_refuses_to_rewrite_the_ledger(
    connection: Connection, verb: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(verb)


async def test_migrating_twice_runs_nothing(database_url: str) -> None:
    async with connected(database_url, role=None) as owner:
        assert await pending(owner, MIGRATION_PACKAGES) == ()
