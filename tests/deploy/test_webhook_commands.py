"""`iuran webhooks` as an operator uses it, with a real subscriber on loopback."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from iuran.core.clock import StandingClock, SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from iuran.deploy.messaging import new_way_out
from iuran.deploy.settings import load_settings
from iuran.workers.execution import run_due
from iuran.workers.mail import SmtpMailer
from iuran.workers.services import WorkerServices
from iuran.workers.tls import TlsMode
from tests.deploy.processes import iuran
from tests.workers.subscribers import happens, subscriber

Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]


@pytest.fixture
def run(pool: Pool, services: EmbeddedServices, tmp_path: Path) -> Run:  # noqa: ARG001 - the pool clears the database
    environment: Mapping[str, str] = {
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
    }

    async def run_(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            lambda: iuran("webhooks", *arguments, folder=tmp_path, environment=environment)
        )

    return run_


@pytest.fixture
def installed(
    pool: Pool, clock: StandingClock, services: EmbeddedServices, tmp_path: Path
) -> Callable[[], WorkerServices]:
    """The worker of the installation that the commands keep in their folder."""

    def worker() -> WorkerServices:
        way_out = new_way_out(load_settings(data=tmp_path / "data"))
        mailer = SmtpMailer(
            host="127.0.0.1", port=9, sender="a@example.org", sender_name="JKN", tls=TlsMode.NONE
        )
        return WorkerServices(
            pool=pool,
            clock=clock,
            real_clock=SystemClock(),
            redis_url=services.redis_url,
            mailer=mailer,
            webhooks=replace(way_out, timeout_seconds=5),
        )

    return worker


async def test_two_persons_subscribe_a_system_and_see_what_it_answers(
    pool: Pool, clock: StandingClock, run: Run, installed: Callable[[], WorkerServices]
) -> None:
    async with subscriber() as told:
        added = json.loads((await run("add", "app", told.url, "--by", "ani", "--json")).stdout)
        alone = await run("approve", "app", "--by", "ani")
        approved = await run("approve", "app", "--by", "budi")
        tested = await run("test", "app")
        await happens(pool, 5, 5, at=clock.now())
        told.decide = lambda _content: 500
        told.answer = b"database is away"
        await run_due(installed())
        calls = json.loads((await run("log", "app", "--result", "failed", "--json")).stdout)
        table = await run("log", "app")
        listed = json.loads((await run("list", "--json")).stdout)
        told.decide = lambda _content: 200
        position = str(calls[0]["position"])
        resent = await run("resend", "app", position, "--by", "ani")
        await run_due(installed())
        shown = await run("show", "app")

    Webhook(added["secret"]).verify(told.heard[0].body, told.heard[0].headers)
    assert told.heard[0].content["type"] == "webhook.test"
    assert alone.returncode == 1
    assert "another person has to decide" in alone.stderr
    assert approved.returncode == 0
    assert "answered 200" in tested.stdout
    assert (calls[0]["status"], calls[0]["answer"]) == (500, "database is away")
    assert "database is away" in table.stdout
    assert (listed[0]["state"], listed[0]["waiting"]) == ("ENABLED", 2)
    assert "1 events wait to be sent" in resent.stdout
    assert len(told.taken) == 3  # the test, then both events in their order
    assert "ani proposed, budi approved" in shown.stdout
    assert "RESENT" in shown.stdout


async def test_an_operator_rotates_stops_and_goes_back(run: Run) -> None:
    await run("add", "app", "http://127.0.0.1:9/", "--by", "ani", "--kind", "claim.paid")
    await run("approve", "app", "--by", "budi")
    rotated = json.loads((await run("rotate", "app", "--json", "--overlap-hours", "1")).stdout)
    too_many = await run("rotate", "app")
    await run("disable", "app", "--reason", "they move", "--by", "ani")
    twice = await run("disable", "app")
    shown = json.loads((await run("show", "app", "--json")).stdout)
    enabled = await run("enable", "app", "--by", "ani")
    refused = await run("test", "app")

    assert rotated["secret"].startswith("whsec_")
    assert "the former secret still signs" in too_many.stderr
    assert "disabled already" in twice.stderr
    assert (shown["state"], shown["kinds"], shown["secrets"]) == ("DISABLED", ["claim.paid"], 2)
    assert shown["changes"][0]["detail"] == "they move"
    assert "from where it was" in enabled.stdout
    assert refused.returncode == 1
    assert "no answer" in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "app", "http://jkn.example/hooks"), "write https://"),
        (("add", "App", "https://jkn.example/hooks"), "a letter first"),
        (("add", "app", "https://jkn.example", "--kind", "moon"), "there is no kind moon"),
        (("add", "app", "https://jkn.example", "--facility", "0000X000"), "facility"),
        (("approve", "app"), "there is no webhook 'app'"),
        (("resend", "app"), "name a position (or a range), or give --dead"),
        (("replay", "app", "1"), "there is no webhook 'app'"),
        (("log", "app"), "there is no webhook 'app'"),
    ],
)
async def test_what_cannot_be_is_said_in_a_line(
    run: Run, arguments: tuple[str, ...], says: str
) -> None:
    refused = await run(*arguments)

    assert refused.returncode == 1
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
