"""Scenarios as the file has them, and the branches of each: one per alternative that it names."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias, TypedDict, TypeVar

from tests.journeys.scenarios.facts import (
    Admitted,
    BankFile,
    Certified,
    Estimate,
    Fact,
    PaymentRequest,
)
from tests.journeys.scenarios.grammar import Reader, read

FILE = Path(__file__).parent.parent / "data" / "scenarios.json"
_LETTER = re.compile(r"([a-d])\) ")
_GOES_ON = re.compile(r"of the same day|again")
_AS = re.compile(r"\bas ([A-Z]\w*\d)")

Expected: TypeAlias = "str | int | bool | Sequence[Expected] | Mapping[str, Expected] | None"
F = TypeVar("F")

_KINDS: Mapping[type[Fact], str] = {PaymentRequest: "online", BankFile: "late_file"}


class Scenario(TypedDict):
    """One entry of the file, as far as it is played."""

    id: str
    title: str
    given: Sequence[str]
    when: Sequence[str]
    then: Sequence[str]
    expected: Mapping[str, Expected]


class _File(TypedDict):
    scenarios: Sequence[Scenario]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One alternative: the names by which `expected` may speak of it, and what happens in it."""

    names: frozenset[str]
    given: tuple[Fact, ...]
    when: tuple[Fact, ...]

    def all_of(self, kind: type[F]) -> tuple[F, ...]:
        return tuple(fact for fact in (*self.given, *self.when) if isinstance(fact, kind))

    def first(self, kind: type[F]) -> F | None:
        return next(iter(self.all_of(kind)), None)

    def tells(self, kind: type[Fact]) -> bool:
        return self.first(kind) is not None


def scenarios() -> Sequence[Scenario]:
    document: _File = json.loads(FILE.read_text())
    return document["scenarios"]


def branches_of(scenario: Scenario, others: Sequence[Scenario] = ()) -> tuple[Branch, ...]:
    """Return the alternatives of a scenario: each sentence of `when` that continues no other."""
    given = "; ".join(_AS.sub(lambda m: _given_of(m[1], others), one) for one in scenario["given"])
    before = Reader(text="")
    return tuple(
        _branch(given, sentence, chr(ord("a") + position), before)
        for position, sentence in enumerate(_alternatives(scenario["when"]))
    )


def _given_of(name: str, others: Sequence[Scenario]) -> str:
    return "; ".join(next(other for other in others if other["id"] == name)["given"])


def _alternatives(sentences: Sequence[str]) -> Sequence[str]:
    groups: list[str] = []
    for sentence in sentences:
        if groups and _GOES_ON.search(sentence):
            groups[-1] += f"; {sentence}"
        else:
            groups.append(sentence)
    return groups


def _branch(given: str, sentence: str, letter: str, before: Reader) -> Branch:
    """Read one alternative; a day or a class that it leaves out is the one named before it."""
    reader = Reader(text=f"{given}; {sentence}", asked_class=before.asked_class)
    read(reader, until=len(given))
    in_given = tuple(reader.facts)
    reader.day = max(reader.day, before.day)
    read(reader, until=len(reader.text))
    before.day, before.asked_class = max(before.day, reader.day), reader.asked_class
    named = _LETTER.match(sentence)
    when = _with_stays(in_given, tuple(reader.facts[len(in_given) :]), reader.day)
    kinds = {name for kind, name in _KINDS.items() if any(isinstance(f, kind) for f in when)}
    return Branch(
        names=frozenset({named[1] if named else letter, *kinds}), given=in_given, when=when
    )


def _with_stays(given: tuple[Fact, ...], when: tuple[Fact, ...], day: date) -> tuple[Fact, ...]:
    """An estimate or a letter without a stay speaks of one on the next day."""
    estimates = [fact.amount for fact in (*given, *when) if isinstance(fact, Estimate)]
    speaks = any(isinstance(fact, Estimate | Certified) for fact in when)
    if speaks and not any(isinstance(fact, Admitted) for fact in when):
        when = (*when, Admitted(day + timedelta(days=1)))
    return tuple(
        replace(fact, estimate=fact.estimate or next(iter(estimates), None))
        if isinstance(fact, Admitted)
        else fact
        for fact in when
    )
