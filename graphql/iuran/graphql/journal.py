"""The journal: a line for each operation, of what it was and what came of it."""

from collections.abc import Callable
from typing import NamedTuple

import structlog

EVENT = "graphql.operation"

_log = structlog.get_logger()


class Note(NamedTuple):
    """What stands in the line of an operation."""

    request_id: str
    operation: str
    """Its name, with numbers masked: it is the caller's."""
    role: str
    code: str
    """Of its first error; OK if there is none."""
    status: int
    milliseconds: float
    statements: int
    cost: int | None
    """In points, as estimated; None if it was refused before."""


Journal = Callable[[Note], None]


def log_note(note: Note) -> None:
    """Write a line as all others are written."""
    _log.info(EVENT, **note._asdict())
