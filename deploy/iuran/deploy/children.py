"""The child processes of `iuran up`: started together, watched, and stopped together."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from iuran.core.errors import DomainError

STOP_TIMEOUT_SECONDS = 40.0
_POLL_SECONDS = 0.1


class ChildDiedError(DomainError):
    """A process that has to run ended by itself."""

    code: ClassVar[str] = "CHILD_DIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process of ours and the file with its log lines."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise ChildDiedError unless it runs."""
        status = self.process.poll()
        if status is not None:
            raise ChildDiedError(
                f"the {self.name} ended by itself (status {status}); its last line: "
                f"{_last_line(self.log)!r}; read {self.log}"
            )


@contextmanager
def children(
    commands: Mapping[str, Sequence[str]], *, logs: Path, environment: Mapping[str, str]
) -> Generator[list[Child]]:
    """Run `iuran` commands as children until the block ends; they also end when we are killed."""
    logs.mkdir(mode=0o700, exist_ok=True)
    started: list[Child] = []
    try:
        for name, arguments in commands.items():
            started.append(_start(name, arguments, logs / f"{name}.log", environment))
        yield started
    finally:
        _stop(started)


def watch(running: Sequence[Child]) -> None:
    """Wait until a child ends by itself: raises ChildDiedError then, and nothing else ends it."""
    while True:
        for child in running:
            child.check()
        time.sleep(_POLL_SECONDS)


def _start(name: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> Child:
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "iuran.deploy.cli", *arguments, "--stop-with-parent"],
            env={**os.environ, **environment},
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
        )
    return Child(name=name, process=process, log=log)


def _stop(running: Sequence[Child]) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    for child in running:
        child.process.terminate()
    for child in running:
        try:
            child.process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if child.process.stdin is not None:
            child.process.stdin.close()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
