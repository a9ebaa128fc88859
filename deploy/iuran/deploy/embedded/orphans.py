"""What a killed run left behind: found by its pid file, recognised by the folder it works in."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

STOP_TIMEOUT_SECONDS = 20
_POLL_SECONDS = 0.02


def stop_orphan(pid_file: Path, *, folder: Path, gently: signal.Signals) -> int | None:
    """Stop the server that a pid file names if it still works in `folder`; forget the file.

    A pid may have been given to a stranger since, so the process must have `folder` as its working
    directory. Returns the pid of what was stopped. Safe for data: whoever is killed here recovers
    at its next start.
    """
    pid = _pid_in(pid_file)
    stopped = None
    if pid is not None and _works_in(pid, folder):
        stop_process(pid, gently=gently)
        stopped = pid
    pid_file.unlink(missing_ok=True)
    return stopped


def stop_process(pid: int, *, gently: signal.Signals) -> None:
    """Ask a process that is not our child to stop, wait, and kill it if it does not."""
    for step in (gently, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, step)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if not is_alive(pid):
                return
            time.sleep(_POLL_SECONDS)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and waits to be reaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return not state.rpartition(")")[2].startswith(" Z")
    return True


def _pid_in(pid_file: Path) -> int | None:
    try:
        first_line = pid_file.read_text(encoding="utf-8").partition("\n")[0]
        return int(first_line)
    except (OSError, ValueError):
        return None


def _works_in(pid: int, folder: Path) -> bool:
    if not is_alive(pid):
        return False
    proc = Path("/proc") / str(pid)
    if proc.exists():
        with suppress(OSError):
            return str((proc / "cwd").readlink()).removesuffix(" (deleted)") == str(folder)
        return False
    found = subprocess.run(  # noqa: S603 - our own arguments
        ["/usr/sbin/lsof", "-a", "-d", "cwd", "-p", str(pid), "-Fn"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"n{folder}" in found.stdout.splitlines()
