"""Numbered SQL files, run forward only. Each room keeps its own; the numbers make one sequence.

They make tables, types and grants. Functions are routines, and come after them.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.database.pool import Connection
from iuran.core.database.routines import (
    Routine,
    changed_routines,
    replace_routines,
    unseen_routines,
)
from iuran.core.errors import DomainError
from iuran.core.regulation.loading import load_regulation

LOCK_TIMEOUT_SECONDS = 5
_MIGRATION_LOCK = 7_202_014  # one migrator at a time; any number does, as long as it stays
_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

CREATE_HISTORY: LiteralString = """
    CREATE TABLE IF NOT EXISTS migration (
        number integer PRIMARY KEY,
        name text NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""

GRANT_HISTORY: LiteralString = """
    GRANT SELECT ON migration TO iuran_app
"""

SELECT_HISTORY: LiteralString = """
    SELECT number, sha256 FROM migration ORDER BY number
"""

INSERT_HISTORY: LiteralString = """
    INSERT INTO migration (number, name, sha256) VALUES ($1, $2, $3)
"""

LOCK: LiteralString = """
    SELECT pg_advisory_lock($1)
"""

UNLOCK: LiteralString = """
    SELECT pg_advisory_unlock($1)
"""


class MigrationChangedError(DomainError):
    """A migration that ran already differs from its file: history is not rewritten."""

    code: ClassVar[str] = "MIGRATION_CHANGED"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"migration {name} ran with another text; restore the file and write a new migration"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The fingerprint of the text that ran."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def find_migrations(packages: Sequence[str]) -> tuple[Migration, ...]:
    """Return the migrations of the rooms, in the order of their numbers."""
    found = [
        migration
        for package in packages
        for file in files(package).joinpath("migrations").iterdir()
        if (migration := _read(file)) is not None
    ]
    found.sort(key=lambda migration: migration.number)
    numbers = [migration.number for migration in found]
    if len(numbers) != len(set(numbers)):
        raise ValueError(f"two migrations share a number: {numbers}")
    return tuple(found)


def _read(file: Traversable) -> Migration | None:
    match = _FILE_NAME.fullmatch(file.name)
    if match is None:
        return None
    return Migration(number=int(match[1]), name=file.name, sql=file.read_text(encoding="utf-8"))


async def migrate(
    connection: Connection, packages: Sequence[str]
) -> tuple[Migration | Routine, ...]:
    """Bring the schema, its functions and the regulation up to date; return what ran now.

    Needs the rights of the schema's owner. Each migration is a transaction of its own, with a lock
    timeout, so that a busy table makes it fail and be tried again instead of blocking payments.
    The functions that changed are one transaction: callers see all of them or none.
    """
    await connection.execute(LOCK, _MIGRATION_LOCK)
    try:
        await connection.execute(CREATE_HISTORY)
        ran = [
            migration
            for migration in await _unapplied(connection, packages)
            if await _apply(connection, migration)
        ]
        await connection.execute(GRANT_HISTORY)
        routines = await changed_routines(connection, packages)
        if routines:
            async with connection.transaction():
                await _limit_waiting(connection)
                await replace_routines(connection, routines)
        async with connection.transaction():
            await load_regulation(connection)
        return (*ran, *routines)
    finally:
        await connection.execute(UNLOCK, _MIGRATION_LOCK)


async def pending(
    connection: Connection, packages: Sequence[str]
) -> tuple[Migration | Routine, ...]:
    """Return what `migrate` would run; raises MigrationChangedError for a changed migration."""
    return (
        *await _unapplied(connection, packages),
        *await changed_routines(connection, packages),
    )


async def missing(
    connection: Connection, packages: Sequence[str]
) -> tuple[Migration | Routine, ...]:
    """Return what this version cannot serve without; unlike `pending`, newer routines may do."""
    return (
        *await _unapplied(connection, packages),
        *await unseen_routines(connection, packages),
    )


async def _unapplied(connection: Connection, packages: Sequence[str]) -> tuple[Migration, ...]:
    try:
        applied = {row["number"]: row["sha256"] for row in await connection.fetch(SELECT_HISTORY)}
    except asyncpg.UndefinedTableError:
        applied = {}
    waiting: list[Migration] = []
    for migration in find_migrations(packages):
        if migration.number not in applied:
            waiting.append(migration)
        elif applied[migration.number] != migration.sha256:
            raise MigrationChangedError(migration.name)
    return tuple(waiting)


async def _apply(connection: Connection, migration: Migration) -> bool:
    async with connection.transaction():
        await _limit_waiting(connection)
        await connection.execute(migration.sql)
        await connection.execute(INSERT_HISTORY, migration.number, migration.name, migration.sha256)
    return True


async def _limit_waiting(connection: Connection) -> None:
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
