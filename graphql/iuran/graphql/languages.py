"""The languages in which problems are told."""

from enum import StrEnum
from functools import lru_cache

HEADER_LENGTH_MAX = 200
HEADERS_MAX = 200
"""How many headers' meanings are kept at hand."""


class Language(StrEnum):
    """A language, as `Accept-Language` names it."""

    ENGLISH = "en"
    INDONESIAN = "id"


def language_of(accept_language: str | None) -> Language:
    """Choose by an `Accept-Language` header; English for who asks for neither.

    Browsers of some systems still say `in` for Indonesian, as it was called before 1989.
    """
    if accept_language is None:
        return Language.ENGLISH
    return _best_of(accept_language[:HEADER_LENGTH_MAX])


@lru_cache(maxsize=HEADERS_MAX)
def _best_of(accept_language: str) -> Language:
    best, best_weight = Language.ENGLISH, 0.0
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().lower().partition(";")
        language = _NAMED.get(tag.partition("-")[0])
        weight = _weight(parameter)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


_NAMED = {"en": Language.ENGLISH, "id": Language.INDONESIAN, "in": Language.INDONESIAN}


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
