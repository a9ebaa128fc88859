"""docs/examples/typescript: generated as it stands, typed, and answered by a server."""

import asyncio
import os
import re
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.documents_mode import DocumentsMode
from iuran.graphql.identity import Role
from iuran.graphql.limits import Limits
from iuran.graphql.manifests import checked_documents
from iuran.graphql.trusted_documents import load_documents
from tests.builders import a_channel, pays_what_it_owes
from tests.graphql.conftest import Insured
from tests.graphql.live import PATIENCE_SECONDS, a_live_server, cursor_now, dispatched
from tests.graphql.npm_packages import installed, run

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "typescript"
GENERATED = EXAMPLE / "source" / "gql"
SECONDS_MAX = 60


@pytest.fixture
async def example(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """A copy of the example with its packages, to generate and build in."""
    packages = await installed(pytestconfig, EXAMPLE) / "node_modules"
    copy = tmp_path / "typescript"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns("node_modules", "build"))
    (copy / "node_modules").symlink_to(packages)
    return copy


async def compiled(example: Path, *options: str) -> tuple[int, str]:
    tsc = example / "node_modules" / "typescript" / "bin" / "tsc"
    code, told, complained = await run(
        "node", tsc, *options, where=example, seconds_max=SECONDS_MAX
    )
    return code, told + complained


def test_the_lock_file_names_no_registry() -> None:
    lock = (EXAMPLE / "package-lock.json").read_text()

    assert '"integrity": "sha512-' in lock
    assert "resolved" not in lock
    assert "://" not in lock


def test_its_operations_are_screens_of_the_page() -> None:
    page = (ROOT / "docs" / "frontend.md").read_text()
    operations = [file.read_text() for file in sorted((EXAMPLE / "operations").iterdir())]

    assert len(operations) >= 7
    assert [one for one in operations if f"```graphql\n{one}```" not in page] == []


async def test_what_is_generated_is_current(example: Path) -> None:
    shutil.rmtree(example / "source" / "gql")

    code, _, complained = await run(
        *("node", "generate.mjs", ROOT / "graphql" / "schema.graphql"),
        where=example,
        seconds_max=SECONDS_MAX,
    )

    assert code == 0, complained
    written = {file.name: file.read_text() for file in (example / "source" / "gql").iterdir()}
    committed = {file.name: file.read_text() for file in GENERATED.iterdir()}
    assert written == committed, "run `npm run generate` in docs/examples/typescript"


async def test_its_types_hold_and_a_field_that_was_not_asked_for_does_not(example: Path) -> None:
    code, told = await compiled(example, "--noEmit")
    assert code == 0, told
    wrong = example / "source" / "screens" / "family-card.ts"
    wrong.write_text(wrong.read_text().replace("familyCardNumber}", "phoneNumber}"))

    code, told = await compiled(example, "--noEmit")

    assert code != 0
    assert "Property 'phoneNumber' does not exist" in told


async def test_its_screens_show_a_family_and_a_payment_to_come(
    example: Path, pool: Pool, clock: StandingClock, issuer: DemoIssuer, insured: Insured
) -> None:
    """Against a server that takes nothing but the manifest's documents."""
    manifest = (GENERATED / "persisted-documents.json").read_text()
    async with pool.acquire() as connection:
        channel = await a_channel(connection, "BNI")
        await load_documents(connection, checked_documents(manifest, Limits()), at=clock.now())
    cursor = await cursor_now(pool, clock)
    code, told = await compiled(example, "--noCheck")
    assert code == 0, told

    async with a_live_server(pool, clock, issuer, documents_mode=DocumentsMode.STRICT) as server:
        process = await asyncio.create_subprocess_exec(
            *("node", "build/main.js", "--url", f"{server.address}/graphql", "--after", cursor),
            *("--complain", "Iuran saya belum tercatat."),
            cwd=example,
            env=os.environ | {"TOKEN": issuer.issue(Role.PARTICIPANT, family_id=insured.family_id)},
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                shown = (await process.stdout.readuntil(b"Menunggu pembayaran")).decode()
                await pays_what_it_owes(pool, channel, insured.account, at=clock.now())
                await dispatched(pool, clock)
                paid, complained = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    assert process.returncode == 0, complained.decode()
    assert "Tagihan Anda: Rp70.000, 2 orang\nJanuari 2026 - Januari 2026" in shown
    assert f"VA {insured.account.number}  BUNGA CONTOH" in shown
    assert f"{insured.card}  BUNGA CONTOH, kepala keluarga, lahir 17 Mei 1990" in shown
    assert "Tidak ada klaim" in shown
    assert "Desember 2025  Rp70.000, lunas" in shown
    assert "Pengaduan Anda kami terima" in shown
    assert re.search(r"Lunas: Rp70\.000 lewat BNI, 5 Januari 2026.* 09[.:]00 WIB", paid.decode())
