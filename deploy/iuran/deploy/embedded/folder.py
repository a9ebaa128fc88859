"""The data folder: whose it is, who holds it, and where its sockets are."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from iuran.core.errors import DomainError

DISK_FREE_MIN_BYTES = 300 * 1024 * 1024
SOCKET_PATH_BYTES_MAX = 103  # macOS; Linux has 107
MARKER = ".iuran-data"
KEY_FILES = frozenset({"issuer.pem", "secret.key"})
_MARKER_TEXT = "This folder belongs to `iuran up`; `iuran up --reset` deletes it.\n"
_FOLDER_MODE = 0o711 if os.geteuid() == 0 else 0o700  # as root, PostgreSQL's account passes
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
_PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)  # PostgreSQL splits socket folders at commas


class EmbeddedServiceError(DomainError):
    """A service that `iuran up` brings along does not start; says what to do."""

    code: ClassVar[str] = "EMBEDDED_SERVICE"


@contextmanager
def held_data_folder(data: Path) -> Generator[Path]:
    """Make the folder ours and hold it until the block ends; yield its absolute path.

    Raises EmbeddedServiceError when another process holds it, it has strangers' files in it, it
    cannot be written, or the disk is nearly full.
    """
    folder = data.expanduser().resolve()
    try:
        _claim(folder)
        lock = (folder / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise EmbeddedServiceError(
            f"cannot write to {folder}: {error.strerror}; choose another folder with --data"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise _held_by(lock.read().strip(), folder) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _check_disk(folder)
        yield folder


def is_held(data: Path) -> bool:
    """Whether a process holds a data folder now."""
    try:
        with (data / "lock").open("r", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def is_ours(data: Path) -> bool:
    """Whether a folder was made by us, so that we may delete it."""
    return (data / MARKER).is_file()


def _claim(folder: Path) -> None:
    if not is_ours(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not _holds_only_our_keys(folder):
            raise EmbeddedServiceError(
                f"{folder} holds files that are not ours; choose an empty folder with --data"
            )
        folder.chmod(_FOLDER_MODE)
        (folder / MARKER).write_text(_MARKER_TEXT, encoding="utf-8")


def _holds_only_our_keys(folder: Path) -> bool:
    """Whether a folder is empty but for keys that `iuran token` or `iuran serve` made before us."""
    keys = folder / "keys"
    found = {path for path in folder.iterdir() if path != keys}
    if keys.is_dir():
        found |= {path for path in keys.iterdir() if path.name not in KEY_FILES}
    return not found and not keys.is_file()


def _held_by(process: str, folder: Path) -> EmbeddedServiceError:
    return EmbeddedServiceError(
        f"another iuran (process {process or 'unknown'}) runs on {folder}; use that one, stop it "
        "with Ctrl-C, or choose another folder with --data and another --port"
    )


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < DISK_FREE_MIN_BYTES:
        raise EmbeddedServiceError(
            f"only {free // 1024**2} MiB are free under {folder}; free at least "
            f"{DISK_FREE_MIN_BYTES // 1024**2} MiB or choose another folder with --data"
        )


@contextmanager
def socket_folder(folder: Path) -> Generator[Path]:
    """Yield a private folder whose path is short enough for sockets, in `folder` if it can be."""
    inside = folder / "run"
    longest = os.fsencode(inside / _LONGEST_SOCKET_NAME)
    if len(longest) <= SOCKET_PATH_BYTES_MAX and _PLAIN_PATH.fullmatch(str(inside)):
        inside.mkdir(mode=0o700, exist_ok=True)
        yield inside
        return
    outside = Path(tempfile.mkdtemp(prefix="iuran-", dir="/tmp"))
    try:
        yield outside
    finally:
        shutil.rmtree(outside, ignore_errors=True)
