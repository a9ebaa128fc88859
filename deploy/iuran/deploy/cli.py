"""The `iuran` command."""

import signal
import socket
import sys

import typer

from iuran.core.errors import DomainError
from iuran.deploy.command_table import app_for

INTERRUPTED = 128 + signal.SIGINT
LOOK_AROUND = "`iuran doctor` says what is wrong"
_UNREACHABLE = (ConnectionError, FileNotFoundError, TimeoutError, socket.gaierror)


def main() -> None:
    """Run a command; what is expected to go wrong is said in one line, without a traceback."""
    try:
        app_for(sys.argv[1:])()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        said = _said_of(error)
        if said is None:
            raise
        _exit_saying(said)


def _said_of(error: Exception) -> str | None:
    """Return what to say of an error, None for one that nobody expects."""
    if isinstance(error, DomainError):
        return str(error)
    if isinstance(error, OSError):
        return _said_by_the_system(error)
    from iuran.deploy.database_errors import said_by_the_database  # noqa: PLC0415 - asyncpg

    return said_by_the_database(error, otherwise=LOOK_AROUND)


def _said_by_the_system(error: OSError) -> str:
    """Return what cannot be used: a file, or else the database, the only thing we connect to."""
    if error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}; mend the path or its rights"
    if isinstance(error, _UNREACHABLE):
        return f"PostgreSQL does not answer ({error}); check DATABASE_URL; {LOOK_AROUND}"
    return f"{error}; {LOOK_AROUND}"


def _exit_saying(message: str) -> None:
    from iuran.deploy.commands.terminal import fail  # noqa: PLC0415 - rich; a server has no console

    try:
        fail(message)
    except typer.Exit as done:
        sys.exit(done.exit_code)


if __name__ == "__main__":
    main()
