"""`iuran migrate`: bring the schema, its functions and the regulation up to date."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.database.migrations import Migration, migrate, pending
from iuran.core.database.pool import connected
from iuran.core.database.routines import Routine
from iuran.deploy.commands.options import DataOption
from iuran.deploy.commands.terminal import err, fail, run, say
from iuran.deploy.running import settings_here
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.deploy.settings import demanded

CheckOption = Annotated[
    bool, typer.Option("--check", help="Change nothing; exit 1 if something is pending.")
]


def migrate_command(*, check: CheckOption = False, data: DataOption = None) -> None:
    """Bring the database up to date, as the owner of the schema. Safe to run twice."""
    if check:
        waiting = run(_pending(data))
        if waiting:
            fail(f"pending: {', '.join(waiting)}; run `iuran migrate`")
        say("The schema is current.")
        return
    with err.status("Migrating ..."):
        ran = run(_migrate(data))
    for step in ran:
        say(f"ran {step.name}")
    say(f"The schema is current ({len(ran)} ran now).")


async def _pending(data: Path | None) -> list[str]:
    url = demanded(settings_here(data=data).database_url, "database_url")
    async with connected(url, role=None) as connection:
        return [step.name for step in await pending(connection, MIGRATION_PACKAGES)]


async def _migrate(data: Path | None) -> tuple[Migration | Routine, ...]:
    url = demanded(settings_here(data=data).database_url, "database_url")
    async with connected(url, role=None) as connection:
        return await migrate(connection, MIGRATION_PACKAGES)
