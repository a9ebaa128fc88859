"""`iuran channels set|messages|replay|purge|lost`, as an operator meets them."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from iuran.core.clock import SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.app import build_app
from iuran.deploy.banks import BankCredentials, bank_folder, ensure_bank
from iuran.deploy.embedded import EmbeddedServices
from iuran.deploy.installation import installation_cipher
from iuran.deploy.settings import Settings
from iuran.payments.simulation.bank import SimulatedBank, parse_private_key
from tests.deploy.processes import iuran

Run = Callable[..., "asyncio.Future[subprocess.CompletedProcess[str]]"]


@pytest.fixture
async def run(pool: Pool, services: EmbeddedServices, tmp_path: Path) -> Run:
    """Runs a command where a bank has asked for a bill that nobody has, once."""
    settings = Settings(data=tmp_path / "data")
    folder = bank_folder(settings.data, "BCA")
    async with pool.acquire() as connection:
        known = await ensure_bank(
            connection, installation_cipher(settings), folder, name="BCA", va_prefix="88888"
        )
    await _ask_once(settings, pool, folder, known)
    places = {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}

    def start(*arguments: str) -> "asyncio.Future[subprocess.CompletedProcess[str]]":
        work = asyncio.to_thread(iuran, *arguments, folder=tmp_path, environment=places)
        return asyncio.ensure_future(work)

    return start


async def _ask_once(settings: Settings, pool: Pool, folder: Path, known: BankCredentials) -> None:
    app = build_app(settings, pool=pool, clock=SystemClock())
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://iuran.test") as http,
    ):
        bank = SimulatedBank(
            http=http,
            private_key=parse_private_key((folder / "private.pem").read_text()),
            client_id=known.client_id,
            client_secret=known.client_secret,
        )
        assert (await bank.inquire("09000000005")).code == "4042412"


async def test_switches_are_shown_and_changed_and_wrong_ones_are_refused(run: Run) -> None:
    why = ("--reason", "their integration looks at 200 only")
    changed = await run(
        *("channels", "set", "BCA", "repeat_answer=REPLAY", "enabled=false", "--json", *why)
    )
    silent = await run("channels", "set", "BCA", "repeat_answer=INCONSISTENT")
    history = json.loads((await run("channels", "changes", "BCA", "--json")).stdout)
    shown = await run("channels", "set", "BCA", "--json")
    wrong = await run("channels", "set", "BCA", "repeat_answer=SOMETIMES", *why)
    nobody = await run("channels", "set", "NOBODY")

    assert json.loads(changed.stdout) == json.loads(shown.stdout)
    assert json.loads(shown.stdout)["repeat_answer"] == "REPLAY"
    assert json.loads(shown.stdout)["enabled"] is False
    assert (wrong.returncode, nobody.returncode) == (1, 1)
    assert "repeat_answer" in wrong.stderr
    assert (silent.returncode, "say why" in silent.stderr) == (1, True)
    (change,) = history
    assert change["reason"] == "their integration looks at 200 only"
    assert change["before"] == {"repeat_answer": "INCONSISTENT", "enabled": True}
    assert change["after"] == {"repeat_answer": "REPLAY", "enabled": False}


async def test_messages_are_listed_masked_replayed_and_kept_for_years(run: Run) -> None:
    listed = json.loads((await run("channels", "messages", "--channel", "BCA", "--json")).stdout)
    inquiry = next(one for one in listed if one["service"] == 24)
    shown = await run("channels", "messages", str(inquiry["id"]), "--json")
    replayed = await run("channels", "replay", "--json")
    asked = await run("channels", "purge")
    purged = await run("channels", "purge", "--yes")

    assert {one["service"] for one in listed} == {24, 73}
    assert inquiry["code"] == "4042412"
    assert "09000000005" not in shown.stdout
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout)["differences"] == []
    assert asked.returncode == 1
    assert "give --yes" in asked.stderr
    assert purged.stdout.startswith("0 messages deleted")


async def test_a_bank_is_connected_and_what_it_lost_is_shown(run: Run, tmp_path: Path) -> None:
    key = str(tmp_path / "data" / "banks" / "BCA" / "private.pem")
    options = ("--client-id", "IURAN", "--private-key", key, "--secret", "invented-secret")
    why = ("--reason", "BRI pushes once")

    plain = await run("channels", "connect", "BCA", "--url", "http://bank.example", *options, *why)
    done = await run("channels", "connect", "BCA", "--url", "https://bank.example", *options, *why)
    figures = json.loads((await run("channels", "lost", "--json")).stdout)
    disputed = await run("channels", "disputed", "--json")
    ended = await run("channels", "disconnect", "BCA", *why)
    history = await run("channels", "changes", "BCA", "--json")

    assert "https://host" in plain.stderr
    assert done.returncode == 0, done.stderr
    assert "invented-secret" not in done.stdout
    assert [one["channel"] for one in figures["channels"]] == ["BCA"]
    assert figures["paidButInactive"] == 0
    assert (disputed.returncode, json.loads(disputed.stdout)) == (0, [])
    assert ended.returncode == 0
    stopped, began = [one for one in json.loads(history.stdout) if one["reason"] == why[1]]
    assert began["after"]["api"]["url"] == "https://bank.example"
    assert (stopped["before"], stopped["after"]) == ({"isSearched": True}, {"isSearched": False})
    assert "invented-secret" not in history.stdout
