from collections.abc import Sequence
from pathlib import Path

import pytest

from iuran.core.database import migrations
from iuran.core.database.migrations import Migration, MigrationChangedError, find_migrations
from iuran.core.database.pool import connected
from iuran.deploy.schema import MIGRATION_PACKAGES


def test_numbers_are_one_sequence_over_the_rooms() -> None:
    numbers = [migration.number for migration in find_migrations(MIGRATION_PACKAGES)]

    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1


async def test_a_migration_that_ran_may_not_change(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = find_migrations(MIGRATION_PACKAGES)
    changed = Migration(number=first.number, name=first.name, sql=first.sql + "-- another thought")

    def with_another_first(_packages: Sequence[str]) -> tuple[Migration, ...]:
        return (changed, *others)

    monkeypatch.setattr(migrations, "find_migrations", with_another_first)

    async with connected(database_url, role=None) as owner:
        with pytest.raises(MigrationChangedError, match="write a new migration"):
            await migrations.pending(owner, MIGRATION_PACKAGES)


def test_two_migrations_of_one_number_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_one.sql").write_text("SELECT 1")
    (folder / "0001_other.sql").write_text("SELECT 2")
    (folder / "README").write_text("not a migration")

    def our_folder(_package: str) -> Path:
        return tmp_path

    monkeypatch.setattr(migrations, "files", our_folder)

    with pytest.raises(ValueError, match="share a number"):
        find_migrations(["anything"])
