"""JSON as bytes: what signatures and limits need to know of it before anybody parses it."""

import re

_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)'  # an unclosed one reaches to the end: linear time
_STRING_OR_WORD = re.compile(_STRING + rb'|[^" \t\r\n]++', re.DOTALL)
_BLANKS = re.compile(rb"[ \t\r\n]++")
_STRING_OR_BRACKET = re.compile(_STRING + rb"|([\[{])|([\]}])", re.DOTALL)


def minify(body: bytes) -> bytes:
    """Return `body` without the JSON whitespace outside strings, and with nothing else changed.

    SNAP signatures are over this form. Parsing and dumping instead would change escapes and
    numbers; stripping every blank would change names.
    """
    return b"".join(_STRING_OR_WORD.findall(body))


def without_blanks(body: bytes) -> bytes:
    """Return `body` without any blank, those of names included: what some libraries hash."""
    return _BLANKS.sub(b"", body)


def is_deeper_than(body: bytes, depth_max: int) -> bool:
    """Whether objects and arrays are nested deeper than `depth_max`."""
    if body.count(b"{") + body.count(b"[") <= depth_max:
        return False
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(body):
        if match[1]:
            depth += 1
            if depth > depth_max:
                return True
        elif match[2]:
            depth -= 1
    return False
