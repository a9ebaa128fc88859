"""Real processes of ours, for tests."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.forked import COLUMNS, Command, run_forked

IURAN = Path(sys.executable).with_name("iuran")
Run = Callable[..., "asyncio.Future[subprocess.CompletedProcess[str]]"]
"""What runs a command of ours beside the test."""

LAST_LINE = "Ctrl-C stops everything; the data are kept."


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without anything that would choose services or settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("IURAN_") and name not in {"DATABASE_URL", "REDIS_URL"}
    }
    return {**kept, "COLUMNS": COLUMNS, **(extra or {})}


def iuran(
    *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    return run_forked(
        Command(arguments=arguments, folder=folder, environment=clean_environment(environment))
    )


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(folder: Path) -> set[str]:
    """The command lines of live processes that name a folder or work in it."""
    found: set[str] = set()
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            command = proc.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            settings = proc.joinpath("environ").read_bytes().decode(errors="replace")
            place = str(proc.joinpath("cwd").readlink())
        except OSError:
            continue
        names_it = str(folder) in command or f"IURAN_DATA={folder}" in settings
        if command and (names_it or place.startswith(str(folder))):
            found.add(f"{proc.name} {command}")
    return found


@dataclass(frozen=True)
class Up:
    """A running `iuran up`, and what it printed."""

    process: subprocess.Popen[str]
    lines: tuple[str, ...]

    def line_after(self, beginning: str) -> str:
        """The line below the one that begins so: a command to paste."""
        position = next(n for n, line in enumerate(self.lines) if line.startswith(beginning))
        return self.lines[position + 1]

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


def start_up(folder: Path, *options: str) -> Up:
    """Start `iuran up` in a folder and wait until it has printed everything."""
    process = subprocess.Popen(
        [str(IURAN), "up", *options],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if lines[-1] == LAST_LINE:
            return Up(process, tuple(lines))
    process.communicate()
    raise AssertionError("\n".join(lines))
