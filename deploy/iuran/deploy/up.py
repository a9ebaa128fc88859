"""`iuran up`: the whole product on one machine, with nothing else installed."""

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

import httpx
from pydantic import SecretStr

from iuran.core.clock import Clock
from iuran.core.database.migrations import migrate
from iuran.core.database.pool import connected, open_pool
from iuran.deploy.children import Child, children, watch
from iuran.deploy.demo import find_hero, load_banks, load_families
from iuran.deploy.demo_facilities import load_facilities
from iuran.deploy.demo_payers import employer_of_demo
from iuran.deploy.embedded import EmbeddedServiceError, EmbeddedServices, embedded_services
from iuran.deploy.embedded.folder import held_data_folder
from iuran.deploy.embedded.mailbox import HOST as MAIL_HOST
from iuran.deploy.embedded.mailbox import mailbox
from iuran.deploy.family_file import FamilyFile
from iuran.deploy.installation import installation_cipher
from iuran.deploy.listener import listening
from iuran.deploy.running import Running, forget_running
from iuran.deploy.schema import MIGRATION_PACKAGES
from iuran.deploy.settings import Settings, SettingsError, demanded
from iuran.deploy.test_clock import clock_now_in

READY_TIMEOUT_SECONDS = 60.0
MAIL_FOLDER = "mail"
LOG_FOLDER = "logs"
_POLL_SECONDS = 0.1
Note = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Whom the demonstration's tokens are for: a family to try things on, and an employer."""

    hero: FamilyFile | None = None
    employer_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What runs now, on settings in which every place is filled in."""

    settings: Settings
    running: Running
    clock: Clock
    stage: Stage
    seconds_to_start: float


def run_product(
    settings: Settings, *, with_demo: bool, note: Note, show: Callable[[Product], None]
) -> None:
    """Start everything, show what runs, and go on until interrupted; then stop everything.

    Raises DomainError, which says what to do, when a part does not start or ends by itself.
    """
    if settings.is_production:
        raise SettingsError("`iuran up` is for demonstrations; in production run serve and worker")
    started_at = time.monotonic()
    listening(settings).close()
    note("Starting PostgreSQL and Redis")
    with _placed(settings) as placed:
        note("Preparing the database")
        clock, stage = asyncio.run(_prepare(placed, with_demo=with_demo))
        note("Starting server and worker")
        with _processes(placed) as started, _announced(placed) as running:
            _await_ready(running.base_url, started)
            product = Product(
                settings=placed,
                running=running,
                clock=clock,
                stage=stage,
                seconds_to_start=time.monotonic() - started_at,
            )
            show(product)
            watch(started)


@contextmanager
def _placed(settings: Settings) -> Generator[Settings]:
    """Start what the settings do not name, and yield settings that name everything."""
    with _services(settings) as services, _mailbox(settings) as mail_port:
        yield settings.model_copy(
            update={
                "data": settings.data.resolve(),
                "database_url": settings.database_url or SecretStr(services.database_url),
                "redis_url": settings.redis_url or SecretStr(services.redis_url),
                "smtp_host": MAIL_HOST if mail_port else settings.smtp_host,
                "smtp_port": mail_port or settings.smtp_port,
            }
        )


@contextmanager
def _services(settings: Settings) -> Generator[EmbeddedServices]:
    if settings.database_url is None or settings.redis_url is None:
        with embedded_services(settings.data) as services:
            yield services
        return
    with held_data_folder(settings.data):
        yield EmbeddedServices(
            database_url=settings.database_url.get_secret_value(),
            redis_url=settings.redis_url.get_secret_value(),
        )


@contextmanager
def _mailbox(settings: Settings) -> Generator[int | None]:
    """Run our own mailbox unless an SMTP server is chosen; yield its port."""
    if {"smtp_host", "smtp_port"} & settings.model_fields_set:
        yield None
        return
    if find_spec("aiosmtpd") is None:
        raise EmbeddedServiceError(
            "aiosmtpd is not installed: install iuran[embedded], or set IURAN_SMTP_HOST"
        )
    with mailbox(settings.data / MAIL_FOLDER) as port:
        yield port


async def _prepare(settings: Settings, *, with_demo: bool) -> tuple[Clock, Stage]:
    """Migrate and load the demonstration; return the clock and whom the tokens are for."""
    url = demanded(settings.database_url, "database_url")
    async with connected(url, role=None) as connection:
        await migrate(connection, MIGRATION_PACKAGES)
    async with connected(url) as connection:
        clock = await clock_now_in(connection, settings)
        if not with_demo:
            return clock, Stage()
        await load_banks(connection, installation_cipher(settings), settings.data)
        await load_facilities(connection, at=clock.now())
        await _load_families(settings, clock)
        return clock, Stage(
            hero=await find_hero(connection, at=clock.now()),
            employer_id=await employer_of_demo(connection),
        )


async def _load_families(settings: Settings, clock: Clock) -> None:
    pool = await open_pool(
        demanded(settings.database_url, "database_url"),
        connections_max=2,
        application_name="iuran up",
    )
    try:
        cipher = installation_cipher(settings)
        await load_families(pool, cipher, settings.data, now=clock.now())
    finally:
        await pool.close()


@contextmanager
def _processes(settings: Settings) -> Generator[list[Child]]:
    environment = {
        "IURAN_DATA": str(settings.data),
        "IURAN_DATABASE_URL": demanded(settings.database_url, "database_url"),
        "IURAN_REDIS_URL": demanded(settings.redis_url, "redis_url"),
        "IURAN_HOST": settings.host,
        "IURAN_PORT": str(settings.port),
        "IURAN_SMTP_HOST": settings.smtp_host,
        "IURAN_SMTP_PORT": str(settings.smtp_port),
    }
    commands = {"server": ["serve"], "worker": ["worker"]}
    with children(commands, logs=settings.data / LOG_FOLDER, environment=environment) as started:
        yield started


@contextmanager
def _announced(settings: Settings) -> Generator[Running]:
    """Leave word in the data folder where everything is, until the block ends."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    running = Running(
        database_url=demanded(settings.database_url, "database_url"),
        redis_url=demanded(settings.redis_url, "redis_url"),
        base_url=f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{settings.port}",  # noqa: S104 - compared, not bound
        smtp_host=settings.smtp_host,
        smtp_port=settings.smtp_port,
    )
    running.write(settings.data)
    try:
        yield running
    finally:
        forget_running(settings.data)


def _await_ready(base_url: str, started: Sequence[Child]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    answer = "nothing"
    while time.monotonic() < deadline:
        for child in started:
            child.check()
        try:
            response = httpx.get(f"{base_url}/readyz", timeout=2.0, trust_env=False)
        except httpx.TransportError:
            time.sleep(_POLL_SECONDS)
            continue
        if response.is_success:
            return
        answer = response.text
        time.sleep(_POLL_SECONDS)
    raise EmbeddedServiceError(f"the server is not ready after a minute: {answer}")
