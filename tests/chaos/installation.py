"""A whole installation for chaos: real services that can be stopped, real workers to be killed."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from iuran.core.database.pool import Pool
from iuran.deploy.embedded.folder import held_data_folder, socket_folder
from iuran.deploy.embedded.postgres import postgres
from iuran.deploy.embedded.redis import redis
from tests.conftest import FAST_AND_CARELESS
from tests.deploy.processes import clean_environment

JOBS_AT_ONCE = 3
LET_LEASES_END = """
    WITH jobs AS (
        UPDATE job SET lease_until = $1 WHERE state = 'RUNNING' RETURNING kind
    ), messages AS (
        UPDATE reminder_queue SET held_until = $1 WHERE handed_at IS NOT NULL OR claims > 0
        RETURNING event
    )
    SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM messages)
"""


@dataclass(slots=True)
class Disasters:
    """What was done to the installation."""

    kills: int = 0
    flushes: int = 0
    redis_stops: int = 0
    refused: timedelta = timedelta()
    orphaned: int = 0
    """Jobs that were running in workers when these were killed."""


@dataclass(slots=True)
class Installation:
    """PostgreSQL, Redis and workers; each can be taken away."""

    folder: Path
    sockets: Path
    database_url: str
    redis_url: str
    smtp_port: int
    happened: Disasters = field(default_factory=Disasters)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])
    _redis: ExitStack = field(default_factory=ExitStack)
    _born: Counter[str] = field(default_factory=Counter[str])

    def start_workers(self, count: int) -> None:
        """Start real `iuran worker` processes."""
        for _ in range(count):
            self._born["worker"] += 1
            log = self.folder / f"worker-{self._born['worker']}.log"
            with log.open("wb") as file:
                process = subprocess.Popen(
                    [sys.executable, "-m", "iuran.deploy.cli", "worker", "--stop-with-parent"],
                    env=clean_environment(self._environment()),
                    cwd=self.folder,
                    stdin=subprocess.PIPE,
                    stdout=file,
                    stderr=file,
                )
            self.workers.append(process)

    def kill_workers(self) -> None:
        """End every worker at once, as a power cut does."""
        for process in self.workers:
            process.send_signal(signal.SIGKILL)
            self.happened.kills += 1
        self._forget_workers()

    def stop_workers(self) -> None:
        """Ask every worker to end."""
        for process in self.workers:
            process.send_signal(signal.SIGTERM)
        self._forget_workers()

    async def let_leases_end(self, owner: Pool) -> None:
        """What minutes do after workers died: nobody is theirs any more. None may be alive."""
        assert not self.workers
        row = await owner.fetchrow(LET_LEASES_END, datetime.now(UTC))
        assert row is not None
        self.happened.orphaned += row[0]

    def start_redis(self) -> None:
        """Start an empty Redis at the address of before."""
        self.redis_url = self._redis.enter_context(redis(self.folder, self.sockets))

    def stop_redis(self) -> None:
        """Take Redis away."""
        self._redis.close()
        self.happened.redis_stops += 1

    def end(self) -> None:
        """End whatever still works, at the end of the story."""
        for process in self.workers:
            process.kill()
        self._forget_workers()
        self._redis.close()

    def logs(self) -> str:
        """The last lines of each worker, for who wonders why."""
        files = sorted(self.folder.glob("worker-*.log"))
        return "\n".join(file.read_text(errors="replace")[-3_000:] for file in files)

    def _forget_workers(self) -> None:
        for process in self.workers:
            process.wait(60)
            if process.stdin is not None:
                process.stdin.close()
        self.workers.clear()

    def _environment(self) -> Mapping[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "IURAN_SMTP_PORT": str(self.smtp_port),
            "IURAN_SMTP_LINES": "1",
            "IURAN_JOBS_AT_ONCE": str(JOBS_AT_ONCE),
            "IURAN_TEST_CLOCK": "true",
            "IURAN_LOG_FORMAT": "json",
        }


@contextmanager
def installation(data: Path, *, smtp_port: int) -> Generator[Installation]:
    """Run PostgreSQL and Redis until the block ends; whatever still works is killed then."""
    with (
        held_data_folder(data) as folder,
        socket_folder(folder) as sockets,
        postgres(folder, sockets, FAST_AND_CARELESS) as database_url,
    ):
        found = Installation(folder, sockets, database_url, "", smtp_port)
        found.start_redis()
        try:
            yield found
        finally:
            found.end()
