"""Every SQL function has one definition, in a routine file, and the database has just those."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from iuran.core.database import migrations, routines
from iuran.core.database.migrations import find_migrations, migrate, missing, pending
from iuran.core.database.pool import Connection, connected
from iuran.core.database.routines import Routine, find_routines
from iuran.deploy.schema import MIGRATION_PACKAGES

DEFINITION = re.compile(
    r"\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+(\w+)", re.IGNORECASE
)
LINES_MAX = 250

SELECT_FUNCTIONS = """
    SELECT proname FROM pg_proc AS p
    WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
"""

SELECT_CALLED_BY_TABLES = """
    SELECT DISTINCT p.proname
    FROM pg_depend AS d
    JOIN pg_proc AS p ON p.oid = d.refobjid
    WHERE d.refclassid = 'pg_proc'::regclass AND p.pronamespace = 'public'::regnamespace
      AND d.classid IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_attrdef'::regclass)
"""

SELECT_APPLIED = "SELECT step, name, sha256 FROM routine ORDER BY step"


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    """The schema's owner; afterwards the database has the routines of the files again."""
    async with connected(database_url, role=None) as connection:
        yield connection
        await migrate(connection, MIGRATION_PACKAGES)


def with_another(monkeypatch: pytest.MonkeyPatch, name: str, sql: str) -> None:
    """Let the file `name` say `sql`; a new file if there is none of that name."""
    others = [r for r in find_routines(MIGRATION_PACKAGES) if r.name != name]

    def found(_packages: Sequence[str]) -> tuple[Routine, ...]:
        return (*others, Routine(name=name, sql=sql))

    monkeypatch.setattr(routines, "find_routines", found)


def text_of(name: str) -> str:
    (found,) = (r.sql for r in find_routines(MIGRATION_PACKAGES) if r.name == name)
    return found


def test_no_function_is_defined_twice() -> None:
    defined = Counter(
        name for r in find_routines(MIGRATION_PACKAGES) for name in DEFINITION.findall(r.sql)
    )

    assert len(defined) > 40
    assert [name for name, times in defined.items() if times > 1] == []


def test_every_definition_can_be_run_again() -> None:
    sql = "\n".join(routine.sql for routine in find_routines(MIGRATION_PACKAGES))

    assert re.findall(r"^CREATE (?!OR REPLACE FUNCTION).*", sql, re.MULTILINE) == []


def test_no_migration_defines_a_function() -> None:
    assert [m.name for m in find_migrations(MIGRATION_PACKAGES) if DEFINITION.search(m.sql)] == []


def test_a_file_stays_readable() -> None:
    lengths = {r.name: r.sql.count("\n") for r in find_routines(MIGRATION_PACKAGES)}

    assert {name: lines for name, lines in lengths.items() if lines > LINES_MAX} == {}


async def test_the_database_has_just_the_functions_of_the_files(connection: Connection) -> None:
    defined = sorted(
        name for r in find_routines(MIGRATION_PACKAGES) for name in DEFINITION.findall(r.sql)
    )

    there = sorted(row["proname"] for row in await connection.fetch(SELECT_FUNCTIONS))

    assert there == defined


async def test_no_table_depends_on_a_function_that_may_change(connection: Connection) -> None:
    """Functions come after all migrations, so that no check, default or index can call one."""
    assert await connection.fetch(SELECT_CALLED_BY_TABLES) == []


async def test_migrating_again_runs_nothing(owner: Connection) -> None:
    before = await owner.fetch(SELECT_APPLIED)

    assert await migrate(owner, MIGRATION_PACKAGES) == ()
    assert await owner.fetch(SELECT_APPLIED) == before


async def test_a_changed_routine_runs_again_and_alone(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of("core/calendar.sql")
    with_another(monkeypatch, "core/calendar.sql", text.replace("year FROM", "isoyear FROM"))

    waiting = await pending(owner, MIGRATION_PACKAGES)
    ran = await migrate(owner, MIGRATION_PACKAGES)

    assert [step.name for step in waiting] == ["core/calendar.sql"]
    assert ran == waiting
    assert await owner.fetchval("SELECT coverage_month_of('2027-01-01')") == 2026 * 12
    assert await pending(owner, MIGRATION_PACKAGES) == ()


async def test_going_back_to_an_older_text_runs_it_again(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        with_another(newer, "core/calendar.sql", text_of("core/calendar.sql") + "-- newer\n")
        await migrate(owner, MIGRATION_PACKAGES)

    ran = await migrate(owner, MIGRATION_PACKAGES)

    assert [step.name for step in ran] == ["core/calendar.sql"]


async def test_an_older_version_serves_on_beside_newer_routines(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        with_another(newer, "core/calendar.sql", text_of("core/calendar.sql") + "-- newest\n")
        assert len(await missing(owner, MIGRATION_PACKAGES)) == 1
        await migrate(owner, MIGRATION_PACKAGES)

    assert await missing(owner, MIGRATION_PACKAGES) == ()
    assert [step.name for step in await pending(owner, MIGRATION_PACKAGES)] == ["core/calendar.sql"]


@pytest.mark.parametrize(
    "body",
    [
        "LANGUAGE sql AS $$ SELECT no_such_function() $$",
        "LANGUAGE plpgsql AS $$ BEGIN SELEKT 1; END $$",
    ],
)
async def test_a_body_that_cannot_run_changes_nothing(
    owner: Connection, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    before = await owner.fetch(SELECT_APPLIED)
    with_another(
        monkeypatch,
        "workers/wrong.sql",
        f"CREATE OR REPLACE FUNCTION wrong() RETURNS integer {body};",
    )

    with pytest.raises(asyncpg.PostgresError):
        await migrate(owner, MIGRATION_PACKAGES)

    assert await owner.fetch(SELECT_APPLIED) == before
    assert "wrong" not in {row["proname"] for row in await owner.fetch(SELECT_FUNCTIONS)}


async def test_a_function_may_call_one_of_a_later_file(
    owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = """
        CREATE OR REPLACE FUNCTION early() RETURNS integer LANGUAGE sql AS $$ SELECT late() $$;
        CREATE OR REPLACE FUNCTION late() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
    """
    with_another(monkeypatch, "workers/early.sql", sql)
    try:
        await migrate(owner, MIGRATION_PACKAGES)

        assert await owner.fetchval("SELECT early()") == 1
    finally:
        await owner.execute("DROP FUNCTION IF EXISTS early, late")


async def test_a_database_without_history_misses_everything(owner: Connection) -> None:
    async with owner.transaction():
        await owner.execute("CREATE SCHEMA empty")
    try:
        await owner.execute("SET search_path = empty")
        everything = (*find_migrations(MIGRATION_PACKAGES), *find_routines(MIGRATION_PACKAGES))

        assert await missing(owner, MIGRATION_PACKAGES) == everything
        assert await migrations.pending(owner, MIGRATION_PACKAGES) == everything
    finally:
        await owner.execute("SET search_path = public")
        await owner.execute("DROP SCHEMA empty")
