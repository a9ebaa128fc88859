"""Commands of ours in processes of their own that were forked with everything imported.

Importing the product takes two seconds of a core, and hundreds of commands run in these tests. A
server process imports it once and forks; each command still has its own process, environment,
folder, exit code and output, as when a shell starts it.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

TIMEOUT_SECONDS = 120
COLUMNS = "100"
"""The width of tables, which is read when a module makes its console."""

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "tests.deploy.preloaded"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a shell would start, and where."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


def run_forked(command: Command) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises subprocess.TimeoutExpired."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = FORKS.Process(target=_become, args=(command, _path(output), _path(errors)))
        process.start()
        process.join(TIMEOUT_SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(command.arguments), TIMEOUT_SECONDS)
        return subprocess.CompletedProcess(
            list(command.arguments), process.exitcode, _text(output), _text(errors)
        )


def _path(file: IO[bytes]) -> str:
    """Return where another process can open a file that has no name."""
    return f"/proc/{os.getpid()}/fd/{file.fileno()}"


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _become(command: Command, output: str, errors: str) -> None:
    """Run in the child: make it what a shell would have made of it."""
    for path, number in ((os.devnull, 0), (output, 1), (errors, 2)):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the one that was there is closed
    os.chdir(command.folder)
    os.environ.clear()
    os.environ.update(command.environment)
    sys.argv = ["iuran", *command.arguments]
    from iuran.deploy.cli import main  # noqa: PLC0415 - imported already, where this forks

    main()
