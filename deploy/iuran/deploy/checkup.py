"""Whether an installation works: each part looked at, and what to do if it does not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import LiteralString

import asyncpg

from iuran.core.clock import read_offset
from iuran.core.database.migrations import pending
from iuran.core.database.pool import Connection, connected
from iuran.core.errors import DomainError
from iuran.deploy.installation import installation_cipher
from iuran.deploy.moments import written
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.deploy.settings import Settings, demanded
from iuran.deploy.tokens import trusted_issuer
from iuran.payments.channels import list_channels
from iuran.payments.finance_figures import care_disagreements
from iuran.payments.ledger import disagreements
from iuran.payments.membership_rebuild import different_memberships
from iuran.payments.retail.directory import read_aggregators
from iuran.workers.job_records import count_jobs
from iuran.workers.leadership import read_scheduler
from iuran.workers.redis_line import ping

SKEW_WARN_SECONDS = 2.0
TICK_WARN_SECONDS = 60.0
WAITING_WARN_SECONDS = 300.0
POSTGRESQL_MIN = 170000

SELECT_SERVER: LiteralString = """
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::integer AS number,
           current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('fsync') AS fsync,
           clock_timestamp() AS now
"""


class Verdict(StrEnum):
    """How a part is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found out about one part, and what to do about it."""

    part: str
    verdict: Verdict
    found: str
    advice: str = ""


async def check_up(settings: Settings) -> AsyncIterator[Finding]:
    """Look at every part; what depends on a part that fails is left out."""
    yield _check_settings(settings)
    yield await _check_redis(settings)
    try:
        async with connected(demanded(settings.database_url, "database_url"), role=None) as found:
            async for finding in _check_database(settings, found):
                yield finding
    except DomainError as error:
        yield _failed("database", str(error))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        yield _failed("database", str(error), "check DATABASE_URL and that PostgreSQL is up")


def _failed(part: str, found: str, advice: str = "") -> Finding:
    return Finding(part=part, verdict=Verdict.FAIL, found=found, advice=advice)


def _fine(part: str, found: str) -> Finding:
    return Finding(part=part, verdict=Verdict.OK, found=found)


def _check_settings(settings: Settings) -> Finding:
    try:
        installation_cipher(settings)
        trusted_issuer(settings)
    except DomainError as error:
        return _failed("settings", str(error), "see docs/settings.md")
    return _fine("settings", settings.environment.value)


async def _check_redis(settings: Settings) -> Finding:
    try:
        await ping(demanded(settings.redis_url, "redis_url"))
    except DomainError as error:
        return Finding(
            part="redis",
            verdict=Verdict.WARN,
            found=str(error),
            advice="jobs run later without it, and nothing is lost",
        )
    return _fine("redis", "answers")


async def _check_database(settings: Settings, connection: Connection) -> AsyncIterator[Finding]:
    server = await connection.fetchrow(SELECT_SERVER)
    if server is None:
        return
    yield _check_server(server["number"], f"PostgreSQL {server['version']}")
    yield _check_durability(server["synchronous_commit"], server["fsync"])
    yield _check_skew(server["now"])
    waiting = await _check_migrations(connection)
    yield waiting
    if waiting.verdict is Verdict.OK:
        yield await _check_test_clock(settings, connection)
        yield await _check_channels(settings, connection)
        yield await _check_jobs(connection)
        yield await _check_ledger(connection)
        yield await _check_memberships(connection)


def _check_server(number: int, found: str) -> Finding:
    if number < POSTGRESQL_MIN:
        return _failed("database", found, f"use PostgreSQL {POSTGRESQL_MIN // 10_000} or newer")
    return _fine("database", found)


def _check_durability(synchronous_commit: str, fsync: str) -> Finding:
    found = f"synchronous_commit {synchronous_commit}, fsync {fsync}"
    if synchronous_commit == "off" or fsync == "off":
        advice = "turn both on: an answered payment could be lost in a crash"
        return _failed("durability", found, advice)
    return _fine("durability", found)


def _check_skew(database_now: datetime) -> Finding:
    skew = abs((datetime.now(UTC) - database_now).total_seconds())
    found = f"{skew:.1f} s between this machine and the database"
    if skew > SKEW_WARN_SECONDS:
        advice = "synchronise both with NTP: signatures and tokens expire by real time"
        return Finding(part="time", verdict=Verdict.WARN, found=found, advice=advice)
    return _fine("time", found)


async def _check_migrations(connection: Connection) -> Finding:
    try:
        waiting = await pending(connection, MIGRATION_PACKAGES)
    except DomainError as error:
        return _failed("migrations", str(error))
    if waiting:
        return _failed("migrations", f"{len(waiting)} pending", "run `iuran migrate`")
    return _fine("migrations", "current")


async def _check_test_clock(settings: Settings, connection: Connection) -> Finding:
    offset = await read_offset(connection)
    if not offset:
        return _fine("test clock", "legal time is real time")
    found = f"legal time is {written(datetime.now(UTC) + offset)}"
    if settings.follows_test_clock:
        return Finding(part="test clock", verdict=Verdict.WARN, found=found)
    advice = "this installation ignores it; never put real money on a database of a demonstration"
    return _failed("test clock", f"an offset of {offset} is stored", advice)


async def _check_channels(settings: Settings, connection: Connection) -> Finding:
    try:
        cipher = installation_cipher(settings)
    except DomainError as error:
        return _failed("channels", str(error))
    now = datetime.now(UTC)
    channels = await list_channels(connection, cipher, at=now)
    aggregators = await read_aggregators(connection, cipher, at=now)
    mute = [
        channel.code
        for channel in channels
        if channel.code not in aggregators and not (channel.secrets and channel.public_keys)
    ]
    mute += [code for code, aggregator in aggregators.items() if aggregator.is_mute(now)]
    if mute:
        advice = (
            "their secrets or keys are unreadable or over: `iuran channels rotate`, of an "
            "aggregator `iuran retail rotate`"
        )
        return Finding(part="channels", verdict=Verdict.WARN, found=", ".join(mute), advice=advice)
    return _fine("channels", f"{len(channels)} registered")


async def _check_jobs(connection: Connection) -> Finding:
    """Whether a worker ticks, and nothing is dead or waits longer than a worker would let it."""
    now, scheduler = datetime.now(UTC), await read_scheduler(connection)
    figures = await count_jobs(connection, at=now)
    since = figures.waiting_since
    found = f"{figures.dead} dead, {figures.waiting} wait for a worker"
    if scheduler is None or (now - scheduler.ticked_at).total_seconds() > TICK_WARN_SECONDS:
        last = "no worker ever ticked" if scheduler is None else f"{scheduler.led_by} was the last"
        advice = "start `iuran worker`; what is due is made up for"
        found = f"nobody ticks ({last}); {found}"
    elif figures.dead:
        advice = "`iuran jobs list --state dead` says why; then `iuran jobs retry`"
    elif since is not None and (now - since).total_seconds() > WAITING_WARN_SECONDS:
        advice = "start more `iuran worker`, or look at what the running jobs wait for"
        found = f"{found}, the first since {written(since)}"
    else:
        return _fine("jobs", f"{scheduler.led_by} ticks; {found}")
    return Finding(part="jobs", verdict=Verdict.WARN, found=found, advice=advice)


async def _check_ledger(connection: Connection) -> Finding:
    wrong = [
        *(f"{d.what}: facts {d.facts}, ledger {d.ledger}" for d in await disagreements(connection)),
        *(
            f"{d.what}: facts {d.facts}, ledger {d.ledger}"
            for d in await care_disagreements(connection)
        ),
    ]
    if wrong:
        found = "; ".join(wrong)
        advice = "stop taking payments and find out why before anything else"
        return _failed("ledger", found, advice)
    return _fine("ledger", "agrees with the facts")


async def _check_memberships(connection: Connection) -> Finding:
    wrong = [one async for one in different_memberships(connection)]
    if wrong:
        found = "; ".join(f"family {one.family_id}/{one.membership_id}: {one.why}" for one in wrong)
        advice = "compare with `iuran families show` and find out who wrote to the database by hand"
        return _failed("memberships", found, advice)
    return _fine("memberships", "agree with their whole history")
