"""The `iuran` command."""

import signal
import socket
import sys

import asyncpg
import typer

from iuran.core.errors import DomainError
from iuran.deploy.command_table import app_for

INTERRUPTED = 128 + signal.SIGINT
LOOK_AROUND = "`iuran doctor` says what is wrong"
_UNREACHABLE = (ConnectionError, FileNotFoundError, TimeoutError, socket.gaierror)
MEND_VALUES = "mend what was given; the same command with --help says what it takes"


def main() -> None:
    """Run a command; what is expected to go wrong is said in one line, without a traceback."""
    try:
        app_for(sys.argv[1:])()
    except DomainError as error:
        _exit_saying(str(error))
    except OSError as error:
        _exit_saying(_said_by_the_system(error))
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _exit_saying(_said_by_the_database(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _said_by_the_system(error: OSError) -> str:
    """Return what cannot be used: a file, or else the database, the only thing we connect to."""
    if error.filename is not None:
        return f"cannot use {error.filename}: {error.strerror}; mend the path or its rights"
    if isinstance(error, _UNREACHABLE):
        return f"PostgreSQL does not answer ({error}); check DATABASE_URL; {LOOK_AROUND}"
    return f"{error}; {LOOK_AROUND}"


def _said_by_the_database(error: asyncpg.PostgresError | asyncpg.InterfaceError) -> str:
    """Return its message and what to do, without the detail: that repeats rows with their NIK."""
    message = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return f"DATABASE_URL: {message}; write postgresql://USER:PASSWORD@HOST:5432/NAME"
    is_about_values = isinstance(
        error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError | ValueError
    )
    return f"{message}; {MEND_VALUES if is_about_values else LOOK_AROUND}"


def _exit_saying(message: str) -> None:
    from iuran.deploy.commands.terminal import fail  # noqa: PLC0415 - rich; a server has no console

    try:
        fail(message)
    except typer.Exit as done:
        sys.exit(done.exit_code)


if __name__ == "__main__":
    main()
