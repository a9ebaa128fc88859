"""The papers that prove a layoff, as the regulation file lists them."""

import json
from dataclasses import dataclass
from functools import cache
from typing import TypedDict

from iuran.core.regulation.documents import read_document


class _SetEntry(TypedDict):
    ground: str
    papers: list[str]
    legal_basis: str


class _LayoffsFile(TypedDict):
    sets: list[_SetEntry]
    excluded: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoffPapers:
    """One whole set of `sets` proves a layoff; a paper of `excluded` says that it was none."""

    sets: tuple[frozenset[str], ...]
    excluded: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        """All papers that somebody may hand in."""
        return self.excluded.union(*self.sets)


@cache
def layoff_papers() -> LayoffPapers:
    """Return the papers of a layoff (Perpres 59/2024 art. 27)."""
    document: _LayoffsFile = json.loads(read_document("layoffs.json"))
    return LayoffPapers(
        sets=tuple(frozenset(entry["papers"]) for entry in document["sets"]),
        excluded=frozenset(document["excluded"]),
    )
