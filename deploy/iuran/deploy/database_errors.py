"""What a command says when the database refuses; a module of its own, since asyncpg is heavy."""

import asyncpg

MEND_VALUES = "mend what was given; the same command with --help says what it takes"


def said_by_the_database(error: Exception, *, otherwise: str) -> str | None:
    """Return its message and what to do, without the detail: that repeats rows with their NIK.

    None for an error that is not the database's.
    """
    if not isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return None
    message = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return f"DATABASE_URL: {message}; write postgresql://USER:PASSWORD@HOST:5432/NAME"
    is_about_values = isinstance(
        error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError | ValueError
    )
    return f"{message}; {MEND_VALUES if is_about_values else otherwise}"
