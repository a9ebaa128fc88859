"""npm packages as a lock file pins them, installed once into pytest's cache."""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

INSTALL_SECONDS_MAX = 120


async def run(*command: str | Path, where: Path, seconds_max: float) -> tuple[int, str, str]:
    """Run a program to its end; gives its status and what it wrote and complained of."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=where, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(seconds_max):
            told, complained = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, "", f"no end after {seconds_max} seconds"
    return process.returncode or 0, told.decode(), complained.decode()


async def installed(pytestconfig: pytest.Config, project: Path) -> Path:
    """A folder with the packages of a project; skips the test where they cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip(f"node and npm are needed to try {project.name}")
    lock = sha256((project / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = pytestconfig.cache.mkdir(f"npm-{project.name}-{lock}")
    async with _alone(folder):
        if not (folder / "node_modules" / ".package-lock.json").exists():
            await _install(project, folder)
    return folder


@asynccontextmanager
async def _alone(folder: Path) -> AsyncGenerator[None]:
    """Wait for the other process that runs tests, if it installs."""
    with (folder / "lock").open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


async def _install(project: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(project / name, folder / name)
    code, _, complained = await run(
        *("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        where=folder,
        seconds_max=INSTALL_SECONDS_MAX,
    )
    if code:
        pytest.skip(f"npm cannot install {project.name} here (offline?): {complained[-300:]}")
