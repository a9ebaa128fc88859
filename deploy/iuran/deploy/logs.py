"""Log lines: events with ids, one pipe for us and for libraries, no whole number of a person."""

import json
import logging
import sys
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from iuran.core.identifiers import mask, mask_numbers_in
from iuran.deploy.metrics import LINES_LOST
from iuran.deploy.settings import Settings
from iuran.graphql.journal import EVENT, Journal, Note, log_note

_DEPTH_MAX = 8
_encoded = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_WHOLE_NUMBER = 10**10  # a customer number has 11 digits; amounts and ids of rows stay shorter
_MASKED_DIGITS_MIN = 9
_PLAIN = frozenset({bool, float, type(None)})
_UNMASKED = frozenset({"request_id", "timestamp", "level"})
_NOISY = ("httpx", "httpcore", "uvicorn.access", "arq.worker", "mail.log")


def configure_logs(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send every log line of this process through one pipe to `stream`, by default stderr."""
    target = stream or sys.stderr
    lines = _Lines(target)
    shared = _shared_processors()
    renderer = _renderer(settings, colors=target.isatty())
    structlog.configure(
        processors=[*shared, mask_numbers, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", lines)),  # as far as it is used
        cache_logger_on_first_use=True,
    )
    _configure_standard_library(settings, shared, renderer, target)


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _renderer(settings: Settings, *, colors: bool) -> Processor:
    if settings.writes_json_logs:
        return _as_json
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Write an event: masking has left nothing in it but what JSON knows."""
    return _encoded(event)


def operation_journal(settings: Settings, *, stream: TextIO | None = None) -> Journal:
    """Return what writes the lines of GraphQL's operations, a tenth of an operation's time or less.

    What can stand in such a line is known, and so it says the same without the pipe's many steps.
    """
    if not settings.writes_json_logs or _level(settings) > logging.INFO:
        return log_note
    lines = _Lines(stream or sys.stderr)

    def write(note: Note) -> None:
        request_id, operation, role, code, status, milliseconds, statements, cost = note
        lines.write(
            f'{{"request_id": {_encoded(request_id)}, "operation": {_text(operation)}, '
            f'"role": {_text(role)}, "code": {_text(code)}, "status": {status}, '
            f'"milliseconds": {milliseconds}, "statements": {statements}, '
            f'"cost": {"null" if cost is None else cost}, '
            f'"event": "{EVENT}", "level": "info", "timestamp": "{_timestamp(time())}"}}\n'
        )

    return write


class _Lines:
    """Where lines go. One that cannot be written is lost, and counted: no answer hangs on it."""

    def __init__(self, target: TextIO) -> None:
        self._target = target

    def write(self, line: str) -> None:
        """Write a line, all the way."""
        try:
            self._target.write(line)
            self._target.flush()
        except (OSError, ValueError):  # the disk is full; nobody reads the pipe; it is closed
            LINES_LOST.inc()

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


@lru_cache(maxsize=1_000)
def _text(text: str) -> str:
    return _encoded(mask_numbers_in(text))


def _timestamp(seconds: float) -> str:
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1_000_000):06d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _configure_standard_library(
    settings: Settings, shared: list[Processor], renderer: Processor, target: TextIO
) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                mask_numbers,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_level(settings))
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _level(settings: Settings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def mask_numbers(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask every run of nine or more digits in an event, also in tracebacks and nested values."""
    for key, value in event.items():
        if isinstance(value, str):
            if len(value) >= _MASKED_DIGITS_MIN and key not in _UNMASKED:
                event[key] = mask_numbers_in(value)
        elif type(value) not in _PLAIN:
            event[key] = _masked(value, depth=0)
    return event


def _masked(value: object, *, depth: int) -> object:
    match value:
        case str():
            return value if len(value) < _MASKED_DIGITS_MIN else mask_numbers_in(value)
        case None | bool() | float():
            return value
        case int():
            return mask(str(value)) if abs(value) >= _WHOLE_NUMBER else value
        case Mapping() | list() | tuple() | set() | frozenset() if depth < _DEPTH_MAX:
            # a log call may hold anything
            inside = cast("Mapping[object, object] | Collection[object]", value)
            return _masked_inside(inside, depth=depth + 1)
        case _:
            return mask_numbers_in(str(value))


def _masked_inside(
    value: Mapping[object, object] | Collection[object], *, depth: int
) -> dict[str, object] | list[object]:
    if not isinstance(value, Mapping):
        return [_masked(inner, depth=depth) for inner in value]
    items = cast("Mapping[object, object]", value).items()  # narrowing forgot the types
    return {mask_numbers_in(str(key)): _masked(inner, depth=depth) for key, inner in items}
