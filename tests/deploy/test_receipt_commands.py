"""Receipts at the desk: shown, printed, sent as a link."""

import json
from pathlib import Path

import pytest

from iuran.core.database.pool import Pool
from tests.builders import a_channel, a_family, an_active_family
from tests.deploy.processes import Run
from tests.moments import wib


async def test_a_receipt_is_shown_printed_and_sent(run: Run, pool: Pool, tmp_path: Path) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 3, 20))
    async with pool.acquire() as connection:
        reference = await connection.fetchval("SELECT reference FROM payment")
    where = (str(family.family_id), "1")

    listed = await run("receipts", "list", where[0])
    shown = await run("receipts", "show", *where)
    told = json.loads((await run("receipts", "show", "BCA", reference, "--json")).stdout)
    printed = await run("receipts", "pdf", *where, "struk.pdf", "--language", "en")
    again = await run("receipts", "pdf", *where, "struk.pdf")
    nowhere = await run("receipts", "pdf", *where, "nowhere/struk.pdf")
    link = await run("receipts", "link", *where)

    assert "2026-03-20 09:00" in listed.stdout
    assert reference in listed.stdout
    assert "20 Maret 2026, 09.00 WIB" in shown.stdout
    assert "BUNGA" not in shown.stdout
    assert (told["payment"], told["total"], told["state"]) == (1, 35_000, "VALID")
    assert printed.returncode == 0
    assert tmp_path.joinpath("struk.pdf").read_bytes().startswith(b"%PDF-")
    assert (again.returncode, "struk.pdf is there already" in again.stderr) == (1, True)
    assert nowhere.stderr.startswith("cannot use nowhere/struk.pdf: No such file or directory")
    assert link.stdout.startswith("http://127.0.0.1:8000/receipts/")


@pytest.mark.parametrize(
    ("where", "what_to_do"),
    [
        (("7", "12"), "`iuran receipts list 7` shows what there is"),
        (
            ("3", "5", "--of", "employer"),
            "employer 3 has no payment 5; give the channel and its reference",
        ),
        (("7", "twelve"), "give family and payment, or channel and reference"),
        (("BCA", "202601"), "iuran suspense list"),
    ],
)
async def test_a_receipt_that_is_not_there_says_what_to_do(
    run: Run, where: tuple[str, str], what_to_do: str
) -> None:
    done = await run("receipts", "show", *where)

    assert done.returncode == 1
    assert what_to_do in done.stderr
    assert "Traceback" not in done.stderr
