"""Opaque, typed IDs: what the outside world holds instead of our keys.

An ID is the base64url of a tag and the numbers of a key. It is no secret and no permission: what
it leads to is decided by the viewer's scope in SQL.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import b2a_base64
from dataclasses import dataclass
from typing import Self

import strawberry

from iuran.graphql.errors import IdInvalidError

TEXT_LENGTH_MAX = 160
_TEXT = re.compile(r"([A-Za-z]{1,40}):(\d{1,19}(?:\.\d{1,19}){0,3})", re.ASCII)
PARTS_MAX = 4
"""Of a key."""
_BIGINT_MAX = 2**63 - 1
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalId:
    """A GraphQL type (or the name of a list, for its cursors) and a key within it."""

    type_name: str
    key: tuple[int, ...]

    def __str__(self) -> str:
        plain = f"{self.type_name}:{'.'.join(map(str, self.key))}"
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an ID; raises IdInvalidError for anything that we did not write."""
        match = _TEXT.fullmatch(_decoded(text))
        if match is None:
            raise IdInvalidError("this is no ID of this API; pass one on exactly as it was given")
        parsed = cls(type_name=match[1], key=tuple(int(part) for part in match[2].split(".")))
        if str(parsed) != text or max(parsed.key) > _BIGINT_MAX:
            raise IdInvalidError("this is no ID of this API; pass one on exactly as it was given")
        return parsed


class IdWriter:
    """Writes the IDs of one type, or the cursors of one list, as JSON: `id_of`, in a hurry."""

    def __init__(self, type_name: str) -> None:
        self._forms = [
            f"{type_name}:{'.'.join(['%d'] * parts)}".encode() for parts in range(PARTS_MAX + 1)
        ]

    def __call__(self, *key: int) -> str:
        """Return the ID of a key, in quotation marks."""
        padded = b2a_base64(self._forms[len(key)] % key, newline=False)
        return f'"{padded.translate(_URL_SAFE, b"=").decode()}"'


def id_of(type_name: str, *key: int) -> strawberry.ID:
    """Write the ID of an object."""
    return strawberry.ID(str(GlobalId(type_name=type_name, key=key)))


def key_of(text: str, *, type_name: str, parts: int) -> tuple[int, ...]:
    """Read an ID that must be one of a type; raises IdInvalidError if it is not."""
    parsed = GlobalId.parse(text)
    if parsed.type_name != type_name:
        raise IdInvalidError(f"this is the ID of a {parsed.type_name}; give that of a {type_name}")
    if len(parsed.key) != parts:
        raise IdInvalidError("this is no ID of this API; pass one on exactly as it was given")
    return parsed.key


def _decoded(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        return ""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (Base64Error, ValueError):
        return ""
