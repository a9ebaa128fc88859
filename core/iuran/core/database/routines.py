"""SQL functions, each defined once, in files that are run again whenever their text changes.

A room keeps them by noun in `routines/`. They come after all numbered migrations, rooms in their
order and files by name, in one transaction. `CREATE OR REPLACE` leaves a function where it is, so
that a statement that is under way ends with the body it began with.

The version that is still running calls the new body too. Another signature is therefore a new
migration that drops the old function, and the new one in its file.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString

import asyncpg

from iuran.core.database.pool import Connection

CREATE_ROUTINE_HISTORY: LiteralString = """
    CREATE TABLE IF NOT EXISTS routine (
        step bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL
    )
"""

GRANT_ROUTINE_HISTORY: LiteralString = """
    GRANT SELECT ON routine TO iuran_app
"""

SELECT_NEWEST: LiteralString = """
    SELECT DISTINCT ON (name) name, sha256 FROM routine ORDER BY name, step DESC
"""

SELECT_EVER: LiteralString = """
    SELECT DISTINCT name, sha256 FROM routine
"""

INSERT_ROUTINE: LiteralString = """
    INSERT INTO routine (name, sha256, applied_at) VALUES ($1, $2, statement_timestamp())
"""

# A body in quotes may name functions of later files; all are looked at once they are all there.
DELAY_CHECKS: LiteralString = """
    SET LOCAL check_function_bodies = off
"""

RESUME_CHECKS: LiteralString = """
    SET LOCAL check_function_bodies = on
"""

CHECK_BODIES: LiteralString = """
    SELECT CASE l.lanname
        WHEN 'sql' THEN fmgr_sql_validator(p.oid) ELSE plpgsql_validator(p.oid)
    END
    FROM pg_proc AS p
    JOIN pg_language AS l ON l.oid = p.prolang
    WHERE p.pronamespace = 'public'::regnamespace AND l.lanname IN ('sql', 'plpgsql')
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """A file of functions; its name is `room/noun.sql`."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The fingerprint of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def find_routines(packages: Sequence[str]) -> tuple[Routine, ...]:
    """Return the routines in the order in which they run: rooms as given, files by name."""
    return tuple(
        Routine(
            name=f"{package.rpartition('.')[2]}/{file.name}", sql=file.read_text(encoding="utf-8")
        )
        for package in packages
        if (folder := files(package).joinpath("routines")).is_dir()
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    )


async def changed_routines(connection: Connection, packages: Sequence[str]) -> tuple[Routine, ...]:
    """Return the routines whose newest text in the database is not this version's."""
    return await _unknown_to(connection, SELECT_NEWEST, packages)


async def unseen_routines(connection: Connection, packages: Sequence[str]) -> tuple[Routine, ...]:
    """Return the routines whose text the database never had.

    While servers are being replaced a newer version has brought its own, and an older one still
    serves: what it needs was there once, and what is there now keeps its promises.
    """
    return await _unknown_to(connection, SELECT_EVER, packages)


async def _unknown_to(
    connection: Connection, history: LiteralString, packages: Sequence[str]
) -> tuple[Routine, ...]:
    try:
        rows = await connection.fetch(history)
    except asyncpg.UndefinedTableError:
        rows = []
    known = {(row["name"], row["sha256"]) for row in rows}
    return tuple(r for r in find_routines(packages) if (r.name, r.sha256) not in known)


async def replace_routines(connection: Connection, routines: Sequence[Routine]) -> None:
    """Run the routines in the caller's transaction, and look at every body afterwards."""
    await connection.execute(CREATE_ROUTINE_HISTORY)
    await connection.execute(GRANT_ROUTINE_HISTORY)
    await connection.execute(DELAY_CHECKS)
    for routine in routines:
        await connection.execute(routine.sql)
        await connection.execute(INSERT_ROUTINE, routine.name, routine.sha256)
    await connection.execute(RESUME_CHECKS)
    await connection.execute(CHECK_BODIES)
