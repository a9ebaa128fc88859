"""`iuran autodebit` and `iuran retail`, as their users meet them."""

import asyncio
from datetime import timedelta
from pathlib import Path

from iuran.core.clock import SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from tests.builders import a_channel, a_family, an_active_family
from tests.deploy.processes import iuran


async def test_autodebit_from_mandate_to_results(
    pool: Pool, services: EmbeddedServices, tmp_path: Path
) -> None:
    places = {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}

    async def run(*arguments: str) -> tuple[int, str]:
        done = await asyncio.to_thread(iuran, *arguments, folder=tmp_path, environment=places)
        return done.returncode, done.stdout + done.stderr

    async with pool.acquire() as connection:
        channel_id = await a_channel(connection, "BRI")
    _, (account,) = await an_active_family(
        pool, channel_id, a_family(), first_payment_at=SystemClock().now() - timedelta(days=40)
    )
    number = account.customer_number
    given = await run(
        *("autodebit", "mandates", "give", number, "--bank", "BRI", "--number", "0012345678"),
        *("--holder", "BUNGA CONTOH", "--signed-at", "Loket", "--by", "loket"),
    )
    listed = await run("autodebit", "mandates", "list")
    await run("clock", "set", f"{(SystemClock().now() + timedelta(days=31)):%Y-%m}-21")
    collected = await run("autodebit", "collect", "BRI", "--out", str(tmp_path / "files"))

    (file,) = (tmp_path / "files").glob("AUTODEBIT_BRI_*.csv")
    header, line, trailer = file.read_text().splitlines()
    _, reference, _, _, _, amount, *_ = line.split(",")
    day = header.rsplit(",", 1)[1]
    answer = tmp_path / "results.csv"
    answer.write_text(
        f"H,IURAN-AUTODEBIT-RESULT,1,1,BRI,{day}\n"
        f"R,{reference},{number},{amount},SUCCESS,,\n"
        f"T,1,{amount}\n"
    )
    first = await run("autodebit", "results", "BRI", str(answer))
    again = await run("autodebit", "results", "BRI", str(answer))

    assert given[0] == 0, given[1]
    assert "******5678" in listed[1]
    assert "0012345678" not in given[1] + listed[1] + collected[1]
    assert trailer == f"T,1,{amount}"
    assert file.stat().st_mode & 0o077 == 0
    assert "1 settled" in first[1]
    assert "Repeated  1" in again[1]


async def test_an_aggregator_is_registered_and_its_secret_is_never_shown(
    pool: Pool, services: EmbeddedServices, tmp_path: Path
) -> None:
    assert pool is not None
    places = {
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "IURAN_RETAIL_API_SECRET": "invented-server-key",
    }

    def run(*arguments: str) -> str:
        done = iuran(*arguments, folder=tmp_path, environment=places)
        return done.stdout + done.stderr

    added = await asyncio.to_thread(
        run,
        *("retail", "add", "MIDTRANS", "--dialect", "midtrans"),
        *("--base-url", "https://api.midtrans.example"),
    )
    listed = await asyncio.to_thread(run, "retail", "list", "--json")
    refused = await asyncio.to_thread(
        run, *("retail", "add", "OTHER", "--dialect", "doku", "--base-url", "http://plain.example")
    )

    del places["IURAN_RETAIL_API_SECRET"]
    unasked = await asyncio.to_thread(
        run, *("retail", "add", "THIRD", "--dialect", "doku", "--base-url", "https://doku.example")
    )

    assert "/retail/MIDTRANS/midtrans" in added
    assert '"dialect": "MIDTRANS"' in listed
    assert "invented-server-key" not in added + listed
    assert "https://host" in refused
    assert "set IURAN_RETAIL_API_SECRET" in unasked
    assert "Traceback" not in unasked
