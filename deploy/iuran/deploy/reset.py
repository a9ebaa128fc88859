"""Beginning afresh: deleting a data folder, if it is ours and nobody uses it."""

import shutil
import signal
from pathlib import Path

from iuran.deploy.embedded.folder import EmbeddedServiceError, held_data_folder, is_ours
from iuran.deploy.embedded.orphans import stop_orphan

OUR_FILES = frozenset(
    {
        ".iuran-data",
        "banks",
        "demo.json",
        "keys",
        "lock",
        "logs",
        "mail",
        "postgres",
        "postgres.log",
        "postgres.unfinished",
        "redis",
        "run",
        "running.json",
    }
)


def reset_data(data: Path) -> None:
    """Delete a data folder with everything in it; nothing to do if there is none.

    Raises EmbeddedServiceError for a folder that we did not make, that has other files in it, or
    that a running process holds.
    """
    folder = data.expanduser().resolve()
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not is_ours(folder):
        raise EmbeddedServiceError(f"{folder} was not made by `iuran up`; delete it yourself")
    strangers = sorted({path.name for path in folder.iterdir()} - OUR_FILES)
    if strangers:
        raise EmbeddedServiceError(
            f"{folder} also holds {', '.join(strangers[:5])}; move that away first"
        )
    with held_data_folder(folder):
        for name, pid_file in (("postgres", "postmaster.pid"), ("redis", "redis.pid")):
            stop_orphan(folder / name / pid_file, folder=folder / name, gently=signal.SIGTERM)
        _empty(folder)


def _empty(folder: Path) -> None:
    """Delete the marker last, so that an interrupted reset can be repeated."""
    for path in sorted(folder.iterdir()):
        if path.name in {".iuran-data", "lock"}:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (folder / "lock").unlink(missing_ok=True)
    (folder / ".iuran-data").unlink()
