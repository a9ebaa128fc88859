"""JSON as banks write it: read strictly enough to be safe, written so that people can read it."""

import json
import re
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import NoReturn, cast

from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.lexical import is_deeper_than

DEPTH_MAX = 16
NUMBER_LENGTH_MAX = 64
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class NumberLexeme(str):
    """A JSON number exactly as it was written; it never was a float or an int."""

    __slots__ = ()


class JsonObject(dict[str, object]):
    """A JSON object."""

    __slots__ = ()


def parse_object(body: bytes) -> JsonObject:
    """Read a body that must be one JSON object.

    Raises SnapRefusedError (400xx00) for what is not JSON in UTF-8, is nested too deeply, names a
    field twice, or holds half a character or an endless number: a message about money has one
    meaning, and what we echo can be read by anybody.
    """
    if is_deeper_than(body, DEPTH_MAX):
        raise _unreadable(f"Nested deeper than {DEPTH_MAX}")
    try:
        value: object = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_object,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
        if _SURROGATE_ESCAPE.search(body):
            write(value)
    except UnicodeError as error:
        raise _unreadable("Not UTF-8") from error
    except ValueError as error:
        raise _unreadable("Not JSON") from error
    if not isinstance(value, JsonObject):
        raise _unreadable("Not a JSON object")
    return value


def _unreadable(cause: str) -> SnapRefusedError:
    return SnapRefusedError(Case.BAD_REQUEST, cause)


def _object(pairs: list[tuple[str, object]]) -> JsonObject:
    found = JsonObject(pairs)
    if len(found) != len(pairs):
        raise _unreadable("A field stands twice")
    return found


def _number(text: str) -> NumberLexeme:
    if len(text) > NUMBER_LENGTH_MAX:
        raise _unreadable("A number is too long")
    return NumberLexeme(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def write(value: object) -> bytes:
    """Return JSON in UTF-8, non-ASCII letters as they are, numbers as they were received."""
    return _text(value).encode()


def _text(value: object) -> str:
    if type(value) is str:  # nearly everything is: no encoder is made for each
        return encode_basestring(value)
    if isinstance(value, NumberLexeme):
        return str(value)
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)  # only text keys are ever written
        return "{" + ",".join(f"{_text(k)}:{_text(v)}" for k, v in members.items()) + "}"
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)  # isinstance cannot say of what
        return "[" + ",".join(_text(item) for item in items) + "]"
    return json.dumps(value, ensure_ascii=False)
