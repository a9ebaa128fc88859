import asyncio
import subprocess
from pathlib import Path

import pytest

from iuran.core.database.pool import Pool
from iuran.deploy.embedded import EmbeddedServices
from tests.deploy.processes import Run, iuran


@pytest.fixture
def run(pool: Pool, services: EmbeddedServices, tmp_path: Path) -> Run:
    """Runs a command on the empty database of the tests."""
    assert pool is not None
    places = {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}

    def start(*arguments: str, **chosen: str) -> "asyncio.Future[subprocess.CompletedProcess[str]]":
        environment = {**places, **chosen}
        work = asyncio.to_thread(iuran, *arguments, folder=tmp_path, environment=environment)
        return asyncio.ensure_future(work)

    return start
